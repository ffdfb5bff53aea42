"""A power law through points: y = a x^b, by least squares in the logarithms, with its 95 % confidence band.

The band is that of the line (Working at one x at a time: mean plus and minus t times its standard error; Draper and
Smith, Applied Regression Analysis, 3rd ed., section 3.1), not of a further point. It describes these points and
extrapolates nothing, so it is only given between the smallest and the largest x.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, isfinite, log, sqrt
from typing import TYPE_CHECKING

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.student_t import t_quantile_95

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_POINTS = 3
"""With two the line goes through both, and nothing is left to tell how sure it is."""


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """log y = `mean_log_y` + `exponent` (log x - `mean_log_x`), over x from `low_x` to `high_x`.

    `exponent_low` to `exponent_high` is the exponent's 95 % interval, `residual` the standard deviation of the points
    around the line on the log scale, `spread` the sum of squares of log x around its mean.
    """

    n_points: int
    exponent: float
    exponent_low: float
    exponent_high: float
    mean_log_x: float
    mean_log_y: float
    residual: float
    spread: float
    low_x: float
    high_x: float

    def value(self, x: float) -> float:
        """The line at `x`, above 0."""
        return exp(self._line(x))

    def band(self, x: float) -> tuple[float, float]:
        """The ends of the 95 % confidence band of the line at `x`, above 0."""
        off = log(x) - self.mean_log_x
        half = (
            t_quantile_95(self.n_points - 2)
            * self.residual
            * sqrt(1 / self.n_points + off * off / self.spread)
        )
        line = self._line(x)
        return exp(line - half), exp(line + half)

    def _line(self, x: float) -> float:
        return self.mean_log_y + self.exponent * (log(x) - self.mean_log_x)


def power_law(points: Sequence[tuple[float, float]]) -> PowerLaw | None:
    """The law through points (x, y); None for less than `MIN_POINTS`, or where all have the same x.

    Raises ImpossibleValue for a number that is not positive and finite.
    """
    if any(not (isfinite(number) and number > 0) for point in points for number in point):
        raise ImpossibleValue("A power law needs numbers that are positive and finite.")
    n_points = len(points)
    if n_points < MIN_POINTS:
        return None
    logs = [(log(x), log(y)) for x, y in points]
    mean_x, mean_y = (fsum(column) / n_points for column in zip(*logs, strict=True))
    spread = fsum((x - mean_x) ** 2 for x, _ in logs)
    if spread <= 1e-12:
        return None
    exponent = fsum((x - mean_x) * (y - mean_y) for x, y in logs) / spread
    squares = fsum((y - mean_y - exponent * (x - mean_x)) ** 2 for x, y in logs)
    residual = sqrt(squares / (n_points - 2))
    half = t_quantile_95(n_points - 2) * residual / sqrt(spread)
    return PowerLaw(
        n_points=n_points,
        exponent=exponent,
        exponent_low=exponent - half,
        exponent_high=exponent + half,
        mean_log_x=mean_x,
        mean_log_y=mean_y,
        residual=residual,
        spread=spread,
        low_x=min(x for x, _ in points),
        high_x=max(x for x, _ in points),
    )
