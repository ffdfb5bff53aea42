"""The API's reading half of boards by pages; the whole board is a file at an address of its own (`api.BoardView`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.boards.board_pages import ROWS_PER_PAGE
from measurements.boards.queries import NotKept, read_board
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.downloads.api import board_facts
from measurements.downloads.board_csv import BoardCsvRenderer
from measurements.downloads.row_values import row_values
from measurements.downloads.serializers import BoardRowSerializer, BoardSerializer
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import honours_as_of, time_shown
from measurements.web.known_parameters import takes
from measurements.web.links import OriginPages
from measurements.web.openapi import MOMENT, problems
from measurements.web.simulated import RowsJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request

PAGE = OpenApiParameter("page", OpenApiTypes.INT, description="Which page, from 1 on.")


class BoardPages(OriginPages):
    """As many rows a page as the board's own pages have."""

    page_size = ROWS_PER_PAGE


class BoardPageSerializer(BoardSerializer):
    """One page of a board's rows."""

    count = serializers.IntegerField(help_text="Rows of all pages.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@takes("page")
class BoardPageView(APIView):
    """One page of a board, as JSON or CSV."""

    renderer_classes = [RowsJsonRenderer, BoardCsvRenderer]
    row_serializer = BoardRowSerializer

    @extend_schema(
        parameters=[PAGE, *MOMENT],
        responses={
            (200, "application/json"): BoardPageSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            **problems(400, 404),
        },
        operation_id="read_board",
        tags=["boards"],
    )
    def get(self, request: Request, series: str, task: str) -> Response:
        """Answer with a hundred rows; as CSV these alone, and the pages beside them in the header `Link`."""
        page = request.query_params.get(BoardPages.page_query_param, 1)
        try:
            board = read_board(series_slug=series, task_slug=task, at=time_shown(request), page=page)
        except NotKept as error:
            raise Http404(str(error)) from error
        if board is None:
            raise Http404(f"There is no board {series}/{task}, or nothing has been accepted on it yet.")
        pages = BoardPages()
        pages.paginate_queryset(range(board.n_rows), request, view=self)
        links = {"next": pages.get_next_link(), "previous": pages.get_previous_link()}
        data: dict[str, Any] = board_facts(board) | {"count": board.n_rows} | links
        data["rows"] = row_values(board.rows, BoardRowSerializer)
        named = [f'<{address}>; rel="{name}"' for name, address in links.items() if address]
        return Response(data, headers={"Link": ", ".join(named)} if named else None)
