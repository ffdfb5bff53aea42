"""Every suite version: those that this platform hands out, former ones too, and those that wait to be pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.sources import BOARDS
from measurements.boards.subject_counts import NOTHING, count_values
from measurements.boards.subject_rows import ROWS_PER_PAGE
from measurements.catalog.models import Suite
from measurements.catalog.sources import CATALOG
from measurements.catalog.suite_contents import shown_digests
from measurements.catalog.suites import unpinned_suites
from measurements.web.bounded_pages import BoundedPaginator

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG)
@require_safe
def suite_list(request: HttpRequest) -> HttpResponse:
    """A page of the suite versions, the latest first."""
    current = shown_digests()
    suites = Suite.objects.select_related("pinned").defer("pinned__archive").order_by("-pk")
    page = BoundedPaginator(suites, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    counts = count_values("suite", [suite.pk for suite in page])
    context = {
        "page": page,
        "lines": [
            (suite, current.get(suite.name) == suite.digest, counts.get(suite.pk, NOTHING)) for suite in page
        ],
        "waiting": unpinned_suites(current),
        "previous": gettext("Later suites"),
        "next": gettext("Earlier suites"),
    }
    return render(request, "pages/suite_list.html", context)
