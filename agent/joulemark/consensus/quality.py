"""How good the answers were, over the contributors of a cell, and how far chance may have moved that.

Quality is combined by the rule of energy (see `voices`), on the plain scale, because a score may be zero or negative.
`questions` says how many questions its interval rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.quality_interval import NoQualityInterval, QualityMethod, quality_interval
from joulemark.consensus.voices import Observation, mean_of_two, voices, weighted_median

if TYPE_CHECKING:
    from collections.abc import Hashable


class Score(NamedTuple):
    """One metric of one result; `n` is the number of answers scored, each to another question."""

    contributor: Hashable
    device: Hashable
    metric: str
    value: float
    n: int
    higher_is_better: bool


@dataclass(frozen=True, kw_only=True)
class QualityValue:
    """One metric of a cell; `n` is the number of answers scored in all of its results.

    `n_questions` are the distinct questions that the interval `low` to `high` (95 %) rests on; `interval` says how it
    was computed. Where there is none, all three are None and `no_interval` has the reason.
    """

    metric: str
    value: float
    n: int
    higher_is_better: bool
    n_questions: int
    low: float | None
    high: float | None
    interval: QualityMethod | None
    no_interval: NoQualityInterval | None


def quality_values(scores: Iterable[Score]) -> list[QualityValue]:
    """One value a metric and direction, in alphabetical order.

    Raises ImpossibleValue for a score that is not finite, or is over no answer.
    """
    by_metric: dict[tuple[str, bool], list[Score]] = {}
    for score in scores:
        if not isfinite(score.value) or score.n < 1:
            raise ImpossibleValue("A score must be finite, and over at least one answer.")
        by_metric.setdefault((score.metric, score.higher_is_better), []).append(score)
    return [_combined(of_metric) for _, of_metric in sorted(by_metric.items())]


def questions(scores: Iterable[Score]) -> int:
    """Distinct questions of which a combined value can be sure: those of one session, in the middle of all.

    A contributor counts with the lower middle of its sessions, the value with the lower weighted middle of its
    contributors. Sessions are never added: those over one sample ask the same questions again, and of others nobody
    here knows how many they share.
    """
    counts = (
        Observation(contributor=score.contributor, device=score.device, value=score.n) for score in scores
    )
    return int(weighted_median(voices(counts, between=min), between=min))


def _combined(scores: Sequence[Score]) -> QualityValue:
    values = (
        Observation(contributor=score.contributor, device=score.device, value=score.value) for score in scores
    )
    value = float(weighted_median(voices(values, between=mean_of_two), between=mean_of_two))
    n_questions = questions(scores)
    low, high, method, reason = quality_interval(scores[0].metric, value, n_questions)
    return QualityValue(
        metric=scores[0].metric,
        value=value,
        n=sum(score.n for score in scores),
        higher_is_better=scores[0].higher_is_better,
        n_questions=n_questions,
        low=low,
        high=high,
        interval=method,
        no_interval=reason,
    )
