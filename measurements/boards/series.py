"""A series: boards whose numbers may stand beside each other. One study, or one suite version and grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.boards.models import Cell, CellRevision, PublishedFigure
from measurements.catalog.models import Suite

if TYPE_CHECKING:
    from datetime import datetime

STUDY = "study-2024"
"""The published study that is loaded as a series."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """`grade` is published, measured or estimated; a suite's series names the suite and its version."""

    slug: str
    grade: str
    suite: str = ""
    version: str = ""

    @property
    def name(self) -> str:
        """What a page calls it where a badge says the grade."""
        if self.grade == "published":
            return gettext("Published study, 2024")
        return gettext("Suite %(name)s %(version)s") % {"name": self.suite, "version": self.version}

    @property
    def title(self) -> str:
        """The name with the grade, for places without a badge."""
        if self.grade == "published":
            return self.name
        if self.grade == "measured":
            return gettext("%(series)s, measured") % {"series": self.name}
        return gettext("%(series)s, estimated") % {"series": self.name}


def published_series() -> Series:
    """The series of the 2024 study."""
    return Series(slug=STUDY, grade="published")


def series_of_suite(suite: Suite, grade: str) -> Series:
    """The series of a suite version's results of one grade."""
    return Series(slug=f"{suite.slug}-{grade}", grade=grade, suite=suite.name, version=suite.version)


def all_series(*, at: datetime | None = None) -> list[Series]:
    """Every series that has a number, now or at a time: measured before estimated, the published study last."""
    cells = Cell.objects.all() if at is None else CellRevision.objects.as_of(at)
    grades = cells.order_by().values_list("suite", "grade").distinct()
    suites = Suite.objects.in_bulk()
    found = [series_of_suite(suites[pk], grade) for pk, grade in grades]
    found.sort(key=lambda series: (series.grade == "estimated", series.slug))
    if PublishedFigure.objects.of_series(STUDY).exists():
        found.append(published_series())
    return found


def series_by_slug(slug: str, *, at: datetime | None = None) -> Series | None:
    """The series with this address, or None when no number belongs to it."""
    return next((series for series in all_series(at=at) if series.slug == slug), None)
