"""The API's half of a task's table: the rows that a query finds, as JSON or CSV."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.boards.board_query import BoardQuery, QueryRefused
from measurements.boards.requested_rows import requested_query, requested_table
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.downloads.table_serializers import (
    TableRowSerializer,
    TableSerializer,
    table_row_values,
)
from measurements.intake.refusals import BadRequest
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import honours_as_of, moment_shown
from measurements.web.csv_renderer import RowsCsvRenderer
from measurements.web.openapi import MOMENT, problems
from measurements.web.simulated import RowsJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request

    from measurements.boards.board_table import BoardTable

QUERY = [
    OpenApiParameter(field.name, OpenApiTypes.STR, description="As in the form of the task's page.")
    for field in fields(BoardQuery)
]


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
class TableView(APIView):
    """One page of a task's table, as JSON or CSV; each has an address of its own too."""

    renderer_classes = [RowsJsonRenderer, RowsCsvRenderer]
    row_serializer = TableRowSerializer

    @extend_schema(
        parameters=[*QUERY, *MOMENT],
        responses={
            (200, "application/json"): TableSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            **problems(400, 404),
        },
        operation_id="read_table",
        tags=["boards"],
    )
    def get(self, request: Request, task: str) -> Response:
        """Answer with the rows of one page; as CSV the rows alone."""
        try:
            table = requested_table(request, task, requested_query(request))
        except QueryRefused as refusal:
            raise BadRequest(refusal.code, str(refusal)) from refusal
        if table is None:
            raise Http404(f"There is no task {task}, or nothing has been accepted for it yet.")
        return Response(_data(request, table))


def _data(request: Request, table: BoardTable) -> dict[str, Any]:
    query, moment = table.query, moment_shown(request)
    series = {line.row.series: line.series for line in table.rows}
    following = None
    if query.page < table.n_pages:
        following = table.address(moment, name="api-task-json", query=query.but(page=query.page + 1))
    return {
        "task": table.task.slug,
        "query": query.parameters,
        "page_url": table.address(moment),
        "unit": query.unit,
        "region": query.region,
        "year": query.year,
        "n_rows": table.n_rows,
        "page": query.page,
        "n_pages": table.n_pages,
        "next": following,
        "as_of": table.as_of,
        "versions": table.versions,
        "licences": {slug: each.licence for slug, each in sorted(series.items())},
        "citations": {slug: each.citation for slug, each in sorted(series.items())},
        "rows": table_row_values(table),
    }
