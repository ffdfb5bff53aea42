"""The API's calculator: a year of use, with an energy of the study, of the reader, or of a board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.impact.reported import reported_queries
from joulemark.impact.usage import year_of
from measurements.answer_cache.sources import made_of
from measurements.boards.impact_values import find_value
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.downloads.year_of_use_serializer import YearOfUseSerializer
from measurements.impact.form import CLAIM, OWN, UsageForm, study_queries
from measurements.impact.values import VALUE, VALUE_NAMED_BY
from measurements.intake.refusals import BadRequest
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import honours_as_of, moment_shown
from measurements.web.known_parameters import takes
from measurements.web.openapi import MOMENT, problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request


def parameter(name: str, kind: OpenApiTypes, description: str, **more: Any) -> OpenApiParameter:
    """A question of the calculator."""
    return OpenApiParameter(name, kind, description=description, **more)


USAGE = [
    parameter(
        "query",
        OpenApiTypes.STR,
        f"A task of the published study, a reported claim (`{CLAIM}` and its name), `{OWN}`, or `{VALUE}`: one of a "
        "board.",
        required=True,
        enum=[*study_queries(), *(f"{CLAIM}{name}" for name in reported_queries()), OWN, VALUE],
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


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@takes(*(each.name for each in USAGE))
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
        form = UsageForm(request.query_params, find_value=find_value, moment=moment_shown(request))
        if not form.is_valid():
            by_field = form.errors.get_json_data().items()
            wrong = [f"{name}: {error['message']}" for name, errors in by_field for error in errors]
            raise BadRequest("JM-IMPACT-QUESTION", " ".join(wrong))
        return Response(YearOfUseSerializer(year_of(form.usage()), context={"row": form.row}).data)
