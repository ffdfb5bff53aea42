"""The API's reading half of impact: claims, carbon intensities, and a year of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.impact import intensity
from joulemark.impact.claims import checked_claims
from joulemark.impact.parity import other_parities, study_parities
from joulemark.impact.study_ratios import family_ratios, study_size_controlled
from joulemark.impact.usage import year_of
from joulemark.suite.published import load_study
from measurements.boards.impact_form import OWN, UsageForm, study_queries
from measurements.boards.impact_values import VALUE, VALUE_NAMED_BY
from measurements.intake.refusals import BadRequest
from measurements.published.terms import LICENCE, study_citation
from measurements.releases.impact_serializers import (
    ClaimsSerializer,
    IntensityRowSerializer,
    IntensityTableSerializer,
    YearOfUseSerializer,
)
from measurements.web.as_of import honours_as_of, moment_shown
from measurements.web.csv_renderer import OneFormat, RowsCsvRenderer
from measurements.web.openapi import MOMENT, problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request


def parameter(name: str, kind: OpenApiTypes, description: str, **more: Any) -> OpenApiParameter:
    """A question of the calculator."""
    return OpenApiParameter(name, kind, description=description, **more)


USAGE = [
    parameter(
        "query", OpenApiTypes.STR, f"A task of the published study, `{OWN}`, or `{VALUE}`: one of a board.",
        required=True, enum=[*study_queries(), OWN, VALUE],
    ),
    parameter("queries_per_day", OpenApiTypes.DOUBLE, "Of each user.", required=True),
    parameter("users", OpenApiTypes.INT64, "How many.", required=True),
    parameter("place", OpenApiTypes.STR, "A code of the table of intensities."),
    parameter("year", OpenApiTypes.INT, "Of the intensity; without it the latest."),
    parameter("gco2e_per_kwh", OpenApiTypes.DOUBLE, "An intensity of your own, instead of a place's."),
    parameter("wh_per_query", OpenApiTypes.DOUBLE, f"Watt-hours of a query, for `{OWN}` alone."),
    parameter("wh_low", OpenApiTypes.DOUBLE, "The lower end of its range."),
    parameter("wh_high", OpenApiTypes.DOUBLE, "The upper end of its range."),
    *(parameter(name, OpenApiTypes.STR, f"Of a board's row, for `{VALUE}` alone.") for name in VALUE_NAMED_BY),
]  # fmt: skip


class ClaimsView(APIView):
    """What is commonly said, checked against the published study's figures."""

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


class IntensitiesCsvView(IntensitiesView):
    """The rows, as a file of its own name."""

    renderer_classes = [RowsCsvRenderer]
    content_negotiation_class = OneFormat

    @extend_schema(
        responses={(200, "text/csv"): OpenApiTypes.STR},
        operation_id="download_intensities_csv",
        tags=["impact"],
    )
    def get(self, _request: Request) -> Response:
        """Answer with the rows alone."""
        return super().get(_request)


@honours_as_of
class ImpactView(APIView):
    """What a year of use takes."""

    renderer_classes = [DownloadJsonRenderer]

    @extend_schema(
        parameters=[*USAGE, *MOMENT],
        responses={200: YearOfUseSerializer, **problems(400)},
        operation_id="read_impact",
        tags=["impact"],
    )
    def get(self, request: Request) -> Response:
        """Answer with energy, emissions and equivalences, each with its interval and its sources."""
        form = UsageForm(request.query_params, moment=moment_shown(request))
        if not form.is_valid():
            said = form.errors.get_json_data().items()
            wrong = [f"{name}: {error['message']}" for name, errors in said for error in errors]
            raise BadRequest("JM-IMPACT-QUESTION", " ".join(wrong))
        return Response(YearOfUseSerializer(year_of(form.usage()), context={"row": form.row}).data)
