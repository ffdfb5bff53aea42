"""A series: boards whose numbers may stand beside each other. One published series, or one suite version and grade.

The two differ in where their numbers lie, so each is a class of its own and answers the same questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Count, Subquery
from django.utils.translation import gettext

from measurements.boards.models import BoardVersion, Cell, CellQuerySet, CellRevision
from measurements.catalog.models import Suite
from measurements.display.choices import RESULT_GRADES, Grade
from measurements.display.titles import translated
from measurements.published.models import STUDY, PublishedFigure, PublishedSeries
from measurements.published.terms import LICENCE, study_citation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from measurements.catalog.models import Task
    from measurements.published.models import PublishedFigureQuerySet

Counts = dict[int, tuple[int, int]]
"""(rows, models) of each task that has any, by the task's primary key."""


def cells_at(at: datetime | None, **key: object) -> CellQuerySet:
    """Every cell with such a key as it is now, or the revisions that stood at a time."""
    return Cell.objects.filter(**key) if at is None else CellRevision.objects.as_of(at, **key)


def has_cells(at: datetime | None, **key: object) -> bool:
    """Whether a cell with such a key is there now, or stood at a time: as a rule the first that is there now did."""
    if at is None:
        return Cell.objects.filter(**key).exists()
    was_gone = Subquery(CellRevision.objects.of_one_cell(at).values("gone")[:1])
    there = Cell.objects.filter(**key).alias(was_gone=was_gone)
    return there.filter(was_gone=False).exists() or cells_at(at, **key).exists()


@dataclass(frozen=True, kw_only=True)
class SuiteSeries:
    """Volunteers' results of one suite version and one grade, measured or estimated: its rows are cells."""

    suite: str
    version: str
    grade: str

    is_published: ClassVar[bool] = False
    is_study: ClassVar[bool] = False
    licence: ClassVar[str] = LICENCE
    citation: ClassVar[str] = ""

    @property
    def slug(self) -> str:
        """Its part of a board's address, such as `demo-1-estimated`."""
        return f"{self.suite}-{self.version}-{self.grade}"

    @property
    def name(self) -> str:
        """What a page calls it where a badge says the grade."""
        return gettext("Suite %(name)s %(version)s") % {"name": self.suite, "version": self.version}

    @property
    def title(self) -> str:
        """The name with the grade, for places without a badge."""
        if self.grade == Grade.MEASURED:
            return gettext("%(series)s, measured") % {"series": self.name}
        return gettext("%(series)s, estimated") % {"series": self.name}

    def cells(self, *, at: datetime | None = None, tasks: Sequence[Task] | None = None) -> CellQuerySet:
        """Its cells, now or at a time; on the data sets of some tasks, where these are named."""
        key = {"suite__name": self.suite, "suite__version": self.version, "grade": self.grade}
        return cells_at(at, **key) if tasks is None else cells_at(at, **key, dataset__task__in=tasks)

    def counts(self, *, at: datetime | None = None) -> Counts:
        """How many cells and models each task has, now or at a time."""
        return _counted(self.cells(at=at), "dataset__task")

    def revision(self, *, at: datetime | None = None) -> tuple[int, datetime]:
        """The version of a series that has a row, and when it came to be."""
        if at is None:
            current = BoardVersion.objects.get(
                suite__name=self.suite, suite__version=self.version, grade=self.grade
            )
            return current.version, current.changed_at
        suite = Suite.objects.filter(name=self.suite, version=self.version).values("pk")
        # by its key and not by a join, behind which the index cannot be asked for the last
        revisions = CellRevision.objects.filter(suite=Subquery(suite), grade=self.grade)
        last = revisions.filter(updated_at__lte=at).latest("updated_at", "version")
        return last.version, last.updated_at


@dataclass(frozen=True, kw_only=True)
class PublisherSeries:
    """What one publisher has published: its rows are figures, `facts` what it says of itself."""

    slug: str
    facts: PublishedSeries = field(compare=False)

    grade: ClassVar[str] = Grade.PUBLISHED.value
    is_published: ClassVar[bool] = True

    @property
    def is_study(self) -> bool:
        """Whether it is the study that comes with the software."""
        return self.slug == STUDY

    @property
    def name(self) -> str:
        """What a page calls it."""
        return translated(self.facts.title)

    @property
    def title(self) -> str:
        """The same: a publisher's title says enough."""
        return self.name

    @property
    def licence(self) -> str:
        """The terms of its rows, which are those of its publisher."""
        return self.facts.licence

    @property
    def citation(self) -> str:
        """What it asks to be cited with."""
        if self.is_study:
            return study_citation()
        return " ".join(word for word in (f"{self.facts.source}.", self.facts.url) if word)

    def figures(self) -> PublishedFigureQuerySet:
        """Its figures; those of an earlier time are not kept."""
        return PublishedFigure.objects.of_series(self.slug)

    def counts(self, *, at: datetime | None = None) -> Counts:
        """How many figures and models each task has."""
        return _counted(self.figures(), "task")

    def revision(self, *, at: datetime | None = None) -> tuple[int, datetime]:
        """How often it was replaced, and when it last was."""
        return self.facts.revision, self.facts.imported_at


Series = SuiteSeries | PublisherSeries


def _counted(rows: QuerySet[Any], task: str) -> Counts:
    by_task = rows.order_by().values_list(task)
    return {
        pk: (n_rows, n_models)
        for pk, n_rows, n_models in by_task.annotate(Count("pk"), Count("model", distinct=True))
    }


def published_series(*, at: datetime | None = None) -> list[PublisherSeries]:
    """Every published series, the 2024 study first; at a time: those whose figures stood here then already."""
    publishers = PublishedSeries.objects.all()
    if at is not None:
        publishers = publishers.filter(imported_at__lte=at)
    every = [PublisherSeries(slug=facts.slug, facts=facts) for facts in publishers]
    return sorted(every, key=lambda series: (not series.is_study, series.slug))


def series_of_suite(suite: Suite, grade: str) -> SuiteSeries:
    """The series of a suite version's results of one grade."""
    return SuiteSeries(suite=suite.name, version=suite.version, grade=grade)


def all_series(*, at: datetime | None = None) -> list[Series]:
    """Every series that has a number, now or at a time: measured before estimated, published ones last."""
    grades = cells_at(at).order_by().values_list("suite", "grade").distinct()
    suites = Suite.objects.in_bulk()
    volunteers = [series_of_suite(suites[pk], grade) for pk, grade in grades]
    volunteers.sort(key=lambda series: (series.grade == Grade.ESTIMATED, series.slug))
    return [*volunteers, *published_series(at=at)]


def series_by_slug(slug: str, *, at: datetime | None = None) -> Series | None:
    """The series with this address, or None when no number belongs to it. Of no other series a number is read."""
    for suite in Suite.objects.all():
        for grade, _title in RESULT_GRADES:
            series = series_of_suite(suite, grade)
            if series.slug == slug and has_cells(at, suite=suite, grade=grade):
                return series
    return next((series for series in published_series(at=at) if series.slug == slug), None)
