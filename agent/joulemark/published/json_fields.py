"""A JSON object whose fields are read strictly: a bad number is never a zero."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from joulemark.published.errors import BadRow

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Fields:
    """An object and its place; a field that is null is as one that is not there."""

    where: str
    values: Mapping[str, Any]

    def has(self, name: str) -> bool:
        """Whether the field has a value."""
        return self.values.get(name) is not None

    def value(self, name: str) -> str | float:
        """A word or a number, as it stands. Raises BadRow for anything else."""
        value = self.values[name]
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise BadRow(self.where, f"{name} is neither a word nor a number")
        return value

    def text(self, name: str) -> str | None:
        """A word, None where it is missing. Raises BadRow."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise BadRow(self.where, f"{name} is no word")
        return value.strip()

    def number(self, name: str) -> float | None:
        """A number of zero or more, None where it is missing. Raises BadRow."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value) or value < 0:
            raise BadRow(self.where, f"{name} is {str(value)[:40]}, not a finite number of zero or more")
        return float(value)
