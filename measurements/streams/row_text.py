"""The text of rows that Python writes, where the database is no PostgreSQL: the same as `sql_text` has written there.

Of a float both have the fewest digits that lead back to it. Where two such texts lie equally near (as of 1e23),
PostgreSQL may have the other one; the number is the same.
"""

from __future__ import annotations

import json
from datetime import UTC
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from measurements.streams.formula_guard import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from joulemark.release.columns import Kind
    from measurements.streams.columns import StreamColumn

Value = Any
"""Of a column of a kind: str, int, float, bool, datetime in UTC, date, bytes, a list, or what JSON holds; or None."""
QUOTED_FOR = frozenset('",\r\n')
FIXED_DIGITS = 15
"""A float of at least 1e15 has an exponent in PostgreSQL's text, one of Python's only from 1e16 on."""


def csv_line(columns: Sequence[StreamColumn], row: Sequence[Value]) -> str:
    """One line of CSV with its end; what is not known is empty, an empty text is quoted."""
    return ",".join([_cell(c.kind, value) for c, value in zip(columns, row, strict=True)]) + "\n"


def csv_heading(columns: Sequence[StreamColumn]) -> str:
    """The names of the columns as the first line."""
    return ",".join(column.name for column in columns) + "\n"


def json_line(columns: Sequence[StreamColumn], row: Sequence[Value]) -> str:
    """One JSON object with the end of its line."""
    members = [f'"{c.name}":{_member(c.kind, value)}' for c, value in zip(columns, row, strict=True)]
    return "{" + ",".join(members) + "}\n"


def float_text(number: float) -> str:
    """A finite number as PostgreSQL writes it: 1, 0.5, 1e-05, 1e+15."""
    text = repr(number)
    if text.endswith(".0"):
        text = text[:-2]
        digits = text.lstrip("-")
        if len(digits) > FIXED_DIGITS:
            mantissa = digits.rstrip("0")
            places = f"{mantissa[0]}.{mantissa[1:]}" if len(mantissa) > 1 else mantissa
            return f"{'-' if number < 0 else ''}{places}e+{len(digits) - 1}"
    elif abs(number) >= 10.0**FIXED_DIGITS and "e" not in text:
        whole, _, fraction = text.lstrip("-").partition(".")
        return f"{'-' if number < 0 else ''}{whole[0]}.{whole[1:]}{fraction}e+{len(whole) - 1}"
    return text


def moment_text(moment: datetime) -> str:
    """A moment in UTC with as many digits of a second as it has."""
    whole, _, fraction = moment.astimezone(UTC).replace(tzinfo=None).isoformat().partition(".")
    digits = fraction.rstrip("0")
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"


def json_text(value: object) -> str:
    """JSON as PostgreSQL's jsonb has it: spaces behind colons and commas, shorter names first."""
    return json.dumps(_in_order(value), ensure_ascii=False)


def _in_order(value: object) -> object:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return {name: _in_order(value[name]) for name in names}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def _cell(kind: Kind, value: Value) -> str:
    if value is None:
        return ""
    match kind:
        case "string":
            return _quoted(guarded(value))
        case "list<string>" | "list<int64>":
            return _quoted(guarded(";".join(map(str, value))))
        case "json":
            return _quoted(guarded(json_text(value)))
        case _:
            return _scalar(kind, value)


def _member(kind: Kind, value: Value) -> str:
    if value is None:
        return "null"
    match kind:
        case "string":
            return encode_basestring(value)
        case "list<string>" | "list<int64>" | "json":
            return json_text(value)
        case "timestamp" | "date" | "binary":
            return f'"{_scalar(kind, value)}"'
        case _:
            return _scalar(kind, value)


def _scalar(kind: Kind, value: Value) -> str:
    match kind:
        case "float64":
            return float_text(value)
        case "bool":
            return "true" if value else "false"
        case "timestamp":
            return moment_text(value)
        case "date":
            return str(value.isoformat())
        case "binary":
            return str(value.hex())
        case _:
            return str(value)


def _quoted(text: str) -> str:
    if text and QUOTED_FOR.isdisjoint(text):
        return text
    escaped = text.replace('"', '""')
    return f'"{escaped}"'
