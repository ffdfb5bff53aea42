"""The front page: the ladder of one answer, the headline, what is new, how much there is, and how to take part."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.impact.study_ratios import size_controlled_of_study
from measurements.answer_cache.sources import made_of
from measurements.boards.equal_size import read_equal_size
from measurements.boards.home_numbers import read_changed_values, read_counts
from measurements.boards.ladder import read_ladder
from measurements.boards.latest_models import LatestResult
from measurements.boards.queries import list_boards
from measurements.boards.sources import BOARDS, LATEST_RESULTS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.pages.ladder_chart import ladder_rows, ladder_sentence
from measurements.pages.overview import read_overview
from measurements.pages.page_sheets import ladder_sheet
from measurements.pages.plot_sheets import plot_files, social_image
from measurements.pages.provenance import provenance_of_boards
from measurements.pages.suite_hints import suite_hints
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import path_of

if TYPE_CHECKING:
    from joulemark.consensus.size_controlled import SizeControlled


@made_of(BOARDS, CATALOG, CONTRIBUTORS, LATEST_RESULTS, PUBLISHED)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What one answer takes, the headline, what is new, and how to take part or check."""
    overview = read_overview()
    ladder = read_ladder()
    equal_size, _n_missing = read_equal_size(row.series for _task, row in overview.crowd)
    provenance = provenance_of_boards()
    sheet = ladder_sheet(ladder, provenance.at) if ladder else None
    path = partial(path_of, "home-plot")
    context = {
        "ladder": ladder,
        "plot": sheet.drawing if sheet else None,
        "files": plot_files(path),
        "social": social_image(sheet, path) if sheet else None,
        "rows": ladder_rows(ladder) if ladder else [],
        "in_one_sentence": ladder_sentence(ladder) if ladder else "",
        "overview": overview,
        "sized": _study_factor(),
        "equal_size": equal_size,
        "counts": read_counts(),
        "changed": read_changed_values(),
        "boards": list_boards(),
        "latest": LatestResult.objects.select_related("model", "dataset"),
        "origin": settings.ORIGIN,
        "suites": suite_hints(),
        "provenance": provenance,
    }
    return render(request, "pages/home.html", context)


@cache
def _study_factor() -> SizeControlled | None:
    """The published study's factor at equal size, whose figures come with the software."""
    return size_controlled_of_study()
