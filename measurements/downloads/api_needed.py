"""The API's reading half of needed work: which jobs of a suite to measure next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.boards.needed import read_needed
from measurements.boards.sources import BOARDS, JOB_NEEDS
from measurements.catalog.sources import CATALOG
from measurements.catalog.suites import known_suite
from measurements.contributors.sources import CONTRIBUTORS
from measurements.downloads.needed_serializers import NeededJobSerializer, NeededSerializer
from measurements.downloads.resource_serializers import READS
from measurements.intake.job_policy import require_pinned
from measurements.intake.refusals import BadRequest
from measurements.web.known_parameters import takes
from measurements.web.openapi import problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request

SUITE = OpenApiParameter(
    "suite", OpenApiTypes.STR, required=True, description="The suite's digest: SHA-256 in lower-case hex."
)


@made_of(BOARDS, CATALOG, CONTRIBUTORS, JOB_NEEDS)
@takes("suite")
class NeededView(APIView):
    """What to measure next."""

    throttle_scope = READS
    renderer_classes = [DownloadJsonRenderer]

    @extend_schema(
        parameters=[SUITE],
        responses={200: NeededSerializer, **problems(400, 404)},
        operation_id="list_needed",
        tags=["needed"],
    )
    def get(self, request: Request) -> Response:
        """Answer with a suite's jobs, first the one of which a further result would teach most."""
        digest = request.query_params.get("suite", "")
        if not digest:
            raise BadRequest(
                "JM-SUITE-MISSING", "Say which suite is meant: ?suite= and its digest, 64 hex digits."
            )
        suite = known_suite(digest)
        if suite is None:
            raise Http404(f"This platform has no suite with the digest {digest[:12]}.")
        require_pinned(suite)
        jobs = read_needed(suite)
        if jobs is None:
            raise Http404(f"Suite {suite.name} {suite.version} is not loaded on this platform yet.")
        return Response(
            {
                "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
                "jobs": NeededJobSerializer(jobs, many=True).data,  # type: ignore[arg-type]  # many=True
            }
        )
