"""Which columns of a file are of the kind that their table declares: a number is never read as a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.release.tables import table_named
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.release.columns import Kind


def require_kinds(table: str, schema: Any) -> None:
    """Raises ValueError for a column of a `pyarrow.Schema` that is of another kind than its table declares."""
    for column in table_named(table).columns:
        place = schema.get_field_index(column.name)
        if place >= 0 and not _is_of_kind(schema.field(place).type, column.kind):
            raise ValueError(
                _("The column {column} is {published}, not {expected}.").format(
                    column=column.name, published=schema.field(place).type, expected=column.kind
                )
            )


def _is_of_kind(arrow_type: Any, kind: Kind) -> bool:
    """Whether an Arrow type holds values of a kind; that of a column without a value holds those of any."""
    from pyarrow import types

    def holds_text(text_type: Any) -> bool:
        return bool(types.is_string(text_type) or types.is_large_string(text_type))

    def holds_list(list_type: Any, holds_item: Callable[[Any], bool]) -> bool:
        is_list = types.is_list(list_type) or types.is_large_list(list_type)
        return is_list and (types.is_null(list_type.value_type) or holds_item(list_type.value_type))

    holds: dict[Kind, Callable[[Any], bool]] = {
        "string": holds_text,
        "int64": types.is_integer,
        "float64": types.is_floating,
        "bool": types.is_boolean,
        "timestamp": types.is_timestamp,
        "date": types.is_date,
        "binary": lambda bytes_type: types.is_binary(bytes_type) or types.is_large_binary(bytes_type),
        "json": holds_text,
        "list<string>": lambda list_type: holds_list(list_type, holds_text),
        "list<int64>": lambda list_type: holds_list(list_type, types.is_integer),
    }
    return bool(types.is_null(arrow_type) or holds[kind](arrow_type))
