"""The API's reading half: boards and comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.boards.comparisons import read_comparison
from measurements.boards.queries import Board, BoardEntry, NotKept, list_boards, read_board
from measurements.boards.sources import BOARDS
from measurements.catalog.models import Task
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.downloads.board_csv import BoardCsvRenderer
from measurements.downloads.row_values import row_values
from measurements.downloads.serializers import (
    BoardListSerializer,
    BoardRowSerializer,
    BoardSerializer,
    ComparisonRowSerializer,
    ComparisonSerializer,
)
from measurements.ledger.checkpoint_times import checkpoint_size_at
from measurements.published.sources import PUBLISHED
from measurements.published.terms import LICENCE
from measurements.web.as_of import honours_as_of, moment_shown, time_shown
from measurements.web.csv_renderer import RowsCsvRenderer
from measurements.web.known_parameters import takes
from measurements.web.links import absolute, address_of_version
from measurements.web.openapi import MOMENT, problems
from measurements.web.simulated import DownloadJsonRenderer, RowsJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request

    from measurements.web.as_of import Moment


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@takes()
class BoardListView(APIView):
    """Every board that has a row."""

    renderer_classes = [DownloadJsonRenderer]

    @extend_schema(
        parameters=MOMENT,
        responses={200: BoardListSerializer, **problems(400)},
        operation_id="list_boards",
        tags=["boards"],
    )
    def get(self, request: Request) -> Response:
        """Answer with the boards and where each can be downloaded, all as of the moment asked for."""
        moment = moment_shown(request)
        entries = list_boards(at=moment.at if moment else None)
        return Response({"boards": [self._entry(entry, moment) for entry in entries]})

    @staticmethod
    def _entry(entry: BoardEntry, moment: Moment | None) -> dict[str, object]:
        address = (entry.series.slug, entry.task.slug)
        return {
            "series": entry.series.slug,
            "task": entry.task.slug,
            "grade": entry.series.grade,
            "n_rows": entry.n_rows,
            "n_models": entry.n_models,
            "json_url": absolute("api-board-json", *address, moment=moment),
            "csv_url": absolute("api-board-csv", *address, moment=moment),
            "page_url": absolute("board", *address, moment=moment),
        }


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@takes()
class BoardView(APIView):
    """One board as a whole, as JSON or CSV, each at an address of its own (`BoardPageView`: by pages)."""

    renderer_classes = [RowsJsonRenderer, BoardCsvRenderer]
    row_serializer = BoardRowSerializer

    @extend_schema(
        parameters=MOMENT,
        responses={
            (200, "application/json"): BoardSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            **problems(400, 404),
        },
        operation_id="read_board",
        tags=["boards"],
    )
    def get(self, request: Request, series: str, task: str) -> Response:
        """Answer with every row; as CSV the rows alone."""
        try:
            board = read_board(series_slug=series, task_slug=task, at=time_shown(request))
        except NotKept as error:
            raise Http404(str(error)) from error
        if board is None:
            raise Http404(f"There is no board {series}/{task}, or nothing has been accepted on it yet.")
        return Response(board_facts(board) | {"rows": row_values(board.rows, BoardRowSerializer)})


def board_facts(board: Board) -> dict[str, Any]:
    """What a download says of a board in front of its rows."""
    return {
        "series": board.series.slug,
        "task": board.task.slug,
        "grade": board.series.grade,
        "licence": board.series.licence,
        "citation": board.series.citation,
        "version": board.version,
        "version_at": board.version_at,
        "checkpoint": checkpoint_size_at(board.version_at),
        "cite_as": address_of_version("board", board.series.slug, board.task.slug, at=board.version_at),
        "as_of": board.as_of,
    }


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED)
@takes()
class ComparisonView(APIView):
    """General-purpose against task-specific models on one task, as JSON or CSV; each has an address of its own too."""

    renderer_classes = [RowsJsonRenderer, RowsCsvRenderer]
    row_serializer = ComparisonRowSerializer

    @extend_schema(
        responses={
            (200, "application/json"): ComparisonSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            **problems(404),
        },
        operation_id="read_comparison",
        tags=["comparisons"],
    )
    def get(self, _request: Request, task: str) -> Response:
        """Answer with every series' ratios; as CSV the rows alone."""
        task_row = Task.objects.named(task)
        comparison = read_comparison(task_row) if task_row else None
        if comparison is None or not (comparison.rows or comparison.n_missing):
            raise Http404(f"No series has both kinds of model on {task}.")
        data: dict[str, Any] = {
            "task": task,
            "licence": LICENCE,
            "n_missing": comparison.n_missing,
            "rows": row_values(comparison.rows, ComparisonRowSerializer),
        }
        return Response(data)
