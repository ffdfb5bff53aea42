"""What a field of a message must be, in our own words: `a whole number from 0 to 10`, `SHA-256 in lower-case hex`.

The words of msgspec change between its releases, and what a sender reads must not depend on the day of an installation.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

T = TypeVar("T")

NO_LINE_END = "(?!\n)"
"""How our patterns say that no line feed follows the end; in a sentence it would only be noise."""


def describe(node: inspect.Type) -> str:
    """Return what a value of this type must be, as a noun phrase that continues `must be ...`."""
    match node:
        case inspect.Metadata(type=inspect.StrType(), extra_json_schema={"description": str(description)}):
            return description
        case inspect.Metadata(type=inner):
            return describe(inner)
        case inspect.UnionType(types=types):
            return " or ".join(describe(part) for part in types)
        case inspect.LiteralType(values=values):
            return _choice(values)
        case inspect.IntType() | inspect.FloatType():
            return _number(node)
        case inspect.StrType():
            return _text(node)
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)} items"
        case inspect.BytesType() | inspect.VarTupleType() | inspect.ListType() | inspect.DictType():
            noun, unit = _SIZED[type(node)]
            return noun + _size(node.min_length, node.max_length, unit)
    if node == inspect.DateTimeType(tz=True):
        return "a time with a zone"
    return _PLAIN.get(type(node), "another value")


_SIZED: dict[type[inspect.Type], tuple[str, str]] = {
    inspect.BytesType: ("Base64", "bytes"),
    inspect.VarTupleType: ("a list", "items"),
    inspect.ListType: ("a list", "items"),
    inspect.DictType: ("an object", "fields"),
}
_PLAIN: dict[type[inspect.Type], str] = {  # times and dates as RFC 3339 writes them
    inspect.StructType: "an object",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.DateTimeType: "a time",
    inspect.DateType: "a date",
}


def json_kind(value: object) -> str:
    """Return which kind of JSON or TOML value this is: `a text`, `a number`, `null`, ..."""
    return _KINDS.get(type(value), "another value")


_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    dict: "an object",
    list: "a list",
    datetime: "a time",
    date: "a date",
    time: "a time of day",
}


def accepts_kind(node: inspect.Type, value: object) -> bool:
    """Return whether values of this type are written as values of that kind are, whatever their limits."""
    match node:
        case inspect.Metadata(type=inner):
            return accepts_kind(inner, value)
        case inspect.UnionType(types=types):
            return any(accepts_kind(part, value) for part in types)
        case inspect.LiteralType(values=values):
            return json_kind(value) in {json_kind(choice) for choice in values}
    return json_kind(value) in _WRITTEN_AS.get(type(node), ())


_WRITTEN_AS: dict[type[inspect.Type], tuple[str, ...]] = {
    inspect.NoneType: ("null",),
    inspect.BoolType: ("true or false",),
    inspect.IntType: ("a number",),
    inspect.FloatType: ("a number",),
    inspect.StrType: ("a text",),
    inspect.BytesType: ("a text",),
    inspect.DateTimeType: ("a text", "a time"),
    inspect.DateType: ("a text", "a date"),
    inspect.StructType: ("an object",),
    inspect.DictType: ("an object",),
    inspect.TupleType: ("a list",),
    inspect.VarTupleType: ("a list",),
    inspect.ListType: ("a list",),
}


def fits_limits(value: object, node: inspect.Type, native: Sequence[type]) -> bool:
    """Whether a value of the right kind, but for its parts, is within the limits of its type.

    A type in `native` is never written as a text.
    """
    match value, node:
        case list(), inspect.TupleType(item_types=types):
            return len(value) == len(types)
        case list() | dict(), inspect.VarTupleType() | inspect.ListType() | inspect.DictType():
            return _has_size(value, node)
        case _, inspect.Metadata(type=inner):
            return fits_limits(value, inner, native)
        case _, inspect.LiteralType(values=values):
            return any(type(choice) is type(value) and choice == value for choice in values)
        case str(), inspect.StrType(pattern=pattern):
            return _has_size(value, node) and (pattern is None or re.search(pattern, value) is not None)
        case str(), inspect.BytesType():
            content = _converted(value, bytes, native)
            return content is not None and _has_size(content, node)
        case _, inspect.DateTimeType(tz=zone):
            moment = _converted(value, datetime, native)
            return moment is not None and zone in {None, moment.tzinfo is not None}
        case _, inspect.DateType():
            return _converted(value, date, native) is not None
        case int() | float(), inspect.IntType() | inspect.FloatType():
            return is_within(value, node)
    return True


def is_within(value: float, node: inspect.IntType | inspect.FloatType) -> bool:
    """Return whether a number is one that the type can hold, within its limits."""
    if isinstance(node, inspect.IntType):
        if isinstance(value, float):  # 1.0 is no whole number in this format
            return False
    else:
        try:
            value = float(value)
        except OverflowError:
            return False
    return not (
        math.isinf(value)
        or (node.ge is not None and value < node.ge)
        or (node.gt is not None and value <= node.gt)
        or (node.le is not None and value > node.le)
        or (node.lt is not None and value >= node.lt)
    )


def _has_size(
    value: Sized,
    node: inspect.StrType | inspect.BytesType | inspect.DictType | inspect.VarTupleType | inspect.ListType,
) -> bool:
    least, most = node.min_length or 0, node.max_length
    return least <= len(value) and (most is None or len(value) <= most)


def _converted(value: object, kind: type[T], native: Sequence[type]) -> T | None:
    try:
        return msgspec.convert(value, kind, builtin_types=native)
    except msgspec.ValidationError:
        return None


def _choice(values: Sequence[object]) -> str:
    names = [f"`{value}`" for value in values]
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def _text(node: inspect.StrType) -> str:
    pattern = "" if node.pattern is None else f" that matches {node.pattern.removesuffix(NO_LINE_END)}"
    return "a text" + _size(node.min_length, node.max_length, "characters") + pattern


def _number(node: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(node, inspect.IntType) else "a number"
    if node.ge is not None and node.le is not None:
        return f"{noun} from {_written(node.ge)} to {_written(node.le)}"
    limits = [
        f"{words} {_written(limit)}"
        for words, limit in (
            ("of at least", node.ge),
            ("above", node.gt),
            ("of at most", node.le),
            ("below", node.lt),
        )
        if limit is not None
    ]
    return " ".join([noun, " and ".join(limits)]).strip()


def _written(limit: float) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


def _size(least: int | None, most: int | None, noun: str) -> str:
    if least is not None and least == most:
        count = str(least)
    elif least and most is not None:
        count = f"{least} to {most}"
    elif least:
        count = f"at least {least}"
    elif most is not None:
        count = f"at most {most}"
    else:
        return ""
    return f" of {count} {noun.removesuffix('s') if (most or least) == 1 else noun}"
