"""Whether two protocols measure one quantity: the test that must pass before their results may share a board.

Each cell that both have measured gives one difference of logarithms, with its uncertainty: the methods' alone, because
a sensor's error is common to both on one kind of board. The protocols agree where all three hold:

1. at least LEAST_CELLS cells were measured by both;
2. the 95 % t-interval of the mean difference lies within MARGIN (two one-sided tests at 2.5 %: Schuirmann 1987), so a
   protocol that is off by more would be seen, and one that scatters too much to tell does not pass;
3. the cells differ no more than their uncertainties say (chi-square at 97.5 %), so that an error which is up in one
   kind of work and down in another does not hide in the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isfinite, log, sqrt
from typing import TYPE_CHECKING, Literal

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.student_t import normal_tail, t_quantile_95

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

LEAST_CELLS = 20
MARGIN = 0.01
"""Relative; a hundredth is below every other uncertainty of a value that this project publishes."""
DISPERSION_LEVEL = 0.025

Verdict = Literal["agree", "differ", "not-known", "too-few-cells"]


@dataclass(frozen=True, kw_only=True)
class MeasuredTwice:
    """One cell by both protocols: joules per query, and relative standard uncertainties without the sensor's terms."""

    cell: Hashable
    first_j: float
    first_u: float
    second_j: float
    second_u: float

    @property
    def difference(self) -> float:
        """Logarithm of the second over the first."""
        return log(self.second_j / self.first_j)

    @property
    def u(self) -> float:
        """Standard uncertainty of the difference."""
        return sqrt(self.first_u**2 + self.second_u**2)


@dataclass(frozen=True, kw_only=True)
class ProtocolAgreement:
    """`mean` difference of logarithms, its 95 % interval `low` to `high`, None for a single cell.

    `dispersion` is the mean square of differences over their uncertainties, about 1 where these are right, and
    `dispersion_p` the probability of more by chance. `verdict`: `differ` where the interval leaves out 0 and reaches
    beyond the margin, or the dispersion is too large; `not-known` where the cells cannot tell.
    """

    cells: int
    mean: float
    low: float | None
    high: float | None
    dispersion: float
    dispersion_p: float
    verdict: Verdict


def compare_protocols(pairs: Iterable[MeasuredTwice]) -> ProtocolAgreement:
    """The test over cells that both protocols have measured, each once.

    Raises ImpossibleValue for no cell, a cell twice, or a number that is not positive and finite.
    """
    cells = list(pairs)
    _require_cells(cells)
    number = len(cells)
    mean = fsum(cell.difference for cell in cells) / number
    squares = fsum((cell.difference / cell.u) ** 2 for cell in cells)
    half: float | None = None
    if number > 1:
        variance = fsum((cell.difference - mean) ** 2 for cell in cells) / (number - 1)
        half = t_quantile_95(number - 1) * sqrt(variance / number)
    chance = _chi_square_tail(squares, number)
    return ProtocolAgreement(
        cells=number,
        mean=mean,
        low=None if half is None else mean - half,
        high=None if half is None else mean + half,
        dispersion=squares / number,
        dispersion_p=chance,
        verdict=_verdict(number, mean, half, chance),
    )


def _require_cells(cells: list[MeasuredTwice]) -> None:
    if not cells or len({cell.cell for cell in cells}) < len(cells):
        raise ImpossibleValue("Protocols are compared over cells, each of which both have measured, once.")
    numbers = [n for cell in cells for n in (cell.first_j, cell.second_j, cell.first_u, cell.second_u)]
    if not all(isfinite(number) and number > 0 for number in numbers):
        raise ImpossibleValue("Energies and uncertainties must be positive and finite to be compared.")


def _verdict(number: int, mean: float, half: float | None, chance: float) -> Verdict:
    if number < LEAST_CELLS or half is None:
        return "too-few-cells"
    beyond = abs(mean) + half > log(1 + MARGIN)
    if chance < DISPERSION_LEVEL or (beyond and abs(mean) > half):
        return "differ"
    return "not-known" if beyond else "agree"


def _chi_square_tail(squares: float, degrees: int) -> float:
    """The probability of more; Wilson and Hilferty 1931, within 0.002 from 20 degrees on."""
    part = 2 / (9 * degrees)
    return normal_tail(((squares / degrees) ** (1 / 3) - (1 - part)) / sqrt(part))
