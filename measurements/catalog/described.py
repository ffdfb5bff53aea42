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
    """Say of every question that an address is refused which is too long, or holds what cannot be read."""
    for operations in result["paths"].values():
        if "get" in operations:
            content = {PROBLEM_TYPE: {"schema": {"type": "object", "additionalProperties": {}}}}
            answers = operations["get"]["responses"]
            answers["414"] = {"content": content, "description": "The address is longer than 4,094 bytes"}
            answers.setdefault(
                "400", {"content": content, "description": "The address or a header cannot be read"}
            )
    return result
