"""The API's reading half of results: the list, and the bytes of each."""

from __future__ import annotations

import base64
from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response
from django_filters.rest_framework import DjangoFilterBackend  # type: ignore[import-untyped]
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of, note_one_off
from measurements.boards.board_query import QueryRefused
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.downloads.resource import API_VERSION, MOST_ROWS, ROWS_PER_PAGE
from measurements.downloads.resource_query import read_limit
from measurements.downloads.resource_serializers import READS
from measurements.downloads.result_cursor import CURSOR, behind, cursor_of
from measurements.downloads.serializers import ResultSerializer
from measurements.intake.models import Submission
from measurements.intake.refusals import BadRequest
from measurements.intake.sources import SUBMISSIONS
from measurements.published.terms import LICENCE
from measurements.review.filters import ResultFilter
from measurements.review.listing import listed_submissions
from measurements.review.sources import JUDGED_RESULTS
from measurements.web.bounded_pages import COUNTED_ROWS, BoundedPaginator
from measurements.web.deprecation import Deprecation
from measurements.web.format_choice import bytes_type
from measurements.web.known_parameters import takes
from measurements.web.links import OriginPages
from measurements.web.openapi import BUNDLE_TYPE, OCTETS, problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

REFERENCE = f"{settings.ORIGIN}/api/v1/docs/"
ONE_YEAR_S = 365 * 24 * 3600


PAGES_BY_NUMBER = Deprecation(since=date(2026, 12, 2), documentation=REFERENCE)
"""A result that arrives between two pages by number moves all others: one of them is seen twice."""


UNITS = {"queries": "1", "energy_per_query_j": "J"}
FRAME = {"resource": "results", "api_version": API_VERSION, "licence": LICENCE, "units": UNITS}
"""What stands beside the rows, as in every list; each of the unit energies says its own unit."""
LIMIT = "limit"


class ResultPages(OriginPages):
    """A hundred results a page, up to a thousand where asked for; `count` goes no further than is counted.

    A page begins behind a result, by when it was received and its id, which never change: whoever follows `next` meets
    every result that was there at the beginning once, and none twice. Pages by number are there for who asks for them.
    """

    django_paginator_class = BoundedPaginator
    page_size = ROWS_PER_PAGE
    page_size_query_param = "page_size"
    max_page_size = MOST_ROWS
    cursor = ""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """The results of a page, behind those of the pages before."""
        self.cursor = request.query_params.get(CURSOR, "")
        if self.cursor:
            if self.page_query_param in request.query_params:
                raise BadRequest("JM-QUERY-VALUE", "A page has a cursor or a number: leave one of them out.")
            queryset = behind(queryset, self.cursor)
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int | None:
        """Rows of a page: `limit`, as in every list, or `page_size`, its older name. Raises BadRequest for no limit."""
        if LIMIT not in request.query_params:
            return super().get_page_size(request)
        if self.page_size_query_param in request.query_params:
            raise BadRequest("JM-QUERY-VALUE", "limit and page_size are one thing: leave page_size out.")
        try:
            return read_limit(request.query_params[LIMIT].strip())
        except QueryRefused as refusal:
            raise BadRequest(refusal.code, str(refusal)) from refusal

    def get_paginated_response(self, data: Any) -> Response:
        """The page with what every list has beside its rows."""
        response: Response = super().get_paginated_response(data)
        response.data = FRAME | response.data
        return response

    def get_next_link(self) -> str | None:
        """The address of the next page: behind the last result of this one, or by number where that was asked for."""
        page, request = self.page, self.request
        if request is None or page is None or self.page_query_param in request.query_params:
            return super().get_next_link()
        if not page.has_next():
            return None
        here = f"{settings.ORIGIN}{request.get_full_path()}"
        return str(replace_query_param(here, CURSOR, cursor_of(page.object_list[-1])))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Say how far the count goes."""
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        described["properties"] |= {
            "resource": {"type": "string", "description": "Name of the list, as in its address."},
            "api_version": {"type": "string"},
            "licence": {"type": "string", "description": "Terms of the data."},
            "units": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Unit of each field that is an amount; `1` for a count.",
            },
        }
        described["properties"]["count"]["description"] = (
            f"{COUNTED_ROWS} where there are as many or more: `next` says whether there is more."
        )
        return described


@made_of(CATALOG, CONTRIBUTORS, JUDGED_RESULTS, SUBMISSIONS)
@takes(*ResultFilter.base_filters, CURSOR, LIMIT, "page", "page_size")
class ResultListView(ListAPIView[Submission]):
    """Every received result in every state, latest first."""

    throttle_scope = READS

    renderer_classes = [DownloadJsonRenderer]
    serializer_class = ResultSerializer
    pagination_class = ResultPages
    filter_backends = [DjangoFilterBackend]
    filterset_class = ResultFilter

    def get_queryset(self) -> QuerySet[Submission]:
        """Everything; the filter narrows it."""
        return listed_submissions()

    @extend_schema(
        operation_id="list_results",
        tags=["results"],
        parameters=[
            OpenApiParameter(
                CURSOR,
                OpenApiTypes.STR,
                description="Where the page begins, out of `next` of the page before.",
            ),
            OpenApiParameter(
                LIMIT,
                OpenApiTypes.INT,
                description=f"Rows of a page, {ROWS_PER_PAGE} unless said; at most {MOST_ROWS}.",
            ),
            OpenApiParameter(
                "page",
                OpenApiTypes.INT,
                description="Which page, from 1 on. A result that arrives meanwhile moves all others: follow `next`.",
                deprecated=True,
            ),
        ],
        responses={200: ResultSerializer(many=True), **problems(400, 404)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page of results."""
        if request.query_params.get(CURSOR):
            note_one_off(request)
        response = super().get(request, *args, **kwargs)
        if ResultPages.page_query_param in request.query_params:
            PAGES_BY_NUMBER.mark(response)
        return response


@takes()
class BundleView(APIView):
    """The bytes of a result, exactly as they were received."""

    @extend_schema(
        responses={
            (200, OCTETS): OpenApiTypes.BINARY,
            (200, BUNDLE_TYPE): OpenApiTypes.BINARY,
            **problems(404),
        },
        operation_id="download_bundle",
        tags=["results"],
    )
    def get(self, request: Request, result_id: str) -> HttpResponse:
        """Answer with the bundle; it never changes, so it may be kept for ever.

        Whoever has it already is told so without its bytes being read.
        """
        if not_modified := _known_already(request, result_id):
            return not_modified
        stored = Submission.objects.filter(pk=result_id).values_list("bundle", flat=True).first()
        if stored is None:
            raise Http404(f"This platform has no result {result_id[:12]}.")
        digest = base64.b64encode(bytes.fromhex(result_id)).decode()
        headers = {
            **_kept_for_ever(result_id),
            "Content-Disposition": f'attachment; filename="{result_id[:12]}.joulemark.json"',
            "Repr-Digest": f"sha-256=:{digest}:",
        }
        return HttpResponse(bytes(stored), content_type=bytes_type(request, BUNDLE_TYPE), headers=headers)


def _kept_for_ever(result_id: str) -> dict[str, str]:
    return {
        "Cache-Control": f"public, max-age={ONE_YEAR_S}, immutable",
        "ETag": f'"{result_id}"',
        "Vary": "Accept",
    }


def _known_already(request: Request, result_id: str) -> HttpResponse | None:
    """304 where the client has this bundle and it is still here; None otherwise."""
    headers = _kept_for_ever(result_id)
    response = get_conditional_response(request._request, etag=headers["ETag"])
    if (
        response is None
        or response.status_code != 304
        or not Submission.objects.filter(pk=result_id).exists()
    ):
        return None
    for name, value in headers.items():
        response.headers[name] = value
    return response
