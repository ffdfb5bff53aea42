"""What a request asks of boards by its path, its question and its moment: the same for pages, badges and downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.utils.translation import gettext

from measurements.answer_cache.sources import note_one_off
from measurements.boards.board_query import parse
from measurements.boards.board_table import read_table
from measurements.boards.models import NAMED_BY
from measurements.boards.queries import NotKept, find_row, read_board
from measurements.web.as_of import PARAMETERS, moment_shown, time_shown

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from measurements.boards.board_query import BoardQuery
    from measurements.boards.board_row import BoardRow
    from measurements.boards.board_table import BoardTable
    from measurements.boards.queries import Board
    from measurements.boards.series import Series


def requested_board(request: HttpRequest, series: str, task: str, *, page: str | int) -> Board:
    """A page of the board at a path. Raises Http404, with the reason, where there is none."""
    try:
        board = read_board(series_slug=series, task_slug=task, at=time_shown(request), page=page)
    except NotKept as error:
        raise Http404(str(error)) from error
    if board is None:
        raise Http404(gettext("There is no such board, or nothing has been accepted on it yet."))
    return board


def named_in(request: HttpRequest) -> dict[str, str]:
    """The fields of `NAMED_BY` in a question, by which one value of a board is named."""
    return {name: request.GET.get(name, "") for name in NAMED_BY}


def requested_row(request: HttpRequest, series: str, task: str) -> tuple[Series, BoardRow]:
    """The value that a question names on the board at a path. Raises Http404, with the reason, where there is none."""
    try:
        series_and_row = find_row(
            series_slug=series, task_slug=task, named=named_in(request), at=time_shown(request)
        )
    except NotKept as error:
        raise Http404(str(error)) from error
    if series_and_row is None:
        raise Http404(
            gettext("There is no such value on this board, or nothing has been accepted for it yet.")
        )
    return series_and_row


def requested_query(request: HttpRequest | Request) -> BoardQuery:
    """What a question asks of a task's table. Raises QueryRefused."""
    return parse(
        (name, value) for name, values in request.GET.lists() if name not in PARAMETERS for value in values
    )


def requested_table(request: HttpRequest | Request, task: str, query: BoardQuery) -> BoardTable | None:
    """The page of a task's table; None where the task has no row. Raises QueryRefused.

    The answer is not to be kept where its query is none of the common ones, or its address not the one that all of its
    kind have: of others there are any number.
    """
    table = read_table(task_slug=task, query=query, at=time_shown(request))
    if table is not None and not (query.is_common and _has_one_address(request, query)):
        note_one_off(request)
    return table


def _has_one_address(request: HttpRequest | Request, query: BoardQuery) -> bool:
    """Whether the address is written as `BoardTable.path` writes it."""
    moment = moment_shown(request)
    written = "&".join(part for part in (query.encoded, moment.query if moment else "") if part)
    return bool(request.META.get("QUERY_STRING", "") == written)
