"""What the API's description of itself says in the same words everywhere."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse

PROBLEM_TYPE = "application/problem+json"
"""Media type of problem documents (RFC 9457)."""


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """How refusals with these statuses look."""
    described = OpenApiResponse(
        OpenApiTypes.OBJECT, description="A problem document (RFC 9457) with a code and a sentence"
    )
    return {(status, PROBLEM_TYPE): described for status in statuses}
