"""Which columns of a file are of the kind that their table declares: a number is never read as a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.release.tables import table_named
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.release.columns import Kind


def require_kinds(table: str, schema: Any) -> None:
    """Raises ValueError for a column of a `pyarrow.Schema` that is of another kind than its table declares."""
    for column in table_named(table).columns:
        place = schema.get_field_index(column.name)
        if place >= 0 and not _is_of_kind(schema.field(place).type, column.kind):
            raise ValueError(
                _("The column {column} is {found}, not {expected}.").format(
                    column=column.name, found=schema.field(place).type, expected=column.kind
                )
            )


def _is_of_kind(found: Any, kind: Kind) -> bool:
    """Whether an Arrow type holds values of a kind; that of a column without a value holds those of any."""
    from pyarrow import types

    if types.is_null(found):
        return True
    if kind in {"list<string>", "list<int64>"}:
        is_list = types.is_list(found) or types.is_large_list(found)
        return is_list and _is_of_kind(found.value_type, "string" if kind == "list<string>" else "int64")
    holds = {
        "string": (types.is_string, types.is_large_string),
        "json": (types.is_string, types.is_large_string),
        "int64": (types.is_integer,),
        "float64": (types.is_floating,),
        "bool": (types.is_boolean,),
        "timestamp": (types.is_timestamp,),
        "date": (types.is_date,),
        "binary": (types.is_binary, types.is_large_binary),
    }[kind]
    return any(holds_it(found) for holds_it in holds)
