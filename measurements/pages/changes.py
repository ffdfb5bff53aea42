"""What changed on a board between two dates: values, ranks, and results added or taken back with the reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.as_of import DAY
from measurements.boards.board_changes import board_changes
from measurements.boards.series import PublisherSeries, series_by_slug
from measurements.boards.sources import BOARDS
from measurements.catalog.cached_rows import tasks_by_slug
from measurements.catalog.sources import CATALOG
from measurements.intake.sources import SUBMISSIONS
from measurements.pages.provenance import Provenance, provenance_of_board_at
from measurements.published.sources import PUBLISHED
from measurements.review.result_moves import move_of, moves_on_board
from measurements.review.sources import STATE_REASONS, TRANSITIONS
from measurements.web.bounded_pages import BoundedPaginator

PERIOD = timedelta(days=30)
"""What is shown to a reader who names no dates: so long before the board's last change, whatever day it is."""
PER_PAGE = 100


@made_of(BOARDS, CATALOG, PUBLISHED, STATE_REASONS, SUBMISSIONS, TRANSITIONS)
@require_safe
def changes(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """The changes of a board from the end of one day to the end of another, both in UTC."""
    of_series, of_task = series_by_slug(series), tasks_by_slug().get(task)
    if of_series is None or of_task is None:
        raise Http404(gettext("There is no such board, or nothing has been accepted on it yet."))
    last = of_series.revision()[1]
    until = _day(request, "to", last.date())
    since = _day(request, "from", _before(until))
    if since > until:
        raise Http404(gettext("The first date must not be after the second."))
    compared = board_changes(series=of_series, task=of_task, since=since, until=until)
    moves = None
    if not isinstance(of_series, PublisherSeries):
        transitions = moves_on_board(
            suite=of_series.suite, version=of_series.version, grade=of_series.grade, task=of_task,
            since=since, until=until,
        )  # fmt: skip
        moves = BoundedPaginator(transitions, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "series": of_series,
        "task": of_task,
        "since": since,
        "until": until,
        "rows": compared.changed if compared else [],
        "page": moves,
        "moves": [] if moves is None else [move_of(row) for row in moves],
        "provenance": provenance_of_board_at(of_series, compared.scopes, at=compared.at)
        if compared
        else Provenance(),
        "query": f"from={since.date()}&to={until.date()}",
    }
    return render(request, "pages/changes.html", context)


def _before(until: datetime) -> date:
    """The first date of a reader who names none; the calendar begins with the year 1."""
    return until.date() - PERIOD if until.date() - date.min > PERIOD else date.min


def _day(request: HttpRequest, name: str, otherwise: date) -> datetime:
    """The end of the day that the question names. Raises Http404 for what is no day."""
    text = request.GET.get(name, "")
    if not text:
        day = otherwise
    elif not DAY.fullmatch(text):
        raise Http404(_not_a_day())
    else:
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise Http404(_not_a_day()) from error
    return datetime.combine(day, time.max, UTC)


def _not_a_day() -> str:
    return gettext("A date is written as 2026-11-24; this one cannot be read.")
