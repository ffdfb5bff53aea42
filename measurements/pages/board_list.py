"""The list of boards, and the way to it from a shortened address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.queries import list_boards
from measurements.boards.series import series_by_slug
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.pages.provenance import provenance_of_boards
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import address_at, honours_as_of, moment_shown, time_shown

if TYPE_CHECKING:
    from measurements.catalog.models import Task


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def board_list(request: HttpRequest) -> HttpResponse:
    """Every board, now or as of a moment."""
    at = time_shown(request)
    boards = list_boards(at=at)
    tasks = {entry.task.slug: entry.task for entry in boards}
    context = {
        "boards": boards,
        "tasks": sorted(tasks.values(), key=_place),
        "as_of": at,
        "provenance": provenance_of_boards(at=at),
    }
    return render(request, "pages/board_list.html", context)


def _place(task: Task) -> tuple[int, str]:
    return task.position, task.slug


@honours_as_of
@require_safe
def boards_of_series(request: HttpRequest, series: str) -> HttpResponse:
    """Redirect a shortened address: to the page of a published series, else to the list of boards."""
    moment = moment_shown(request)
    entry = series_by_slug(series, at=moment.at if moment else None)
    if entry is None:
        raise Http404(gettext("There is no published series of this name."))
    named = ("published", entry.slug) if entry.is_published else ("boards",)
    return redirect(address_at(moment, *named))
