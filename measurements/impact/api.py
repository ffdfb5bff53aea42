"""The API's reading half of impact: claims and carbon intensities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.impact import intensity
from joulemark.impact.claims import checked_claims
from joulemark.impact.parity import other_parities, study_parities
from joulemark.impact.study_ratios import family_ratios, study_size_controlled
from joulemark.suite.published import load_study
from measurements.answer_cache.sources import made_of
from measurements.impact.serializers import ClaimsSerializer, IntensityRowSerializer, IntensityTableSerializer
from measurements.published.terms import LICENCE, study_citation
from measurements.web.csv_renderer import RowsCsvRenderer
from measurements.web.openapi import problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request


@made_of()
class ClaimsView(APIView):
    """Common claims, checked against the published study's figures."""

    renderer_classes = [DownloadJsonRenderer]

    @extend_schema(responses=ClaimsSerializer, operation_id="list_claims", tags=["impact"])
    def get(self, _request: Request) -> Response:
        """Answer with every claim, and with ratios, size-controlled factor and parities of the same figures."""
        study = load_study()
        data = {
            "licence": LICENCE,
            "citation": study_citation(),
            "study_digest": study.digest,
            "claims": checked_claims(),
            "ratios": family_ratios(study),
            "size_controlled": study_size_controlled(study),
            "parities": study_parities(study),
            "other_parities": other_parities(),
        }
        return Response(ClaimsSerializer(data).data)


@made_of()
class IntensitiesView(APIView):
    """Yearly carbon intensities of electricity."""

    renderer_classes = [DownloadJsonRenderer, RowsCsvRenderer]
    row_serializer = IntensityRowSerializer

    @extend_schema(
        responses={
            (200, "application/json"): IntensityTableSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            **problems(404),
        },
        operation_id="list_intensities",
        tags=["impact"],
    )
    def get(self, _request: Request) -> Response:
        """Answer with every row, its source and its terms; as CSV the rows alone."""
        table = msgspec.structs.asdict(intensity.about()) | {"rows": intensity.rows()}
        return Response(IntensityTableSerializer(table).data)
