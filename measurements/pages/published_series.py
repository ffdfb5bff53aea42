"""The page of a published series: where its figures come from, and which of its input was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.queries import NotKept, list_boards, require_kept
from measurements.boards.series import published_series
from measurements.boards.sources import BOARDS
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task
from measurements.catalog.sources import CATALOG
from measurements.pages.provenance import provenance_of_series
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import honours_as_of, time_shown

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from measurements.boards.queries import BoardEntry
    from measurements.boards.series import PublisherSeries
    from measurements.published.models import PublishedSeries


FLAGS_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class PublishedSeriesPage:
    """A published series. `only_here` are titles of what the catalogue knows from it alone.

    `flags`: the source's own flags of validity, each with the number of its figures, the most frequent first.
    """

    series: PublisherSeries
    facts: PublishedSeries
    boards: list[BoardEntry]
    n_figures: int
    n_runs: int
    hardware: list[str]
    only_here: list[str]
    flags: list[tuple[str, int]]

    @property
    def n_unflagged(self) -> int:
        """How many figures their source gives no flag of validity."""
        return self.n_figures - sum(n for _, n in self.flags)

    @property
    def digest(self) -> str:
        """Of the input, with the name of its kind before it, which only the study's row has."""
        return f"sha256:{self.facts.digest.removeprefix('sha256:')}"


def read_published(slug: str, *, at: datetime | None = None) -> PublishedSeriesPage | None:
    """The series of this name, now or at a time, or None. Raises NotKept."""
    series = next((series for series in published_series(at=at) if series.slug == slug), None)
    if series is None and at is not None:
        require_kept(slug, at)
    if series is None:
        return None
    counted = series.facts.figures.aggregate(n_figures=Count("pk"), n_runs=Sum("n_runs"))
    return PublishedSeriesPage(
        series=series,
        facts=series.facts,
        boards=[entry for entry in list_boards(at=at) if entry.series.slug == slug],
        n_figures=counted["n_figures"],
        n_runs=counted["n_runs"] or 0,
        hardware=sorted(
            {row.public_title for row in HardwareClass.objects.filter(published_figures__series=series.facts)}
        ),
        flags=_flags(series.facts),
        only_here=[
            title
            for kind in (Task, DataSet, AiModel)
            for title in kind.objects.filter(known_from=slug).values_list("title", flat=True)
        ],
    )


def _flags(facts: PublishedSeries) -> list[tuple[str, int]]:
    flagged = facts.figures.exclude(validity="").order_by().values_list("validity")
    counted: QuerySet[Any] = flagged.annotate(n=Count("pk")).order_by("-n", "validity")
    return [(validity, n) for validity, n in counted[:FLAGS_SHOWN]]


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def published(request: HttpRequest, series: str) -> HttpResponse:
    """A published series with its facts, its boards, and which of its input was left out."""
    try:
        listing = read_published(series, at=time_shown(request))
    except NotKept as error:
        raise Http404(str(error)) from error
    if listing is None:
        raise Http404(gettext("There is no published series of this name."))
    context = {
        "listing": listing,
        "as_of": time_shown(request),
        "provenance": provenance_of_series(listing.facts),
    }
    return render(request, "pages/published_series.html", context)
