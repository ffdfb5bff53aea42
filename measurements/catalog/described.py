"""What the API's description of itself says in the same words everywhere."""

from __future__ import annotations

from typing import Any

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


def with_long_addresses(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Say of every question that the web server refuses an address which is too long, before the platform sees it."""
    for operations in result["paths"].values():
        if "get" in operations:
            operations["get"]["responses"]["414"] = {
                "description": "The address is longer than the web server takes (4,094 bytes)"
            }
    return result
