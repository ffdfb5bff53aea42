"""The API's description of itself at an address."""

from __future__ import annotations

from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from measurements.answer_cache.sources import made_of


@made_of()
class SchemaView(SpectacularAPIView):
    """The API's description (OpenAPI 3.0), as YAML or JSON.

    The API has one version. What a reader names as another has no effect: drf-spectacular would write it into the
    name of the file, and so into a header.
    """

    def _get_version_parameter(self, _request: Request) -> None:
        return None
