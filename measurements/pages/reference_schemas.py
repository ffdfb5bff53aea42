"""The schemas that one group of the API's operations refers to: their fields with types, units and meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.pages.reference_pages import SCHEMAS, reference_place
from measurements.web.api_reference import read_reference
from measurements.web.api_schema_groups import SHARED

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of()
@require_safe
def reference_schemas(request: HttpRequest, schema_group: str) -> HttpResponse:
    """Every schema of a group; 404 where there is no such group."""
    place = reference_place(SCHEMAS, schema_group)
    if place is None:
        raise Http404(gettext("The API has no group of schemas of this name."))
    context = {
        "place": place,
        "group": schema_group,
        "is_shared": schema_group == SHARED,
        "schemas": read_reference().schema_groups[schema_group],
    }
    return render(request, "pages/reference_schemas.html", context)
