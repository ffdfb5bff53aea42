"""The JSON columns of cells and their places, decoded several times as fast as by `json`.

A board has five of them in each of its rows: with `json` they take a third of reading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.db import models
from django.db.models.fields.json import KeyTransform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

_DECODER = msgspec.json.Decoder()


class CellJSONField(models.JSONField):
    """Django's field in all but its decoder; to migrations it is that one."""

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The decoded column; what is asked for within one, and what only `json` reads, is left to Django's field."""
        if isinstance(value, str) and not isinstance(expression, KeyTransform):
            try:
                return _DECODER.decode(value)
            except msgspec.DecodeError:
                pass
        return super().from_db_value(value, expression, connection)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Name, path and arguments for migrations: those of Django's field, for whose columns nothing changes."""
        name, _, positional, named = super().deconstruct()
        return name, "django.db.models.JSONField", positional, named
