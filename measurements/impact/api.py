"""The API's carbon intensities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.impact import intensity
from measurements.answer_cache.sources import made_of
from measurements.impact.serializers import IntensityRowSerializer, IntensityTableSerializer
from measurements.web.csv_renderer import RowsCsvRenderer
from measurements.web.known_parameters import takes
from measurements.web.openapi import problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request


@made_of()
@takes()
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
