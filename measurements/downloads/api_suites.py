"""The API's reading half of suites: which this platform hands out, and the files of each."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.catalog.models import PinnedSuite
from measurements.catalog.sources import CATALOG
from measurements.catalog.suites import current_digests, known_suites, pin_advice, unpinned_suites
from measurements.downloads.resource_serializers import READS
from measurements.downloads.suite_serializers import SuiteListSerializer
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.sources import LEAVES
from measurements.web.format_choice import bytes_type
from measurements.web.known_parameters import takes
from measurements.web.links import absolute
from measurements.web.openapi import OCTETS, problems

if TYPE_CHECKING:
    from rest_framework.request import Request

    from joulemark.suite import Suite

TAR_TYPE = "application/x-tar"
ONE_YEAR_S = 365 * 24 * 3600
DATA_SIZE_UNKNOWN = "the hub is not asked how large the files of a data set are when a suite is pinned"


@made_of(CATALOG, LEAVES)
@takes()
class SuiteListView(APIView):
    """Every suite that is handed out, former versions too."""

    throttle_scope = READS

    @extend_schema(responses={200: SuiteListSerializer}, operation_id="list_suites", tags=["suites"])
    def get(self, _request: Request) -> Response:
        """Answer with the suites in the order in which they were pinned: of each name the current version is last."""
        suites, current = known_suites(), set(current_digests().values())
        rows = [row for row in PinnedSuite.objects.in_order() if row.suite.digest in suites]
        places = dict(
            Leaf.objects.filter(
                kind=LeafKind.SUITE_PINNED, subject__in=[row.suite.digest for row in rows]
            ).values_list("subject", "index")
        )
        offered = [
            _offered(row, suites[row.suite.digest], place=places.get(row.suite.digest))
            | {"current": row.suite.digest in current}
            for row in rows
        ]
        unpinned = [_unpinned(suite) for suite in unpinned_suites()]
        return Response(SuiteListSerializer({"suites": offered, "unpinned": unpinned}).data)


def _offered(row: PinnedSuite, suite: Suite, *, place: int | None) -> dict[str, Any]:
    runnable = [job for job in suite.jobs if suite.obstacle(job) is None]
    models = {job.model for job in runnable}
    data = {job.dataset for job in runnable}
    on_hub = any(suite.dataset(name).hub_id is not None for name in data)
    rows_url = absolute("log-rows")
    return {
        "name": suite.name,
        "version": suite.version,
        "title": suite.title,
        "digest": suite.digest,
        "cells": len(suite.jobs),
        "runnable_cells": len(runnable),
        "archive_bytes": row.archive_bytes,
        "weights_bytes": sum(file.bytes for name in models for file in suite.model(name).files),
        "data_bytes": None if on_hub else 0,
        "data_bytes_reason": DATA_SIZE_UNKNOWN if on_hub else None,
        "pinned_at": row.pinned_at,
        "archive_url": absolute("api-suite-archive", suite.digest),
        "log": {
            "index": place,
            "url": None if place is None else f"{rows_url}?start={place}&end={place + 1}",
        },
    }


def _unpinned(suite: Suite) -> dict[str, Any]:
    return {
        "name": suite.name,
        "version": suite.version,
        "title": suite.title,
        "cells": len(suite.jobs),
        "sentence": pin_advice(suite),
    }


@takes()
class SuiteArchiveView(APIView):
    """The files of a suite, exactly as they were pinned."""

    @extend_schema(
        responses={
            (200, OCTETS): OpenApiTypes.BINARY,
            (200, TAR_TYPE): OpenApiTypes.BINARY,
            **problems(404),
        },
        operation_id="download_suite",
        tags=["suites"],
    )
    def get(self, request: Request, digest: str) -> HttpResponse:
        """Answer with a tar archive; it never changes, so it may be kept for ever.

        Whoever has it already is told so without its bytes being read.
        """
        headers = {
            "Cache-Control": f"public, max-age={ONE_YEAR_S}, immutable",
            "ETag": f'"{digest}"',
            "Vary": "Accept",
        }
        stored = PinnedSuite.objects.filter(suite__digest=digest)
        not_modified = get_conditional_response(request._request, etag=headers["ETag"])
        if not_modified is not None and not_modified.status_code == 304 and stored.exists():
            for name, value in headers.items():
                not_modified.headers[name] = value
            return not_modified
        row = stored.values_list("archive", "suite__name", "suite__version").first()
        if row is None:
            raise Http404(f"This platform hands out no suite with the digest {digest[:12]}.")
        archive, name, version = row
        content_digest = base64.b64encode(hashlib.sha256(archive).digest()).decode()
        headers |= {
            "Content-Disposition": f'attachment; filename="{name}-{version}.tar"',
            "Repr-Digest": f"sha-256=:{content_digest}:",
        }
        return HttpResponse(bytes(archive), content_type=bytes_type(request, TAR_TYPE), headers=headers)
