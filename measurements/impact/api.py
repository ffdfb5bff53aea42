"""The API's carbon intensities."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec
from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.impact import intensity
from measurements.answer_cache.sources import made_of
from measurements.impact.serializers import IntensityRowSerializer, IntensityTableSerializer
from measurements.web.csv_renderer import RowsCsvRenderer
from measurements.web.deprecation import Deprecation, deprecated
from measurements.web.known_parameters import takes
from measurements.web.openapi import problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request


WHOLE_TABLES = Deprecation(since=date(2026, 12, 2), documentation=f"{settings.ORIGIN}/api/v1/docs/")
"""Documents that hold several tables whole: each of these is a list of its own now."""


@made_of()
@takes()
class IntensitiesView(APIView):
    """Yearly carbon intensities of electricity."""

    throttle_scope = "reads"
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


@deprecated(WHOLE_TABLES)
@extend_schema_view(get=extend_schema(deprecated=True))
class WholeIntensitiesView(IntensitiesView):
    """The same under the address of all formats: `intensities/years/` has the rows by pages."""
