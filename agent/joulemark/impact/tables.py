"""Reading this room's data files, once a process and safely from any thread."""

from __future__ import annotations

import csv
from importlib.resources import files
from threading import Lock
from typing import TypeVar

import msgspec

T = TypeVar("T")
_READING = Lock()  # msgspec describes a class to itself on first use, and two threads at once crash in that


def read_toml(name: str, kind: type[T]) -> T:
    """A TOML file of this room as `kind`. Raises msgspec.ValidationError when it does not fit."""
    content = (files("joulemark.impact") / "data" / name).read_bytes()
    with _READING:
        return msgspec.toml.decode(content, type=kind)


def read_csv(name: str, kind: type[T]) -> tuple[T, ...]:
    """A CSV file of this room, one `kind` a line. Raises msgspec.ValidationError when one does not fit."""
    text = (files("joulemark.impact") / "data" / name).read_text(encoding="utf-8")
    with _READING:
        return tuple(msgspec.convert(row, kind, strict=False) for row in csv.DictReader(text.splitlines()))
