"""The study's headline with intervals: general-purpose over task-specific, by data set, and at equal size.

The unit that is drawn anew is the model: the study chose eight task-specific models a task and four of each family,
and another choice would have given other numbers; the ten runs of one model say nothing of that. The ratios are the
article's: arithmetic mean over models above, arithmetic mean below. Their interval is Welch's on the logarithm (each
mean's own variance over models, by the delta method, degrees of freedom after Satterthwaite), because four or eight
models are too few for a bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, sqrt
from statistics import fmean, variance
from typing import TYPE_CHECKING, Literal

from joulemark.consensus.pareto import Choice, pareto_front
from joulemark.consensus.size_controlled import Estimate, SizeControlled, Sized, size_controlled
from joulemark.consensus.student_t import t_quantile_95
from joulemark.impact.study_figures import Pick, picked, task_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.suite.published import Study

Family = Literal["Flan-T5", "BLOOMz"]


@dataclass(frozen=True, kw_only=True)
class FamilyRatio:
    """Mean energy of a family's models over that of the task-specific ones; `family` None: both families together.

    `ratio` divides like by like, on the same data set. `over_task_mean` divides by the task's mean over all three data
    sets (table 2): so the often quoted 9.7 and 12.2 on IMDB come out, which on the same data set are 9.6 and 12.2.
    """

    task: str
    dataset: str | None
    family: Family | None
    n_above: int
    n_below: int
    ratio: Estimate
    over_task_mean: float


@dataclass(frozen=True, kw_only=True)
class FrontModel:
    """A model that no other one of its task and data set beats in both energy and quality."""

    model: str
    energy_kwh_per_1000: float
    metric: str
    quality: float


def ratio_of_means(above: Sequence[float], below: Sequence[float]) -> Estimate:
    """Mean over mean with its 95 % interval. Raises ValueError for fewer than two values, or one not above 0."""
    if min(len(above), len(below)) < 2 or min(*above, *below) <= 0:
        raise ValueError("A ratio of means needs two positive values or more on each side.")
    parts = [variance(values) / len(values) / fmean(values) ** 2 for values in (above, below)]
    total = sum(parts)
    weights = sum(part**2 / (len(values) - 1) for part, values in zip(parts, (above, below), strict=True))
    degrees = total**2 / weights if weights else inf
    half = t_quantile_95(degrees) * sqrt(total)
    middle = log(fmean(above) / fmean(below))
    return Estimate(value=exp(middle), low=exp(middle - half), high=exp(middle + half), degrees=degrees)


def family_ratios(study: Study) -> list[FamilyRatio]:
    """Every compared data set, then the whole task: both families together, then each."""
    found = []
    for task in (task.id for task in study.tasks if task.compared):
        for dataset in (*(d.id for d in study.datasets if d.task == task), None):
            below = _energies(study, Pick(task=task, dataset=dataset))
            families: tuple[Family | None, ...] = (None, "Flan-T5", "BLOOMz")
            for family in families:
                above = _energies(
                    study, Pick(task=task, dataset=dataset, kind="general-purpose", family=family)
                )
                found.append(
                    FamilyRatio(
                        task=task,
                        dataset=dataset,
                        family=family,
                        n_above=len(above),
                        n_below=len(below),
                        ratio=ratio_of_means(above, below),
                        over_task_mean=fmean(above) / task_mean(study, task),
                    )
                )
    return found


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
    sizes: dict[str, list[int]] = {"general-purpose": [], "task-specific": []}
    for model in study.models:
        if compared & {*model.tasks}:
            sizes[model.kind].append(model.parameters)
    return max(map(min, sizes.values())), min(map(max, sizes.values()))


def study_front(study: Study, task: str, dataset: str) -> list[FrontModel]:
    """The Pareto front of a compared task on one data set, from the least energy on; empty without quality."""
    scores = {row.model: row for row in study.quality if (row.task, row.dataset) == (task, dataset)}
    figures = [f for f in study.figures_of(task=task, dataset=dataset) if f.model in scores]
    choices = [Choice(energy=f.energy_kwh_per_1000, quality=scores[f.model].value) for f in figures]
    return [
        FrontModel(
            model=figures[place].model,
            energy_kwh_per_1000=figures[place].energy_kwh_per_1000,
            metric=scores[figures[place].model].metric,
            quality=scores[figures[place].model].value,
        )
        for place in pareto_front(choices)
    ]


def _energies(study: Study, pick: Pick) -> list[float]:
    return [figure.energy_kwh_per_1000 for figure in picked(study, pick)]
