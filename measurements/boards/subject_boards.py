"""The boards on which a data set or a suite has values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from measurements.boards.models import Cell
from measurements.boards.series import PublisherSeries, SuiteSeries, series_of_suite
from measurements.catalog.models import Task
from measurements.published.models import PublishedFigure, PublishedSeries

if TYPE_CHECKING:
    from measurements.boards.series import Series
    from measurements.catalog.models import DataSet, Suite

MAX_BOARDS = 200


@dataclass(frozen=True, kw_only=True)
class SubjectBoard:
    """A board with how many of its values are meant, and of how many models."""

    series: Series
    task: Task
    n_values: int
    n_models: int


def boards_of_dataset(dataset: DataSet) -> list[SubjectBoard]:
    """The boards that a data set, which has its task, has values on: volunteers' first; in three queries at most."""
    cells = (
        Cell.objects.filter(dataset=dataset).order_by().values_list("suite__name", "suite__version", "grade")
    )
    counted = list(cells.annotate(Count("pk"), Count("model", distinct=True))[:MAX_BOARDS])
    volunteers = [
        SubjectBoard(
            series=SuiteSeries(suite=name, version=version, grade=grade),
            task=dataset.task,
            n_values=n_values,
            n_models=n_models,
        )
        for name, version, grade, n_values, n_models in counted
    ]
    figures = PublishedFigure.objects.filter(dataset=dataset).order_by().values_list("series")
    published = list(figures.annotate(Count("pk"), Count("model", distinct=True))[:MAX_BOARDS])
    facts = PublishedSeries.objects.in_bulk({series for series, *_ in published}) if published else {}
    return [
        *sorted(volunteers, key=lambda board: (board.series.grade != "measured", board.series.slug)),
        *(
            SubjectBoard(
                series=PublisherSeries(slug=facts[series].slug, facts=facts[series]),
                task=dataset.task,
                n_values=n_values,
                n_models=n_models,
            )
            for series, n_values, n_models in published
        ),
    ]


def boards_of_suite(suite: Suite) -> list[SubjectBoard]:
    """The boards of a suite version, in two queries."""
    cells = Cell.objects.filter(suite=suite).order_by().values_list("grade", "dataset__task")
    counted = list(cells.annotate(Count("pk"), Count("model", distinct=True))[:MAX_BOARDS])
    tasks = Task.objects.in_bulk({task for _, task, *_ in counted}) if counted else {}
    boards = [
        SubjectBoard(
            series=series_of_suite(suite, grade), task=tasks[task], n_values=n_values, n_models=n_models
        )
        for grade, task, n_values, n_models in counted
    ]
    return sorted(
        boards, key=lambda board: (board.series.grade != "measured", board.task.position, board.task.slug)
    )
