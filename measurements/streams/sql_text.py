"""The expressions by which PostgreSQL writes the values of a stream, as CSV and as JSON.

They hold for a session with TimeZone UTC, DateStyle ISO and exact floating-point numbers (`copy_source.SESSION`).
A number that is not finite is no measurement: it is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.streams.formula_guard import guarded_in_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.streams.columns import StreamColumn

ROW = "r"
"""The name of the row that expressions read; its columns are those of `column_alias`."""
MAX_ARGUMENTS = 96
"""Of one call of concat: PostgreSQL takes 100."""


def column_alias(place: int) -> str:
    """The name of a column within the query."""
    return f"c{place}"


def csv_select(columns: Sequence[StreamColumn], rows: str) -> str:
    """SELECT one cell for each column out of `rows`, a query whose columns are named by `column_alias`."""
    cells = ", ".join(_csv_cell(column, f"{ROW}.{column_alias(i)}") for i, column in enumerate(columns))
    return f"SELECT {cells} FROM ({rows}) {ROW}"  # noqa: S608 - names of our own around a compiled query


def typed_select(columns: Sequence[StreamColumn], rows: str) -> str:
    """SELECT the values as a reader that knows their types takes them: nothing guarded, JSON as text."""
    cells = ", ".join(_typed_cell(column, f"{ROW}.{column_alias(i)}") for i, column in enumerate(columns))
    return f"SELECT {cells} FROM ({rows}) {ROW}"  # noqa: S608 - names of our own around a compiled query


def json_select(columns: Sequence[StreamColumn], rows: str) -> str:
    """SELECT one JSON object for each row, as text on one line."""
    parts: list[str] = []
    for place, column in enumerate(columns):
        comma = "," if place else "{"
        parts += _json_member(column, f"{ROW}.{column_alias(place)}", f'{comma}"{column.name}":')
    parts.append("'}'")
    calls = [
        f"concat({', '.join(parts[i : i + MAX_ARGUMENTS])})" for i in range(0, len(parts), MAX_ARGUMENTS)
    ]
    return f"SELECT {' || '.join(calls)} FROM ({rows}) {ROW}"  # noqa: S608 - names of our own around a compiled query


def _csv_cell(column: StreamColumn, value: str) -> str:
    match column.kind:
        case "string":
            return value if column.is_plain else guarded_in_sql(value)
        case "int64" | "date":
            return value
        case "float64":
            return _finite(value)
        case "bool":
            return f"{value}::text"
        case "timestamp":
            return _if_known(column, value, f"concat({value}::date, 'T', {value}::time, 'Z')")
        case "binary":
            return f"encode({value}, 'hex')"
        case "list<string>" | "list<int64>":
            listed = f"jsonb_array_elements_text({value}::jsonb) WITH ORDINALITY AS listed (word, place)"
            joined = f"SELECT coalesce(string_agg(word, ';' ORDER BY place), '') AS words FROM {listed}"  # noqa: S608 - names of our own
            words = f"(SELECT {guarded_in_sql('joined.words')} FROM ({joined}) joined)"  # noqa: S608 - the same
            return _if_known(column, value, words)
        case "json":
            return guarded_in_sql(f"({value}::text)")


def _typed_cell(column: StreamColumn, value: str) -> str:
    match column.kind:
        case "float64":
            return _finite(value)
        case "binary":
            return f"encode({value}, 'hex')"
        case "list<string>" | "list<int64>" | "json":
            return f"({value}::text)"
        case _:
            return value


def _json_member(column: StreamColumn, value: str, name: str) -> list[str]:
    """Arguments of concat that write the name and the value; NULL is written as null."""
    match column.kind:
        case "timestamp":
            parts = [f"'{name}\"'", f"{value}::date", "'T'", f"{value}::time", "'Z\"'"]
        case "date":
            parts = [f"'{name}\"'", value, "'\"'"]
        case "binary":
            parts = [f"'{name}\"'", f"encode({value}, 'hex')", "'\"'"]
        case "string" if column.is_plain:
            parts = [f"'{name}\"'", value, "'\"'"]
        case _:
            return [f"'{name}'", _or_null(column, _json_scalar(column, value))]
    if not column.is_nullable:
        return parts
    return [f"CASE WHEN {value} IS NULL THEN '{name}null' ELSE concat({', '.join(parts)}) END"]


def _json_scalar(column: StreamColumn, value: str) -> str:
    match column.kind:
        case "string":
            return f"to_json({value})"
        case "float64":
            return _finite(value)
        case "bool":
            return f"{value}::text"
        case "list<string>" | "list<int64>" | "json":
            return f"{value}::text"
        case _:
            return value


def _or_null(column: StreamColumn, value: str) -> str:
    may_be_null = (
        column.is_nullable or column.kind == "float64"
    )  # what is not finite is null, whatever the column says
    return f"coalesce(({value})::text, 'null')" if may_be_null else value


def _finite(value: str) -> str:
    """The number, or NULL: the difference of what is not finite with itself is no number."""
    return f"CASE WHEN {value} - {value} = 0 THEN {value} END"


def _if_known(column: StreamColumn, value: str, text: str) -> str:
    return f"CASE WHEN {value} IS NOT NULL THEN {text} END" if column.is_nullable else text
