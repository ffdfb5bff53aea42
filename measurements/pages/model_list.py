"""Every model: found by name, kind or family, a hundred to a page, each with how much there is of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of, note_one_off
from measurements.boards.board_query import QueryRefused
from measurements.boards.sources import BOARDS
from measurements.boards.subject_counts import NOTHING, count_values
from measurements.boards.subject_rows import ROWS_PER_PAGE
from measurements.catalog.sources import CATALOG
from measurements.catalog.subject_lists import find_models, model_families
from measurements.display.choices import ModelKind
from measurements.pages.listing_request import ListingRequest, parse_listing
from measurements.published.sources import PUBLISHED
from measurements.web.bounded_pages import BoundedPaginator

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG, PUBLISHED)
@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    """A page of the models that an address asks for."""
    families = model_families()
    refusal = None
    try:
        listing = parse_listing(request.GET, {"kind": ModelKind.values, "family": families})
    except QueryRefused as error:
        listing, refusal = ListingRequest(chosen={"kind": "", "family": ""}), error
    if listing.text:
        note_one_off(request)
    models = find_models(text=listing.text, kind=listing.chosen["kind"], family=listing.chosen["family"])
    page = BoundedPaginator(models, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    counts = count_values("model", [model.pk for model in page])
    context = {
        "listing": listing,
        "refusal": refusal,
        "families": families,
        "kinds": ModelKind.choices,
        "page": page,
        "lines": [(model, counts.get(model.pk, NOTHING)) for model in page],
        "previous": gettext("Previous models"),
        "next": gettext("Next models"),
    }
    return render(request, "pages/model_list.html", context, status=400 if refusal else 200)
