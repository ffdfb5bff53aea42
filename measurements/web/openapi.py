"""Shared parts of the API's OpenAPI description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

OCTETS = "application/octet-stream"
"""What signed bytes are to a program that does not know our formats: something to carry unchanged."""

BUNDLE_TYPE = "application/vnd.joulemark.bundle+json"
"""Media type of bundles."""

SIGNED_BYTES = {OCTETS: OpenApiTypes.BINARY}
"""The body of a signed door. Whoever decodes and encodes it breaks the signature, and generated clients do that with
every media type that has JSON in its name (docs/decisions/0028)."""

PROBLEM_TYPE = "application/problem+json"
"""Media type of problem documents (RFC 9457)."""


MOMENT = [
    OpenApiParameter(
        "as_of",
        OpenApiTypes.STR,
        description="A day or time (ISO 8601): the board as the platform showed it then.",
    ),
    OpenApiParameter(
        "checkpoint",
        OpenApiTypes.STR,
        description="The size of a signed checkpoint of the log: the board when it was signed.",
    ),
]
"""The parameters of an operation that can be asked as of a moment."""


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """How refusals with these statuses look."""
    described = OpenApiResponse(
        OpenApiTypes.OBJECT, description="A problem document (RFC 9457) with a code and a sentence"
    )
    return {(status, PROBLEM_TYPE): described for status in statuses}


def with_common_refusals(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Say of every question what any of them is refused for: its address, or an ETag that is not the present one."""
    for operations in result["paths"].values():
        if "get" in operations:
            content = {PROBLEM_TYPE: {"schema": {"type": "object", "additionalProperties": {}}}}
            answers = operations["get"]["responses"]
            answers["414"] = {"content": content, "description": "The address is longer than 4,094 bytes"}
            answers["412"] = {
                "content": content,
                "description": "The answer has another ETag than If-Match names",
            }
            answers.setdefault(
                "400", {"content": content, "description": "The address or a header cannot be read"}
            )
    return result


def with_needed_bodies(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Say of every signed door that it needs a body: the generator calls a body of plain bytes optional."""
    for operations in result["paths"].values():
        if body := operations.get("post", {}).get("requestBody"):
            body["required"] = True
    return result


def without_blank_choices(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Describe a choice of which one is the empty text by words: an enumeration has no name for that member.

    Runs before the enumerations are collected. A choice that may be null keeps its enumeration and is nullable.
    """
    for part in _parts(result):
        choices = part.get("enum")
        if not isinstance(choices, list):
            continue
        named = [choice for choice in choices if choice not in {"", None}]
        if "" in choices:
            part.pop("enum")
            part.pop("x-spec-enum-id", None)
            sentence = f"One of {', '.join(f'`{choice}`' for choice in named)}, or empty."
            part["description"] = f"{part.get('description', '')} {sentence}".strip()
        elif None in choices:
            part["enum"], part["nullable"] = named, True
    return result


def _parts(description: object) -> Iterator[dict[str, Any]]:
    """Yield every object of a description, the outermost first."""
    if isinstance(description, dict):
        yield description
        for value in list(description.values()):
            yield from _parts(value)
    elif isinstance(description, list):
        for value in description:
            yield from _parts(value)
