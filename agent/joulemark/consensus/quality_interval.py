"""How far chance may have moved a score: the questions that were asked are a sample of those that could have been.

A share of right answers has Wilson's interval (1927; Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286), which
holds for few questions and never leaves 0 to 1. A mean of scores that lie between 0 and 1 scatters at most as a share
of the same size does (its variance is at most p (1 - p) / n), so the same interval is wide enough for it. A metric of
the whole answer sheet (macro F1, mean average precision) is no mean over questions: from one number nobody can tell
its chance, and no interval is better than a wrong one.
"""

from __future__ import annotations

from math import hypot, isfinite, log, sqrt
from statistics import NormalDist
from typing import Literal

from joulemark.consensus.errors import ImpossibleValue

QualityMethod = Literal["wilson", "wilson-bound"]
NoQualityInterval = Literal["n-not-known", "no-mean-over-questions", "outside-0-to-1"]

SHARES = frozenset({"accuracy", "answer-accuracy", "exact-match", "top-1", "top-5"})
"""Metrics that are a share of right answers."""
MEANS = frozenset({"f1", "f1-has-answer", "rouge", "rouge-1", "rouge-2", "rouge-l"})
"""Metrics that are a mean over questions of scores between 0 and 1."""

Z = NormalDist().inv_cdf(0.975)

Interval = tuple[float, float]


def quality_interval(
    metric: str, value: float, n_questions: int | None
) -> tuple[float | None, float | None, QualityMethod | None, NoQualityInterval | None]:
    """(low, high, method, why there is none) at 95 %."""
    if n_questions is None or n_questions < 1:
        return None, None, None, "n-not-known"
    if metric not in SHARES | MEANS:
        return None, None, None, "no-mean-over-questions"
    if not 0 <= value <= 1:
        return None, None, None, "outside-0-to-1"
    low, high = wilson(value, n_questions)
    return low, high, "wilson" if metric in SHARES else "wilson-bound", None


def wilson(share: float, n: int) -> Interval:
    """Wilson's 95 % interval of a share out of `n`; it holds the share, and lies within 0 to 1."""
    square = Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0)


def widened(comparisons: int) -> float:
    """By which a 95 % half-width grows so that of so many comparisons all hold in 95 of 100 (Bonferroni)."""
    return NormalDist().inv_cdf(1 - 0.025 / max(comparisons, 1)) / Z


def surely_above(
    value: float, interval: Interval, other: float, of_other: Interval, *, factor: float = 1.0
) -> bool:
    """Whether a value lies above another by more than chance.

    The half-widths that face each other add as the legs of a right triangle (Zou and Donner 2008,
    doi:10.1002/sim.3095; for shares Newcombe 1998). `factor` widens them. Equal exact values are not above each other.
    """
    return value - other > factor * hypot(value - interval[0], of_other[1] - other)


def difference_interval(above: float, interval: Interval, below: float, of_below: Interval) -> Interval:
    """The 95 % interval of `above` less `below`, by the same rule."""
    return (
        above - below - hypot(above - interval[0], of_below[1] - below),
        above - below + hypot(interval[1] - above, below - of_below[0]),
    )


def log_interval(value: float, interval: Interval) -> tuple[float, Interval]:
    """An energy and its interval on the log scale. Raises ImpossibleValue for one that is not positive and finite."""
    if not all(isfinite(number) and number > 0 for number in (value, *interval)):
        raise ImpossibleValue("An energy and its interval must be positive and finite.")
    return log(value), (log(interval[0]), log(interval[1]))
