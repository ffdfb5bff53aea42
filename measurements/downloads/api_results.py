"""The API's reading half of results: the list, and the bytes of each."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response
from django_filters.rest_framework import DjangoFilterBackend  # type: ignore[import-untyped]
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.downloads.serializers import ResultSerializer
from measurements.intake.models import Submission
from measurements.intake.sources import SUBMISSIONS
from measurements.review.filters import ResultFilter
from measurements.review.listing import listed_submissions
from measurements.review.sources import JUDGED_RESULTS
from measurements.web.bounded_pages import COUNTED_ROWS, BoundedPaginator
from measurements.web.csv_renderer import bytes_type
from measurements.web.links import OriginPages
from measurements.web.openapi import BUNDLE_TYPE, OCTETS, problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

ONE_YEAR_S = 365 * 24 * 3600


class ResultPages(OriginPages):
    """A hundred results a page, up to a thousand where asked for; `count` goes no further than is counted."""

    django_paginator_class = BoundedPaginator
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Say how far the count goes."""
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        described["properties"]["count"]["description"] = (
            f"{COUNTED_ROWS} where there are as many or more: `next` says whether there is more."
        )
        return described


@made_of(CATALOG, CONTRIBUTORS, JUDGED_RESULTS, SUBMISSIONS)
class ResultListView(ListAPIView[Submission]):
    """Every received result in every state, latest first."""

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
        responses={200: ResultSerializer(many=True), **problems(400, 404)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page of results."""
        return super().get(request, *args, **kwargs)


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
