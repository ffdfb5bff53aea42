"""JSON in and out for record classes: strict on the way in, compact and stable on the way out."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from threading import Lock
from typing import Any, TypeVar

import msgspec

from joulemark.record.errors import Malformed

T = TypeVar("T")


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every class that crosses the wire.

    The wire format is append-only: a field is never renamed, retyped or removed within a version. New fields have a
    default and are left out of the bytes while they hold it, so old bytes decode and encode unchanged.
    """


class Answer(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Base of what a platform answers unsigned. Fields may be added to it, and a reader ignores those it does not know.

    What is signed stays a plain Record: of bytes that somebody has signed nothing is passed over.
    """


_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_BUILDING = Lock()
TOML_TYPES = (datetime, date, time)
"""What TOML has beside the types of JSON."""


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """One decoder a class. msgspec describes a class to itself on first use; two threads at once crash in that."""
    if kind not in _DECODERS:
        with _BUILDING:
            _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
    return _DECODERS[kind]


def decode(data: bytes, kind: type[T], *, what: str) -> T:
    """Decode JSON as `kind`.

    Raises Malformed (JM-UTF8, JM-JSON or JM-SCHEMA) with the place of the fault; `what` names the thing.
    """
    check_utf8(data, what=what)
    try:
        return _decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        raise Malformed(
            "JM-SCHEMA", _sentence(f"The {what} does not fit its schema", _fault(data, kind))
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed("JM-JSON", _sentence(f"The {what} is not valid JSON", _syntax(data))) from error


def decode_toml(data: bytes, kind: type[T], *, what: str) -> T:
    """Decode TOML as `kind`. Raises Malformed (JM-UTF8, JM-TOML or JM-SCHEMA), as `decode` does."""
    import tomllib

    from joulemark.record.faults import schema_fault

    check_utf8(data, what=what)
    try:
        document = tomllib.loads(data.decode())
    except RecursionError as error:
        raise Malformed("JM-TOML", f"The {what} is nested too deeply.") from error
    except tomllib.TOMLDecodeError as error:
        raise Malformed("JM-TOML", f"The {what} is not valid TOML{toml_place(error)}.") from error
    try:
        with _BUILDING:
            return msgspec.convert(document, kind, builtin_types=TOML_TYPES)
    except msgspec.ValidationError as error:
        fault = schema_fault(document, kind, native=TOML_TYPES)
        raise Malformed("JM-SCHEMA", _sentence(f"The {what} does not fit its schema", fault)) from error


def check_utf8(data: bytes, *, what: str) -> None:
    """Raise Malformed (JM-UTF8) where `data` is no UTF-8; msgspec's error for that changed between its releases."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("JM-UTF8", f"The {what} is not in UTF-8 (byte {error.start}).") from error


def _fault(data: bytes, kind: type[Any]) -> str:
    from joulemark.record.faults import json_fault

    return json_fault(data, kind)


def _syntax(data: bytes) -> str:
    from joulemark.record.faults import syntax_fault

    return syntax_fault(data)


def _sentence(beginning: str, reason: str) -> str:
    return f"{beginning}: {reason}." if reason else f"{beginning}."


def toml_place(error: Exception) -> str:
    """Return where TOML breaks, ` in line 3`, as far as Python's error has it; none of its words are quoted."""
    place = re.search(r"line (\d+)", str(error))
    return f" in line {place[1]}" if place else ""


def encode(value: Record) -> bytes:
    """The one JSON encoding of `value`: compact, fields in the order of the class, defaults left out."""
    return msgspec.json.encode(value)
