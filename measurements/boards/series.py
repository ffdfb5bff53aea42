"""A series: boards whose numbers may stand beside each other. One published series, or one suite version and grade."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.boards.models import Cell, CellRevision
from measurements.catalog.models import Suite
from measurements.display.titles import translated
from measurements.published.models import STUDY, PublishedSeries
from measurements.published.terms import LICENCE

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Series:
    """`grade` is published, measured or estimated.

    A suite's series names the suite and its version; a published one has its `facts`.
    """

    slug: str
    grade: str
    suite: str = ""
    version: str = ""
    facts: PublishedSeries | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What a page calls it where a badge says the grade."""
        if self.facts is not None:
            return translated(self.facts.title)
        return gettext("Suite %(name)s %(version)s") % {"name": self.suite, "version": self.version}

    @property
    def title(self) -> str:
        """The name with the grade, for places without a badge."""
        if self.grade == "published":
            return self.name
        if self.grade == "measured":
            return gettext("%(series)s, measured") % {"series": self.name}
        return gettext("%(series)s, estimated") % {"series": self.name}

    @property
    def licence(self) -> str:
        """The terms of its rows: a published series keeps those of its publisher."""
        return LICENCE if self.facts is None else self.facts.licence

    @property
    def is_study(self) -> bool:
        """Whether it is the study that comes with the software."""
        return self.slug == STUDY


def published_series(*, at: datetime | None = None) -> list[Series]:
    """Every published series, the 2024 study first; at a time: those whose figures stood here then already."""
    imported = (
        PublishedSeries.objects.all() if at is None else PublishedSeries.objects.filter(imported_at__lte=at)
    )
    every = [Series(slug=facts.slug, grade="published", facts=facts) for facts in imported]
    return sorted(every, key=lambda series: (not series.is_study, series.slug))


def series_of_suite(suite: Suite, grade: str) -> Series:
    """The series of a suite version's results of one grade."""
    return Series(slug=f"{suite.slug}-{grade}", grade=grade, suite=suite.name, version=suite.version)


def all_series(*, at: datetime | None = None) -> list[Series]:
    """Every series that has a number, now or at a time: measured before estimated, published ones last."""
    cells = Cell.objects.all() if at is None else CellRevision.objects.as_of(at)
    grades = cells.order_by().values_list("suite", "grade").distinct()
    suites = Suite.objects.in_bulk()
    every = [series_of_suite(suites[pk], grade) for pk, grade in grades]
    every.sort(key=lambda series: (series.grade == "estimated", series.slug))
    return every + published_series(at=at)


def series_by_slug(slug: str, *, at: datetime | None = None) -> Series | None:
    """The series with this address, or None when no number belongs to it."""
    return next((series for series in all_series(at=at) if series.slug == slug), None)
