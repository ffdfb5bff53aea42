"""JSON in and out for record classes: strict on the way in, compact and stable on the way out."""

from __future__ import annotations

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


_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_BUILDING = Lock()
MOST_QUOTED = 200


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """One decoder a class. msgspec describes a class to itself on first use; two threads at once crash in that."""
    if kind not in _DECODERS:
        with _BUILDING:
            _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
    return _DECODERS[kind]


def decode(data: bytes, kind: type[T], *, what: str) -> T:
    """Decode `data` as `kind`.

    Raises Malformed (JM-UTF8, JM-JSON or JM-SCHEMA) with the place of the fault; `what` names the thing.
    """
    try:
        return _decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        raise Malformed("JM-SCHEMA", f"The {what} does not fit its schema: {_short(error)}.") from error
    except UnicodeDecodeError as error:
        raise Malformed("JM-UTF8", f"The {what} is not UTF-8 text (byte {error.start}).") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed("JM-JSON", f"The {what} is not valid JSON: {_short(error)}.") from error


def _short(error: Exception) -> str:
    """What msgspec says, without line breaks and no longer than a line: it may quote the sender's own words."""
    text = str(error)
    return "".join(c if c.isprintable() else "?" for c in text[:MOST_QUOTED]) + (
        "..." if len(text) > MOST_QUOTED else ""
    )


def encode(value: Record) -> bytes:
    """The one JSON encoding of `value`: compact, fields in the order of the class, defaults left out."""
    return msgspec.json.encode(value)
