"""How good the answers were, over the contributors of a cell.

Quality is combined by the rule of energy (see `voices`), on the plain scale, because a score may be zero or
negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from joulemark.consensus.voices import Said, mean_of_two, voices, weighted_median

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


class Score(NamedTuple):
    """One metric of one result; `n` is the number of answers scored."""

    contributor: Hashable
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
            value=_combined(of_metric),
            n=sum(score.n for score in of_metric),
            higher_is_better=higher_is_better,
        )
        for (metric, higher_is_better), of_metric in sorted(by_metric.items())
    ]


def _combined(scores: list[Score]) -> float:
    said = (Said(contributor=score.contributor, device=score.device, value=score.value) for score in scores)
    return float(weighted_median(voices(said, between=mean_of_two), between=mean_of_two))
