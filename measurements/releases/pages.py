"""The data: every release, how it is downloaded, checked and cited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from joulemark.release.tables import TABLES
from measurements.answer_cache.sources import made_of
from measurements.ledger.sources import LEAVES
from measurements.releases.models import Release
from measurements.releases.sources import RELEASES
from measurements.web.bounded_pages import BoundedPaginator

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

RELEASES_PER_PAGE = 50


@made_of(LEAVES, RELEASES)
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """A page of the releases, the newest first."""
    releases = Release.objects.exclude(published_at=None).select_related("leaf").order_by("-made_at", "-id")
    page = BoundedPaginator(releases, RELEASES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "latest": releases.first(),
        "root": settings.RELEASES_URL,
        "origin": settings.ORIGIN,
        "previous": gettext("Later releases"),
        "next": gettext("Earlier releases"),
        "tables": [(table.name, table.partition, len(table.columns)) for table in TABLES],
    }
    return render(request, "releases/data.html", context)
