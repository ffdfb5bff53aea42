"""The mean energy of a population of queries from windows that each ran another random part of it.

A lean suite knows N queries and runs them in a random order, windows consecutive parts of it, until the mean of all N
is known well enough. The energy of a window is measured, that of a single query is not; durations of single queries
are. So the mean is taken in two phases (docs/method.md, docs/decisions/0048; Cochran, Sampling Techniques, 1977,
chapters 7 and 12):

    mean energy = power x mean duration

`power` is the windows' energy over their time, a ratio estimator: from window to window it varies little. The mean
duration of the population is that of the queries that ran or, where what is known of all N explains durations, the
regression estimator. Whether it does is decided by durations and sizes alone, never by energy.

The variance has four parts: power between windows; what durations differ between windows beyond the queries that
happened to be in them (a machine that gets slower); the choice of queries, with the finite-population correction, 0
once all have run; and the covariance of power and choice, because long queries may draw another power than short ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.errors import TraceInconsistent
from joulemark.energy.precision import student_t_95_at
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_QUERIES = 30
"""With fewer queries nothing is said about what explains their durations."""
LEAST_EXPLAINED = 0.1
LEAST_F = 16.0
"""Sizes are used where they explain a tenth of the variance of durations, and by more than chance does: F of one and
n - 2 degrees is above this for one random covariate in a thousand, so that choosing hardly makes the variance look
smaller than it is."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One window: its energy in joules, its length, and how long each of its queries took, in order, in seconds."""

    energy_j: float
    seconds: float
    durations_s: Floats


@dataclass(frozen=True, kw_only=True)
class PopulationMean:
    """`per_query_j`: mean energy of the population's queries; `factor` is that over the plain mean of those that ran.

    `windows_u` and `queries_u` are relative standard uncertainties, so expanded that twice their sum in squares is the
    half-width of the 95 % t-interval with `degrees` degrees of freedom; both infinite below two windows. `explained` is
    the share of the variance of durations that the sizes explain, None where they are not used.
    """

    per_query_j: float
    factor: float
    windows_u: float
    queries_u: float
    degrees: float
    explained: float | None

    @property
    def relative_half_width(self) -> float:
        """Of the 95 % interval, choice of queries included."""
        return 2 * sqrt(self.windows_u**2 + self.queries_u**2)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """Mean duration over the population, the relative variance that the choice of queries gives it, its degrees.

    `deviation` is what each query that ran, once, in order, differs by from what is expected of it, relative.
    """

    mean_s: float
    variance: float
    degrees: float
    deviation: Floats
    explained: float | None = None


def population_mean(parts: Sequence[Part], *, population: int, sizes: Floats | None = None) -> PopulationMean:
    """Mean energy of all `population` queries.

    The windows ran them in one random order of all, consecutively, from the start again after the last. `sizes` are
    those of all queries in that order. Raises TraceInconsistent for windows without queries or time, or sizes of
    another number.
    """
    _require_parts(parts, population, sizes)
    counts = np.array([len(part.durations_s) for part in parts])
    seconds = np.array([part.seconds for part in parts])
    energies_j = np.array([part.energy_j for part in parts])
    ran = int(counts.sum())
    window = np.repeat(np.arange(len(parts)), counts)
    turn_s = np.concatenate([_turns_s(part) for part in parts])
    choice = _choice(turn_s, population, sizes)
    plain_j = float(energies_j.sum()) / ran
    factor = choice.mean_s * ran / float(seconds.sum())
    windows_u, queries_u, degrees = _uncertainty(energies_j, seconds, window, turn_s, choice, population)
    return PopulationMean(
        per_query_j=plain_j * factor,
        factor=factor,
        windows_u=windows_u,
        queries_u=queries_u,
        degrees=degrees,
        explained=choice.explained,
    )


def _require_parts(parts: Sequence[Part], population: int, sizes: Floats | None) -> None:
    if not parts or any(len(part.durations_s) == 0 or part.seconds <= 0 for part in parts):
        raise TraceInconsistent(_("A window of a part of the population holds no query, or no time."))
    if population < 1 or (sizes is not None and len(sizes) != population):
        raise TraceInconsistent(_("A population must have queries, and a size of each or of none."))


def _turns_s(part: Part) -> Floats:
    """How long each query had the window: its duration and its share of what lies between queries."""
    between_s = (part.seconds - float(part.durations_s.sum())) / len(part.durations_s)
    return part.durations_s + between_s


def _choice(turn_s: Floats, population: int, sizes: Floats | None) -> _Choice:
    """Mean duration over the population by the queries that ran, each by the mean of its turns."""
    distinct = min(len(turn_s), population)
    if len(turn_s) > population:
        place = np.arange(len(turn_s)) % population
        turn_s = np.bincount(place, weights=turn_s) / np.bincount(place)
    mean_s = float(turn_s.mean())
    if distinct == population or distinct < 2:
        variance = 0.0 if distinct == population else inf
        return _Choice(mean_s=mean_s, variance=variance, degrees=inf, deviation=turn_s / mean_s - 1)
    left = 1 - distinct / population
    regression = None if sizes is None else _regression(turn_s, sizes)
    if regression is not None and regression.mean_s > 0:
        return regression
    deviation = turn_s / mean_s - 1
    variance = left * float(deviation @ deviation) / (distinct - 1) / distinct
    return _Choice(mean_s=mean_s, variance=variance, degrees=_degrees(deviation), deviation=deviation)


def _regression(turn_s: Floats, sizes: Floats) -> _Choice | None:
    """The regression estimator, None where the sizes do not explain the durations.

    Its variance is that of the residuals, each weighted by what its query counts in the estimate (the g-weights of
    Saerndal, Swensson, Wretman 1989) and freed of its own pull on the line (MacKinnon and White 1985, HC3): sizes are
    heavy-tailed, and a few long texts must not make the line look surer than it is.
    """
    count = len(turn_s)
    if count < LEAST_QUERIES:
        return None
    centred = sizes[:count] - sizes[:count].mean()
    squares = float(centred @ centred)
    spread = turn_s - turn_s.mean()
    total = float(spread @ spread)
    if squares <= 0 or total <= 0:
        return None
    slope = float(centred @ spread) / squares
    residual = spread - slope * centred
    explained = 1 - float(residual @ residual) / total
    if explained < LEAST_EXPLAINED or explained * (count - 2) < LEAST_F * (1 - explained):
        return None
    ahead = float(sizes.mean() - sizes[:count].mean())
    mean_s = float(turn_s.mean()) + slope * ahead
    pull = np.minimum(1 / count + centred**2 / squares, 0.99)
    weight = 1 + count * ahead * centred / squares
    deviation = residual * weight / (1 - pull) / mean_s
    left = 1 - count / len(sizes)
    variance = left * float(deviation @ deviation) / count**2
    return _Choice(
        mean_s=mean_s,
        variance=variance,
        degrees=_degrees(deviation),
        deviation=deviation - deviation.mean(),
        explained=explained,
    )


def _degrees(deviation: Floats) -> float:
    """Degrees of freedom of a sample variance whose fourth moment is the sample's: few where tails are heavy."""
    count = len(deviation)
    second = float(np.mean(deviation**2))
    if second <= 0:
        return inf
    excess = float(np.mean(deviation**4)) / second**2 - 1
    return min(count - 1.0, 2 * count / excess) if excess > 0 else count - 1.0


def _uncertainty(
    energies_j: Floats,
    seconds: Floats,
    window: NDArray[np.int64],
    turn_s: Floats,
    choice: _Choice,
    population: int,
) -> tuple[float, float, float]:
    """(`windows_u`, `queries_u`, `degrees`): two relative standard uncertainties and their degrees of freedom."""
    number = len(energies_j)
    if number < 2 or energies_j.sum() <= 0 or choice.variance == inf:
        return inf, inf, 0.0
    power = energies_j / seconds / (energies_j.sum() / seconds.sum()) - 1
    share = seconds / seconds.mean()
    by_power = _between(power * share)
    ran = len(turn_s)
    left = max(1 - ran / population, 0.0)
    by_pace = _pace(window, choice.deviation if left else turn_s / turn_s.mean() - 1, population)
    means = _means(window, choice.deviation) if left else np.zeros(number)
    common = left * float(np.dot(power * share, means * share)) / (number - 1) / number
    bound = sqrt(by_power * choice.variance)
    by_queries = max(choice.variance + 2 * min(max(common, -bound), bound), 0.0)
    total = by_power + by_pace + by_queries
    if total <= 0:
        return 0.0, 0.0, inf
    free = number - 1
    noise = by_power**2 + by_pace**2 + 2 * (by_power * choice.variance + common**2)
    degrees = total**2 / (noise / free + choice.variance**2 / choice.degrees)
    expand = student_t_95_at(max(degrees, 1.0)) / 2
    return expand * sqrt(by_power + by_pace), expand * sqrt(by_queries), degrees


def _between(values: Floats) -> float:
    """Variance of the mean of these."""
    return float(np.var(values, ddof=1)) / len(values)


def _means(window: NDArray[np.int64], values: Floats) -> Floats:
    """The mean of each window."""
    sums = np.bincount(window, weights=values)
    return sums / np.bincount(window)


def _pace(window: NDArray[np.int64], turn: Floats, population: int) -> float:
    """Relative variance of the mean duration by what windows differ beyond the queries that are in them.

    Before all have run twice, the windows are random groups of queries: what their means differ more than single
    queries explain (one-way analysis of variance) is the windows' own. What chance makes of it is never below 0, so the
    interval is a little wide there. Later each query is compared with itself.
    """
    number = int(window[-1]) + 1
    if len(turn) < 2 * population:
        window, turn = window[:population], turn[:population]
        groups = int(window[-1]) + 1
        counts = np.bincount(window)
        if groups < 2 or len(turn) <= groups:
            return 0.0
        between = float(np.sum(counts * (_means(window, turn) - turn.mean()) ** 2)) / (groups - 1)
        excess = max(between - float(np.var(turn, ddof=1)), 0.0)
        return excess / (len(turn) / groups - 1) / number
    place = np.arange(len(turn)) % population
    own = np.bincount(place, weights=turn) / np.bincount(place)
    means = _means(window, turn - own[place])
    return float(np.mean(means**2)) / (1 - population / len(turn)) / number
