"""How good the answers were, over the devices of a cell.

The rule, in words: quality is combined as energy is (a device speaks once, with the median of its results;
the cell has the median over devices), on the plain scale, because a score may be zero or negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric of one result; `n` is the number of answers scored."""

    device: Hashable
    metric: str
    value: float
    n: int
    higher_is_better: bool


@dataclass(frozen=True, kw_only=True)
class QualityValue:
    """One metric of a cell; `n` is the number of answers scored in all of its results."""

    metric: str
    value: float
    n: int
    higher_is_better: bool


def quality_values(scores: Iterable[Score]) -> list[QualityValue]:
    """One value a metric, in alphabetical order."""
    by_metric: dict[tuple[str, bool], list[Score]] = {}
    for score in scores:
        by_metric.setdefault((score.metric, score.higher_is_better), []).append(score)
    return [
        QualityValue(
            metric=metric,
            value=_median_over_devices(of_metric),
            n=sum(score.n for score in of_metric),
            higher_is_better=higher_is_better,
        )
        for (metric, higher_is_better), of_metric in sorted(by_metric.items())
    ]


def _median_over_devices(scores: list[Score]) -> float:
    by_device: dict[Hashable, list[float]] = {}
    for score in scores:
        by_device.setdefault(score.device, []).append(score.value)
    return float(median(median(values) for values in by_device.values()))
