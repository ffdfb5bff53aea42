"""The field of every download that says whether the platform holds a simulated crowd, which nobody measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from rest_framework import renderers

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD = "simulated"
TAGS = {"boards", "comparisons", "data", "impact", "needed", "results"}
"""Of the operations that are downloads."""

DESCRIPTION = (
    "True: this platform holds a simulated crowd, and volunteers' numbers are invented: never cite them."
)


def is_simulated(renderer_context: Mapping[str, Any] | None) -> bool:
    """What the request knows of crowds (`joulemark_site.crowd.presence`)."""
    request = (renderer_context or {}).get("request")
    return bool(getattr(request, FIELD, False))


class DownloadJsonRenderer(renderers.JSONRenderer):
    """JSON with the field in front of all others; a problem document stays as it is."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON as bytes."""
        response = (renderer_context or {}).get("response")
        if isinstance(data, dict) and getattr(response, "status_code", 200) == 200:
            data = {FIELD: is_simulated(renderer_context)} | data
        return super().render(data, accepted_media_type, renderer_context)


class RowsJsonRenderer(DownloadJsonRenderer):
    """The same for many rows, all of whose numbers are finite: the same bytes in a tenth of the time."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON as bytes; with an indent, where the client asks for one, and of a problem document as ever."""
        context = renderer_context or {}
        is_plain = "rows" in data and self.get_indent(accepted_media_type or "", context) is None
        if not is_plain:
            return super().render(data, accepted_media_type, context)
        marked = {FIELD: is_simulated(context)} | data
        return msgspec.json.encode(marked, enc_hook=self.encoder_class().default)


def with_field(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Describe the field in every answer that `DownloadJsonRenderer` gives."""
    for operations in result["paths"].values():
        read = operations.get("get", {})
        if not TAGS & set(read.get("tags", ())):
            continue
        for media in read["responses"]["200"].get("content", {}).values():
            name = media["schema"].get("$ref", "").rsplit("/", 1)[-1]
            component = result["components"]["schemas"].get(name)
            if component is not None:  # a message of the wire format is written by its own class
                described = {FIELD: {"type": "boolean", "description": DESCRIPTION}}
                component["properties"] = described | component["properties"]
                component["required"] = [FIELD, *(n for n in component.get("required", ()) if n != FIELD)]
    return result
