"""The numbers of one comparison, without names: computed from rows of a part, written as JSON and read back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from math import log
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol

from joulemark.consensus.cell import log_median
from joulemark.consensus.quality_difference import ModelScore, QualityDifference, quality_differences
from joulemark.consensus.ratio import ModelValue, PairedRatio, paired_ratio
from joulemark.leaderboard.fronts import Score, interval_of_score

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


Quality = list[Score]

SEVERAL_MODELS = "several-models"
"""Why the median score of a side has no interval."""


class ComparedRow(Protocol):
    """What of a cell is compared with other cells of its part."""

    @property
    def model(self) -> str:
        """The slug of the model."""

    @property
    def general_purpose(self) -> bool:
        """Whether the model answers anything, rather than one task."""

    @property
    def conditions(self) -> Hashable:
        """What must be equal for two rows to be divided: data set, hardware, scope and stratum."""

    @property
    def energy_per_query_j(self) -> float:
        """The value, in joules per query."""

    @property
    def comparable_j(self) -> tuple[float, float] | None:
        """The interval between contributors, in joules per query; None where there is none."""

    @property
    def quality(self) -> Quality:
        """The scores, one for each metric."""

    @property
    def version(self) -> int:
        """The version of the board that the row is of."""

    @property
    def updated_at(self) -> datetime:
        """When the value was written."""


@dataclass(frozen=True, kw_only=True)
class SideNumbers:
    """One kind of model: the slugs of those that are in a pair, medians of their joules per query and of each score."""

    models: tuple[str, ...]
    energy_per_query_j: float
    quality: Quality


@dataclass(frozen=True, kw_only=True)
class ComparisonNumbers:
    """A ratio with the difference in quality beside it, its two sides, and the version and time of its latest row."""

    paired: PairedRatio
    quality: list[QualityDifference]
    general_purpose: SideNumbers
    task_specific: SideNumbers
    version: int
    updated_at: datetime

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON holds them: `of_json` gives the same object back, to the last digit."""
        return asdict(self) | {
            "paired": _listed(asdict(self.paired)),
            "general_purpose": _listed(asdict(self.general_purpose)),
            "task_specific": _listed(asdict(self.task_specific)),
            "updated_at": self.updated_at.isoformat(),
        }

    @classmethod
    def of_json(cls, stored: dict[str, Any]) -> ComparisonNumbers:
        """The numbers that were written so. Raises TypeError or LookupError for JSON of another form."""
        return cls(
            paired=PairedRatio(**_tupled(stored["paired"])),
            quality=[QualityDifference(**difference) for difference in stored["quality"]],
            general_purpose=SideNumbers(**_tupled(stored["general_purpose"])),
            task_specific=SideNumbers(**_tupled(stored["task_specific"])),
            version=stored["version"],
            updated_at=datetime.fromisoformat(stored["updated_at"]),
        )


MODELS = ("models", "general_purpose_models", "task_specific_models")
"""Fields that are tuples, which JSON has none of."""


def _listed(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if name in MODELS else value for name, value in fields.items()}


def _tupled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if name in MODELS else value for name, value in fields.items()}


def compare_rows(
    rows: Sequence[ComparedRow], device_values: Sequence[ModelValue]
) -> ComparisonNumbers | None:
    """The comparison of rows of one part, whose kinds are known; None where both kinds nowhere meet.

    Raises ImpossibleValue, a ValueError, or an ArithmeticError where the numbers cannot be combined.
    """
    paired = paired_ratio(device_values=device_values, cell_values=[_cell_value(row) for row in rows])
    if paired is None:
        return None
    return ComparisonNumbers(
        paired=paired,
        quality=quality_differences(score for row in rows for score in _model_scores(row)),
        general_purpose=_side([row for row in rows if row.model in paired.general_purpose_models]),
        task_specific=_side([row for row in rows if row.model in paired.task_specific_models]),
        version=max(row.version for row in rows),
        updated_at=max(row.updated_at for row in rows),
    )


def _cell_value(row: ComparedRow) -> ModelValue:
    interval = row.comparable_j
    return ModelValue(
        model=row.model,
        general_purpose=row.general_purpose,
        source=row.conditions,
        energy_per_query_j=row.energy_per_query_j,
        half_width=None if interval is None else log(interval[1] / interval[0]) / 2,
    )


def _model_scores(row: ComparedRow) -> list[ModelScore]:
    return [
        ModelScore(
            model=row.model,
            general_purpose=row.general_purpose,
            source=row.conditions,
            metric=score["metric"],
            higher_is_better=score["higher_is_better"],
            value=score["value"],
            interval=interval_of_score(score),
        )
        for score in row.quality
    ]


def _side(rows: list[ComparedRow]) -> SideNumbers:
    by_metric: dict[str, Quality] = {}
    for row in rows:
        for score in row.quality:
            by_metric.setdefault(score["metric"], []).append(score)
    return SideNumbers(
        models=tuple(sorted({row.model for row in rows})),
        energy_per_query_j=log_median([row.energy_per_query_j for row in rows]),
        quality=[_typical(scores) for _, scores in sorted(by_metric.items())],
    )


def _typical(scores: Quality) -> dict[str, Any]:
    """The middle of several models' scores, over the fewest questions of one of them; a single model's as it is."""
    if len(scores) == 1:
        return scores[0]
    counts = [score["n"] for score in scores]
    questions = [score["n_questions"] for score in scores]
    return scores[0] | {
        "value": median(score["value"] for score in scores),
        "n": None if None in counts else sum(counts),
        "n_questions": None if None in questions else min(questions),
        "low": None,
        "high": None,
        "interval": None,
        "no_interval": SEVERAL_MODELS,
    }
