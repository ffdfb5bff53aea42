"""What the energy buys: how much better general-purpose models answer than task-specific ones, pair by pair.

Formed like the ratio of energies: each pair of models under the same conditions counts once, and the interval is over
models (`over_models`). For one pair of models it is that of the questions asked, and says nothing of other models.
Scores between 0 and 1 differ by 1 at most, and so does their interval: one that leaves all of that open is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import isfinite
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.over_models import mean_over_pairs
from joulemark.consensus.quality_interval import MEANS, SHARES, difference_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from joulemark.consensus.over_models import NoModelInterval, Pair
    from joulemark.consensus.quality_interval import Interval


class ModelScore(NamedTuple):
    """One metric of one model under the conditions `source`, with its 95 % interval where it is known."""

    model: Hashable
    general_purpose: bool
    source: Hashable
    metric: str
    higher_is_better: bool
    value: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class QualityDifference:
    """General-purpose less task-specific, mean over `n_pairs` pairs of models, with its 95 % interval.

    `over_models` says that the interval is over models; else it is that of the questions which one pair was asked.
    None with a reason in `no_interval` where there is none: "one-pair" where the chance of the scores is not known.
    """

    metric: str
    higher_is_better: bool
    difference: float
    low: float | None
    high: float | None
    over_models: bool
    no_interval: NoModelInterval | None
    n_pairs: int


def quality_differences(scores: Iterable[ModelScore]) -> list[QualityDifference]:
    """One a metric and direction that a model of either kind has under the same conditions, in alphabetical order.

    Raises ImpossibleValue for a score that is not finite.
    """
    by_metric: dict[tuple[str, bool], list[ModelScore]] = {}
    for score in scores:
        if not isfinite(score.value):
            raise ImpossibleValue("A score must be finite to be compared.")
        by_metric.setdefault((score.metric, score.higher_is_better), []).append(score)
    differences = (_difference(of_metric) for _, of_metric in sorted(by_metric.items()))
    return [difference for difference in differences if difference is not None]


def _difference(scores: list[ModelScore]) -> QualityDifference | None:
    pairs = _pairs(scores)
    if not pairs:
        return None
    mean = mean_over_pairs(
        {pair: fmean(above.value - below.value for above, below in met) for pair, met in pairs.items()}
    )
    met = [both for of_pair in pairs.values() for both in of_pair]
    low, high, reason = None, None, mean.no_interval
    if mean.half_width is not None:
        low, high = _possible(scores, mean.mean - mean.half_width, mean.mean + mean.half_width)
        reason = "too-few-models" if low is None else None
    elif len(met) == 1 and met[0][0].interval is not None and met[0][1].interval is not None:
        above, below = met[0]
        low, high = difference_interval(above.value, met[0][0].interval, below.value, met[0][1].interval)
    return QualityDifference(
        metric=scores[0].metric,
        higher_is_better=scores[0].higher_is_better,
        difference=mean.mean,
        low=low,
        high=high,
        over_models=mean.half_width is not None and low is not None,
        no_interval=reason if low is None else None,
        n_pairs=len(pairs),
    )


def _possible(scores: list[ModelScore], low: float, high: float) -> tuple[float | None, float | None]:
    """The part of an interval that a difference of these scores can have; None where it is all that there is."""
    if scores[0].metric not in SHARES | MEANS or not all(0 <= score.value <= 1 for score in scores):
        return low, high
    low, high = max(low, -1.0), min(high, 1.0)
    return (None, None) if (low, high) == (-1.0, 1.0) else (low, high)


def _pairs(scores: list[ModelScore]) -> dict[Pair, list[tuple[ModelScore, ModelScore]]]:
    """Each pair of one model of either kind, with where they met."""
    sides: dict[Hashable, tuple[list[ModelScore], list[ModelScore]]] = {}
    for score in scores:
        sides.setdefault(score.source, ([], []))[0 if score.general_purpose else 1].append(score)
    pairs: dict[Pair, list[tuple[ModelScore, ModelScore]]] = {}
    for above, below in (both for of_source in sides.values() for both in product(*of_source)):
        pairs.setdefault((above.model, below.model), []).append((above, below))
    return pairs
