"""Every hardware class: found by name or kind, a hundred to a page, with its facts and how much there is of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of, note_one_off
from measurements.boards.board_query import QueryRefused
from measurements.boards.sources import BOARDS
from measurements.boards.subject_counts import NOTHING, count_devices, count_values
from measurements.boards.subject_rows import ROWS_PER_PAGE
from measurements.catalog.models import HardwareKind
from measurements.catalog.sources import CATALOG
from measurements.catalog.subject_lists import find_hardware
from measurements.contributors.sources import CONTRIBUTORS
from measurements.pages.listing_request import ListingRequest, parse_listing
from measurements.published.sources import PUBLISHED
from measurements.web.bounded_pages import BoundedPaginator

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED)
@require_safe
def hardware_list(request: HttpRequest) -> HttpResponse:
    """A page of the hardware classes that an address asks for."""
    refusal = None
    try:
        listing = parse_listing(request.GET, {"kind": HardwareKind.values})
    except QueryRefused as error:
        listing, refusal = ListingRequest(chosen={"kind": ""}), error
    if listing.text:
        note_one_off(request)
    classes = find_hardware(text=listing.text, kind=listing.chosen["kind"])
    page = BoundedPaginator(classes, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    keys = [hardware.pk for hardware in page]
    counts, devices = count_values("hardware_class", keys), count_devices(keys)
    context = {
        "listing": listing,
        "refusal": refusal,
        "kinds": HardwareKind.choices,
        "page": page,
        "lines": [
            (hardware, counts.get(hardware.pk, NOTHING), *devices.get(hardware.pk, (0, 0)))
            for hardware in page
        ],
        "previous": gettext("Previous hardware"),
        "next": gettext("Next hardware"),
    }
    return render(request, "pages/hardware_list.html", context, status=400 if refusal else 200)
