"""What a stream of rows is made of: an ordered list of columns, each with a kind of value and where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.release.columns import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import F
    from django.db.models.expressions import Combinable

    from joulemark.release.columns import Kind

LISTS: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.startswith("list<"))
"""An array in JSON, `a;b` in CSV. The database's value of these, as of `json`, is of its JSON type."""
NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_COLUMNS = 1000
"""Of one stream: more are no table that anybody reads, and PostgreSQL has 1,664."""


@dataclass(frozen=True, kw_only=True)
class StreamColumn:
    """One column: the path or expression of its values in the rows' queryset, and how they are written.

    `is_plain` marks words of our own vocabulary (digests, slugs, choices): ASCII letters, digits and `._:/+-` that
    begin with a letter or digit, so that neither JSON nor a spreadsheet needs them escaped. A column that is not
    nullable never has NULL, whatever is joined. `convert` makes the value of what the database has; a stream with such
    a column is written by Python, several times as slowly. Raises ValueError for a name that is no lower-case
    identifier, or an unknown kind.
    """

    name: str
    kind: Kind
    source: str | F | Combinable
    is_nullable: bool = True
    is_plain: bool = False
    convert: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a column; write it in lower case, like energy_j.")
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: {self.kind!r} is no kind of value.")


def checked_columns(columns: tuple[StreamColumn, ...]) -> tuple[StreamColumn, ...]:
    """The columns. Raises ValueError where there is none, one comes twice, or there are too many."""
    names = [column.name for column in columns]
    if not names or len(names) > MAX_COLUMNS:
        raise ValueError(f"A stream has 1 to {MAX_COLUMNS} columns, not {len(names)}.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The column {twice} comes twice.")
    return columns
