"""Scores with their chance, and who is on the front by which metric."""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING, Any, Protocol

from joulemark.consensus.interval import tells_something
from joulemark.consensus.pareto import ParetoOption, pareto_front
from joulemark.consensus.quality_interval import quality_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

Score = dict[str, Any]


class Contender(Protocol):
    """What a board's row needs to have a place beside others."""

    @property
    def energy_per_query_j(self) -> float:
        """The energy per query, in joules."""

    @property
    def comparable_j(self) -> tuple[float, float] | None:
        """The interval of its energy, for comparisons on one hardware."""

    @property
    def quality(self) -> list[Score]:
        """The quality scores, one for each metric."""


def comparable_interval(
    energy_per_query_j: float, *intervals: tuple[float | None, float | None]
) -> tuple[float, float] | None:
    """The first of these intervals that is there (low and high in joules per query), None where it tells nothing."""
    for low, high in intervals:
        if low is not None and high is not None:
            is_informative = (
                low > 0
                and high < inf
                and tells_something(log(energy_per_query_j) - log(low), log(high) - log(energy_per_query_j))
            )
            return (low, high) if is_informative else None
    return None


def published_scores(scores: list[Score]) -> list[Score]:
    """A publisher's scores with their intervals; `n` are its questions."""
    return [_with_interval(score, score["n"]) for score in scores]


def cell_scores(scores: list[Score]) -> list[Score]:
    """A cell's scores; one from before they had intervals gets none: its `n` pools sessions over the same questions."""
    return [score if "n_questions" in score else _with_interval(score, None) for score in scores]


def _with_interval(score: Score, n_questions: int | None) -> Score:
    low, high, method, reason = quality_interval(score["metric"], score["value"], n_questions)
    return score | {
        "n_questions": n_questions,
        "low": low,
        "high": high,
        "interval": method,
        "no_interval": reason,
    }


def interval_of_score(score: Score) -> tuple[float, float] | None:
    """The ends of its interval, None where it has none."""
    return None if score["low"] is None else (score["low"], score["high"])


def fronts(rows: Sequence[Contender]) -> tuple[list[list[str]], list[list[str]]]:
    """For each row under the same conditions: the metrics by which nobody surely beats it, and by which somebody does.

    In neither list where the chance of its energy or of its score is not known, or where the metric tells nobody apart.
    """
    by_metric: dict[tuple[str, bool], list[tuple[int, Score]]] = {}
    for place, row in enumerate(rows):
        for score in row.quality:
            by_metric.setdefault((score["metric"], score["higher_is_better"]), []).append((place, score))
    unbeaten: list[list[str]] = [[] for _ in rows]
    beaten: list[list[str]] = [[] for _ in rows]
    for (metric, higher_is_better), scores in sorted(by_metric.items()):
        front = pareto_front(
            [
                ParetoOption(
                    energy=rows[place].energy_per_query_j,
                    quality=score["value"],
                    energy_interval=rows[place].comparable_j,
                    quality_interval=interval_of_score(score),
                )
                for place, score in scores
            ],
            higher_is_better=higher_is_better,
        )
        for listed, places in ((unbeaten, front.unbeaten), (beaten, front.beaten)):
            for place in places:
                listed[scores[place][0]].append(metric)
    return unbeaten, beaten
