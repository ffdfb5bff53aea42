"""A series: boards whose numbers may stand beside each other. One published series, or one suite version and grade.

The two differ in where their numbers lie, so each is a class of its own and answers the same questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Count, Subquery
from django.utils.translation import gettext

from joulemark.published.boundary import MODELLED
from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.models import BoardVersion, Cell, CellQuerySet, CellRevision
from measurements.catalog.cached_rows import suites_by_key
from measurements.catalog.models import Suite
from measurements.display.choices import RESULT_GRADES, Grade
from measurements.display.titles import translated
from measurements.published.models import STUDY, PublishedFigure, PublishedSeries
from measurements.published.sources import PUBLISHED
from measurements.published.terms import LICENCE, study_citation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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

    is_published: ClassVar[bool] = True

    @property
    def grade(self) -> str:
        """How its numbers came about: published by somebody who metered them, or modelled."""
        return Grade.MODELLED.value if self.is_modelled else Grade.PUBLISHED.value

    @property
    def is_modelled(self) -> bool:
        """Whether nobody metered its energies: they stand on its own boards alone."""
        return self.facts.scope == MODELLED

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

    def revision(self, *, at: datetime | None = None) -> tuple[int, datetime]:
        """How often it was replaced, and when it last was."""
        return self.facts.revision, self.facts.imported_at


Series = SuiteSeries | PublisherSeries


def volunteer_order(series: SuiteSeries) -> tuple[bool, str]:
    """Sorts volunteers' series: measured before estimated."""
    return series.grade == Grade.ESTIMATED, series.slug


def counts_by_series(*, at: datetime | None = None) -> dict[Series, Counts]:
    """How many rows and models each task has, of every series that has any, now or at a time, in their order."""
    of_volunteers: dict[SuiteSeries, Counts] = {}
    columns = ("suite__name", "suite__version", "grade", "dataset__task")
    for name, version, grade, task, *counts in _counted(cells_at(at), *columns):
        series = SuiteSeries(suite=name, version=version, grade=grade)
        of_volunteers.setdefault(series, {})[task] = (counts[0], counts[1])
    counts_in_order: dict[Series, Counts] = {
        series: of_volunteers[series] for series in sorted(of_volunteers, key=volunteer_order)
    }
    of_publishers = _counts_of_publishers()
    for publisher in published_series(at=at):
        counts_in_order[publisher] = of_publishers.get(publisher.slug, {})
    return counts_in_order


@while_unchanged(PUBLISHED)
def _counts_of_publishers() -> Mapping[str, Counts]:
    counts: dict[str, Counts] = {}
    for slug, task, n_rows, n_models in _counted(PublishedFigure.objects.all(), "series__slug", "task"):
        counts.setdefault(slug, {})[task] = (n_rows, n_models)
    return counts


def _counted(rows: QuerySet[Any], *columns: str) -> QuerySet[Any]:
    """Tuples of these columns with the numbers of rows and of models behind them."""
    by_columns = rows.order_by().values_list(*columns)
    counted: QuerySet[Any] = by_columns.annotate(Count("pk"), Count("model", distinct=True))
    return counted


def published_series(*, at: datetime | None = None) -> list[PublisherSeries]:
    """Every published series, the 2024 study first; at a time: those whose figures stood here then already."""
    every = _published_series()
    return [series for series in every if at is None or series.facts.imported_at <= at]


def metered_series(*, at: datetime | None = None) -> list[PublisherSeries]:
    """Every published series that may be compared with measured values: a modelled one is left out."""
    return [series for series in published_series(at=at) if not series.is_modelled]


@while_unchanged(PUBLISHED)
def _published_series() -> tuple[PublisherSeries, ...]:
    every = [PublisherSeries(slug=facts.slug, facts=facts) for facts in PublishedSeries.objects.all()]
    return tuple(sorted(every, key=lambda series: (not series.is_study, series.slug)))


def series_of_suite(suite: Suite, grade: str) -> SuiteSeries:
    """The series of a suite version's results of one grade."""
    return SuiteSeries(suite=suite.name, version=suite.version, grade=grade)


def all_series(*, at: datetime | None = None) -> list[Series]:
    """Every series that has a number, now or at a time: measured before estimated, published ones last."""
    rows = cells_at(at).order_by().values_list("suite__name", "suite__version", "grade").distinct()
    volunteers = [SuiteSeries(suite=name, version=version, grade=grade) for name, version, grade in rows]
    return [*sorted(volunteers, key=volunteer_order), *published_series(at=at)]


def latest_change(every: Iterable[Series]) -> datetime | None:
    """When one of these series last changed; None of none, and of volunteers' series that have no version."""
    chosen = set(every)
    times = [series.facts.imported_at for series in chosen if isinstance(series, PublisherSeries)]
    rows = BoardVersion.objects.values_list("suite__name", "suite__version", "grade", "changed_at")
    times += [
        changed_at
        for name, version, grade, changed_at in rows
        if SuiteSeries(suite=name, version=version, grade=grade) in chosen
    ]
    return max(times, default=None)


def series_by_slug(slug: str, *, at: datetime | None = None) -> Series | None:
    """The series with this address, or None when no number belongs to it. Of no other series a number is read."""
    of_suite, _, grade = slug.rpartition("-")
    for suite in suites_by_key().values() if grade in dict(RESULT_GRADES) else ():
        if suite.slug == of_suite and has_cells(at, suite=suite, grade=grade):
            return series_of_suite(suite, grade)
    return next((series for series in published_series(at=at) if series.slug == slug), None)
