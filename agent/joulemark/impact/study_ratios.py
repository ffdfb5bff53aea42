"""The study's headline with intervals: general-purpose over task-specific, by data set, and at equal size.

The ratio is the one of this project (`joulemark.consensus.ratio`): the geometric mean over all pairs of one model of
either kind, with its interval over models, because the study chose eight task-specific models a task and four of each
family, and another choice would have given other numbers; the ten runs of one model say nothing of that. The article
divides arithmetic means instead, and by the mean over a task's three data sets; `over_task_mean` is that number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, get_args

from joulemark.consensus.quality_difference import ModelScore, QualityDifference, quality_differences
from joulemark.consensus.ratio import ModelValue, paired_ratio
from joulemark.consensus.size_controlled import FactorEstimate, SizeControlled, Sized, size_controlled
from joulemark.impact.study_figures import FAMILIES, Pick, energy_kwh_per_1000, picked, task_mean
from joulemark.suite.published import load_study
from joulemark.suite.schema import ModelKind

if TYPE_CHECKING:
    from joulemark.impact.study_figures import Family
    from joulemark.suite.published import Study

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, kw_only=True)
class FamilyRatio:
    """Energy of a family's models over that of the task-specific ones; `family` None: both families together.

    `ratio` divides like by like, on the same data set. `over_task_mean` divides the arithmetic mean of the family by
    the task's over all three data sets (table 2), as the article does: so the often quoted 9.7 and 12.2 on IMDB come
    out. `quality` stands beside the ratio: how much better the family's models answer on the same data set.
    """

    task: str
    dataset: str | None
    family: Family | None
    n_above: int
    n_below: int
    ratio: FactorEstimate
    over_task_mean: float
    quality: tuple[QualityDifference, ...]


def family_ratios(study: Study) -> list[FamilyRatio]:
    """Every compared data set, then the whole task: both families together, then each."""
    ratios = []
    for task in (task.id for task in study.tasks if task.compared):
        for dataset in (*(d.id for d in study.datasets if d.task == task), None):
            specific = Pick(task=task, dataset=dataset)
            families: tuple[Family | None, ...] = (None, *FAMILIES)
            for family in families:
                general = Pick(task=task, dataset=dataset, kind="general-purpose", family=family)
                ratios.append(
                    FamilyRatio(
                        task=task,
                        dataset=dataset,
                        family=family,
                        n_above=len(picked(study, general)),
                        n_below=len(picked(study, specific)),
                        ratio=_ratio(study, general, specific),
                        over_task_mean=energy_kwh_per_1000(study, general) / task_mean(study, task),
                        quality=tuple(_quality(study, general, specific)),
                    )
                )
    return ratios


@cache
def ratios_of_study() -> tuple[FamilyRatio, ...]:
    """Those of the study that this package has, which never change: computed once a process."""
    return tuple(family_ratios(load_study()))


@cache
def size_controlled_of_study(task: str | None = None) -> SizeControlled | None:
    """`study_size_controlled` of the study that this package has: computed once a process."""
    return study_size_controlled(load_study(), task)


def _ratio(study: Study, general: Pick, specific: Pick) -> FactorEstimate:
    """Raises LookupError where the study has fewer than two models of either kind."""
    ratio = paired_ratio(device_values=[], cell_values=[*_values(study, general), *_values(study, specific)])
    if ratio is None or ratio.over_models_low is None or ratio.over_models_high is None or not ratio.degrees:
        raise LookupError(f"The study has fewer than two models of either kind: {general}.")
    return FactorEstimate(
        value=ratio.ratio,
        low=ratio.over_models_low,
        high=ratio.over_models_high,
        degrees=ratio.degrees,
    )


def _quality(study: Study, general: Pick, specific: Pick) -> list[QualityDifference]:
    """The study's scores are of one data set each, over a number of questions that it does not state."""
    sides = {figure.model: False for figure in picked(study, specific)}
    sides |= {figure.model: True for figure in picked(study, general)}
    return quality_differences(
        ModelScore(
            model=score.model,
            general_purpose=sides[score.model],
            source=score.dataset,
            metric=score.metric,
            higher_is_better=True,
            value=score.value,
            interval=None,
        )
        for score in study.quality
        if (score.task, score.dataset) == (specific.task, specific.dataset) and score.model in sides
    )


def study_size_controlled(study: Study, task: str | None = None) -> SizeControlled | None:
    """The size-controlled factor over the compared tasks, or on one of them; clusters are models."""
    models = {model.id: model for model in study.models}
    compared = {t.id for t in study.tasks if t.compared and task in (None, t.id)}
    figures = [figure for figure in study.figures if figure.dataset is not None and figure.task in compared]
    return size_controlled(
        [
            Sized(
                group=(figure.task, figure.dataset),
                energy=figure.energy_kwh_per_1000,
                parameters=models[figure.model].parameters,
                general_purpose=models[figure.model].kind == "general-purpose",
            )
            for figure in figures
        ],
        [figure.model for figure in figures],
    )


def size_overlap(study: Study) -> tuple[int, int]:
    """Parameters between which the compared tasks have models of both kinds: of the smallest and the largest there.

    Outside, general-purpose and task-specific models of one size are compared by the regression's straight line alone.
    """
    compared = {task.id for task in study.tasks if task.compared}
    sizes: dict[str, list[int]] = {kind: [] for kind in get_args(ModelKind)}
    for model in study.models:
        if compared & {*model.tasks}:
            sizes[model.kind].append(model.parameters)
    return max(map(min, sizes.values())), min(map(max, sizes.values()))


def _values(study: Study, pick: Pick) -> list[ModelValue]:
    kinds = {model.id: model.kind for model in study.models}
    return [
        ModelValue(
            model=figure.model,
            general_purpose=kinds[figure.model] == "general-purpose",
            source=study.scope,
            energy_per_query_j=figure.energy_kwh_per_1000 * JOULES_PER_KWH / 1000,
        )
        for figure in picked(study, pick)
    ]
