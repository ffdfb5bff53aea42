"""The API's reading half: boards, comparisons, the list of results, and the bytes of each."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.http import http_date
from django.views.decorators.http import conditional_page
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.boards.comparing import read_comparison
from measurements.boards.filters import ResultFilter
from measurements.boards.reading import BoardEntry, list_boards, read_board
from measurements.boards.results import listed_submissions
from measurements.catalog.models import Task
from measurements.intake.models import Submission
from measurements.releases.links import absolute
from measurements.releases.renderers import RowsCsvRenderer
from measurements.releases.serializers import (
    BoardListSerializer,
    BoardRowSerializer,
    BoardSerializer,
    ComparisonRowSerializer,
    ComparisonSerializer,
    ResultSerializer,
)
from measurements.releases.terms import LICENCE, citation_of

PROBLEM = OpenApiResponse(OpenApiTypes.OBJECT, description="A problem document with a code and a sentence")
ONE_YEAR_S = 365 * 24 * 3600


def dated(data: Any, updated_at: datetime) -> Response:
    """An answer with its Last-Modified; the ETag is added from its bytes."""
    return Response(data, headers={"Last-Modified": http_date(updated_at.timestamp())})


@method_decorator(conditional_page, name="dispatch")
class BoardListView(APIView):
    """Every board that has a row."""

    @extend_schema(responses=BoardListSerializer, operation_id="list_boards", tags=["boards"])
    def get(self, request: Request) -> Response:
        """Answer with the boards and where each can be downloaded."""
        return Response({"boards": [self._entry(entry) for entry in list_boards()]})

    @staticmethod
    def _entry(entry: BoardEntry) -> dict[str, object]:
        address = (entry.series.slug, entry.task.slug)
        return {
            "series": entry.series.slug,
            "task": entry.task.slug,
            "grade": entry.series.grade,
            "n_rows": entry.n_rows,
            "n_models": entry.n_models,
            "json_url": absolute("api-board-json", *address),
            "csv_url": absolute("api-board-csv", *address),
            "page_url": absolute("board", *address),
        }


@method_decorator(conditional_page, name="dispatch")
class BoardView(APIView):
    """One board, as JSON or CSV."""

    renderer_classes = [JSONRenderer, RowsCsvRenderer]
    row_serializer = BoardRowSerializer

    @extend_schema(responses={200: BoardSerializer, 404: PROBLEM}, operation_id="read_board", tags=["boards"])
    def get(self, request: Request, series: str, task: str, format: str | None = None) -> Response:  # noqa: A002 - DRF's name
        """Answer with every row; as CSV the rows alone."""
        board = read_board(series_slug=series, task_slug=task)
        if board is None:
            raise Http404(f"There is no board {series}/{task}, or nothing has been accepted on it yet.")
        data = {
            "series": series,
            "task": task,
            "grade": board.series.grade,
            "licence": LICENCE,
            "citation": citation_of(board.series),
            "rows": BoardRowSerializer(board.rows, many=True).data,
        }
        return dated(data, board.updated_at)


@method_decorator(conditional_page, name="dispatch")
class ComparisonView(APIView):
    """General-purpose against task-specific models on one task, as JSON or CSV."""

    renderer_classes = [JSONRenderer, RowsCsvRenderer]
    row_serializer = ComparisonRowSerializer

    @extend_schema(responses={200: ComparisonSerializer, 404: PROBLEM}, operation_id="read_comparison", tags=["comparisons"])
    def get(self, request: Request, task: str, format: str | None = None) -> Response:  # noqa: A002 - DRF's name
        """Answer with every series' ratios; as CSV the rows alone."""
        found = Task.objects.filter(slug=task).first()
        rows = read_comparison(found) if found else []
        if not rows:
            raise Http404(f"No series has both kinds of model on {task}.")
        data = {"task": task, "licence": LICENCE, "rows": ComparisonRowSerializer(rows, many=True).data}
        return dated(data, max(row.updated_at for row in rows))


class ResultPages(PageNumberPagination):
    """A hundred results a page, up to a thousand where asked for."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class ResultListView(ListAPIView[Submission]):
    """Every received result in every state, latest first."""

    serializer_class = ResultSerializer
    pagination_class = ResultPages
    filter_backends = [DjangoFilterBackend]
    filterset_class = ResultFilter

    def get_queryset(self) -> QuerySet[Submission]:
        """Everything; the filter narrows it."""
        return listed_submissions()

    @extend_schema(operation_id="list_results", tags=["results"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page of results."""
        return super().get(request, *args, **kwargs)


class BundleView(APIView):
    """The bytes of a result, exactly as they were received."""

    @extend_schema(
        responses={(200, "application/vnd.joulemark.bundle+json"): OpenApiTypes.BINARY, 404: PROBLEM},
        operation_id="download_bundle",
        tags=["results"],
    )
    def get(self, request: Request, result_id: str) -> HttpResponse:
        """Answer with the bundle; it never changes, so it may be kept for ever."""
        stored = Submission.objects.filter(pk=result_id).values_list("bundle", flat=True).first()
        if stored is None:
            raise Http404(f"This platform has no result {result_id[:12]}.")
        digest = base64.b64encode(bytes.fromhex(result_id)).decode()
        headers = {
            "Cache-Control": f"public, max-age={ONE_YEAR_S}, immutable",
            "Content-Disposition": f'attachment; filename="{result_id[:12]}.joulemark.json"',
            "ETag": f'"{result_id}"',
            "Repr-Digest": f"sha-256=:{digest}:",
        }
        return HttpResponse(bytes(stored), content_type="application/vnd.joulemark.bundle+json", headers=headers)
