"""Every data set, task by task, a hundred to a page, with how much was measured on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.sources import BOARDS
from measurements.boards.subject_counts import NOTHING, count_values
from measurements.boards.subject_rows import ROWS_PER_PAGE
from measurements.catalog.sources import CATALOG
from measurements.catalog.subject_lists import listed_datasets
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG, PUBLISHED)
@require_safe
def dataset_list(request: HttpRequest) -> HttpResponse:
    """A page of the data sets."""
    page = Paginator(listed_datasets(), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    counts = count_values("dataset", [dataset.pk for dataset in page])
    context = {
        "page": page,
        "lines": [(dataset, counts.get(dataset.pk, NOTHING)) for dataset in page],
        "previous": gettext("Previous data sets"),
        "next": gettext("Next data sets"),
    }
    return render(request, "pages/dataset_list.html", context)
