"""A device of a contributor: its hardware, its results, and how they agree with those of others."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.device_values import device_values
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.intake.sources import SUBMISSIONS
from measurements.review.contributor_record import months_of_devices, read_device, submissions_of_devices
from measurements.review.listing import PER_PAGE
from measurements.review.sources import RESULTS
from measurements.web.bounded_pages import BoundedPaginator


@made_of(BOARDS, CATALOG, CONTRIBUTORS, RESULTS, SUBMISSIONS)
@require_safe
def device(request: HttpRequest, pseudonym: str, tag: str) -> HttpResponse:
    """One device with a page of its results; the same tag of another contributor is another device."""
    devices = read_device(pseudonym, tag)
    if not devices:
        raise Http404(gettext("This contributor has no device of this tag."))
    submissions = submissions_of_devices(devices)
    context = {
        "devices": devices,
        "contributor": devices[0].contributor,
        "tag": devices[0].tag,
        "values": device_values(devices),
        "months": months_of_devices(devices),
        "page": BoundedPaginator(submissions, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "pages/device.html", context)
