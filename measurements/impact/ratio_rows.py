"""The study's ratios as the page of claims shows them: a row for each data set, and their plot."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from joulemark.impact.study_ratios import ratios_of_study
from joulemark.suite.published import load_study
from measurements.display.choices import Grade
from measurements.display.kinds import RATIO
from measurements.display.row_plot import Point, dot_plot
from measurements.display.templatetags.comparisons import ends
from measurements.display.templatetags.figures import times
from measurements.display.titles import translated
from measurements.published.answer_forms import study_unlike_tasks

if TYPE_CHECKING:
    from joulemark.consensus.quality_difference import QualityDifference
    from joulemark.impact.study_ratios import FamilyRatio
    from measurements.display.drawing import Drawing


@dataclass(frozen=True, kw_only=True)
class RatioRow:
    """The study's ratios on one data set of a task, or over all three: both families together, then each."""

    task_title: str
    dataset_title: str
    unlike_jobs: bool
    ratios: list[FamilyRatio]

    @property
    def quality(self) -> tuple[QualityDifference, ...]:
        """How much better the models of both families answer."""
        return self.ratios[0].quality


def ratio_rows() -> list[RatioRow]:
    """The rows in the study's order."""
    study = load_study()
    tasks = {task.id: task.title for task in study.tasks}
    unlike = study_unlike_tasks(study)
    datasets = {(dataset.task, dataset.id): dataset.title for dataset in study.datasets}
    return [
        RatioRow(
            task_title=tasks[task],
            dataset_title="" if dataset is None else datasets[task, dataset],
            unlike_jobs=task in unlike,
            ratios=list(of_dataset),
        )
        for (task, dataset), of_dataset in groupby(ratios_of_study(), key=lambda row: (row.task, row.dataset))
    ]


def ratio_plot(rows: list[RatioRow]) -> Drawing | None:
    """The ratio of both families together in each row, with its interval over models and a line at equality."""
    points = [
        Point(
            label=f"{translated(row.task_title)} · {translated(row.dataset_title) or gettext('All data sets')}",
            text=f"{times(ratio.value)} ({ends(ratio.low, ratio.high)})",
            value=ratio.value,
            low=ratio.low,
            high=ratio.high,
            kind=RATIO,
            kind_title="",
            grade=Grade.PUBLISHED.value,
        )
        for row in rows
        for ratio in (row.ratios[0].ratio,)
    ]
    return dot_plot(
        points,
        title=gettext("Energy ratio, general-purpose to task-specific models"),
        description=gettext("One row per data set of the study of 2024. The table below has every value."),
        caption=f"{gettext('energy ratio, logarithmic; the line marks equal energy')}. "
        + gettext("Bars: 95 % interval over models."),
        reference=1.0,
    )
