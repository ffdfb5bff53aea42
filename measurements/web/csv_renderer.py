"""CSV out: the same rows as the JSON, flat, and harmless when a spreadsheet opens them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.renderers import BaseRenderer

from measurements.web.simulated import FIELD, is_simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet may run as a formula (OWASP, "CSV Injection")."""


def harmless(value: object) -> object:
    """`value` as a CSV cell: text like a formula gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ").startswith(DANGEROUS) else value
    return "" if value is None else value


def table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], same: Mapping[str, object] | None = None
) -> str:
    """CSV text with a heading (RFC 4180); `same` are columns behind the others, each with its value in every row."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*columns, *(same or {})])
    cells = [_cells([row[name] for row in rows]) for name in columns]
    cells += [[_cell(value)] * len(rows) for value in (same or {}).values()]
    writer.writerows(zip(*cells, strict=True))
    return stream.getvalue()


def _cells(column: list[object]) -> list[object]:
    """A column's cells. Numbers stay as they are, and each word is looked at once, however many rows have it."""
    types = {*map(type, column)} - {type(None)}
    if types <= {float, int}:
        return column  # what is null is written as an empty cell
    if types == {str}:
        written = {value: harmless(value) for value in {*column}}
        return [written[value] for value in column]
    return [_cell(value) for value in column]


def _cell(value: object) -> object:
    """A list of scores as `metric=value;metric=value`, of words as `word;word`; anything else as it is, harmless.

    Of a difference of scores the value is the difference; a value that is not known is empty.
    """
    if type(value) in (float, int):
        return value
    if isinstance(value, list):
        words = (item if isinstance(item, str) else f"{item['metric']}={_value_of(item)}" for item in value)
        return harmless(";".join(words))
    return harmless(value)


def _value_of(score: Mapping[str, Any]) -> object:
    value = score["difference"] if "difference" in score else score["value"]
    return "" if value is None else value


class RowsCsvRenderer(BaseRenderer):
    """Renders {"rows": [...]} as CSV, with the columns of the view's `row_serializer`, and whether a crowd is here.

    Columns are only ever added at the end. `of_the_file` names columns that are the same in every row, each with the
    field beside `rows` that it has.
    """

    of_the_file: ClassVar[Mapping[str, str]] = {}
    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str:
        """The rows as text; a problem document has no rows and stays JSON."""
        if "rows" not in data:
            return json.dumps(data)
        view = (renderer_context or {})["view"]
        word = "true" if is_simulated(renderer_context) else "false"
        rows = [row | {FIELD: word} for row in data["rows"]]
        flat_rows, columns = self.flat(rows, [*view.row_serializer().fields, FIELD])
        return table(flat_rows, columns, {name: data[field] for name, field in self.of_the_file.items()})

    def flat(
        self, rows: list[Mapping[str, Any]], columns: list[str]
    ) -> tuple[list[Mapping[str, Any]], list[str]]:
        """Rows and the names of their columns, with lists that have columns of their own spread over these."""
        return rows, columns
