"""CSV out: the same rows as the JSON, flat, and harmless when a spreadsheet opens them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet may run as a formula (OWASP, "CSV Injection")."""


def harmless(value: object) -> object:
    """`value` as a CSV cell: text that could be read as a formula gets an apostrophe in front; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, str) and value.lstrip(" ").startswith(DANGEROUS):
        return f"'{value}"
    return value


def table(rows: list[Mapping[str, Any]], columns: list[str]) -> str:
    """CSV text with a heading (RFC 4180)."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([harmless(_flat(row[name])) for name in columns] for row in rows)
    return stream.getvalue()


def _flat(value: object) -> object:
    """A list of scores as `metric=value;metric=value`; anything else as it is."""
    if isinstance(value, list):
        return ";".join(f"{score['metric']}={score['value']}" for score in value)
    return value


class RowsCsvRenderer(BaseRenderer):
    """Renders {"rows": [...]} as CSV. The columns are those of the serializer that the view names as `row_serializer`."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> str:
        """The rows as text; a problem document has no rows and stays JSON."""
        if "rows" not in data:
            return json.dumps(data)
        view = (renderer_context or {})["view"]
        return table(data["rows"], list(view.row_serializer().fields))
