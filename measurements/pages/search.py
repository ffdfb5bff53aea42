"""The site's search: what a reader's words fit, kind by kind, the best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of, note_one_off
from measurements.boards.board_query import MAX_TEXT, QueryRefused, parse_text
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.intake.sources import SUBMISSIONS
from measurements.pages.search_targets import hit_groups
from measurements.published.sources import PUBLISHED
from measurements.search.groups import search_groups

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED, SUBMISSIONS)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The hits for `q`, or how to search; a text that cannot be looked for is refused with what to do (400)."""
    asked_for = request.GET.get("q", "")
    refusal, text = None, ""
    try:
        text = parse_text("q", asked_for)
    except QueryRefused as error:
        refusal = error
    if asked_for:
        note_one_off(request)
    groups = hit_groups(search_groups(text)) if text else []
    context = {
        "search_text": text,
        "groups": groups,
        "n_hits": sum(len(group.hits) + group.n_more for group in groups),
        "refusal": refusal,
        "max_letters": MAX_TEXT,
    }
    return render(request, "pages/search.html", context, status=400 if refusal else 200)
