"""A JSON object whose fields are read strictly: a bad number is never a zero."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

from joulemark.published.errors import BadRow
from joulemark.published.plausible import is_printable

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
        return self._printable(name, value) if isinstance(value, str) else value

    def text(self, name: str) -> str | None:
        """A word, None where it is missing. Raises BadRow."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise BadRow(self.where, f"{name} is no word")
        return self._printable(name, value.strip())

    def number(self, name: str) -> float | None:
        """A number of zero or more, None where it is missing. Raises BadRow."""
        value = self.values.get(name)
        if value is None:
            return None
        number = _float(value)
        if not isfinite(number) or number < 0:
            raise BadRow(self.where, f"{name} is {ascii(value)[:40]}, not a finite number of zero or more")
        return number

    def whole(self, name: str, most: int) -> int | None:
        """A whole number from 1 to `most`, None where it is missing. Raises BadRow for anything else."""
        number = self.number(name)
        if number is not None and not (1 <= number <= most and number.is_integer()):
            raise BadRow(self.where, f"{name} is {number:g}, not a whole number from 1 to {most:,}")
        return None if number is None else int(number)

    def _printable(self, name: str, text: str) -> str:
        if not is_printable(text):
            raise BadRow(self.where, f"{name} is {text[:40]!a}, with characters that cannot be shown")
        return text


def _float(value: object) -> float:
    """The value as a float; not a number for what is none, infinite for what no float holds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return nan
    try:
        return float(value)
    except OverflowError:
        return inf
