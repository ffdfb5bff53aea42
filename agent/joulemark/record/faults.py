"""Where a document does not fit its class, and what it must be there, in our own words and not in a library's.

msgspec alone decides whether a document fits. Only where it refuses one is the document looked through here for the
place, so that this costs nothing on the usual way in.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec
from msgspec import inspect

from joulemark.record.duplicates import refuse_duplicate_names
from joulemark.record.errors import Malformed
from joulemark.record.expectations import (
    accepts_kind,
    describe,
    fits_limits,
    is_within,
    json_kind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_NAME = 60
"""So many characters of a name that the sender chose are quoted."""

MAX_DIGITS = 310
"""A whole number with so many digits is larger than every float."""


class Fault(NamedTuple):
    """`need` continues a sentence that begins with the place; an empty place is the document itself."""

    place: str
    need: str

    def __str__(self) -> str:
        return f"`{self.place}` {self.need}" if self.place else f"it {self.need}"


def schema_fault(document: object, kind: Any, *, native: Sequence[type] = ()) -> str:
    """Return what keeps `document` from being a `kind`: one clause without a full stop.

    `native` are the types that its format has beside those of JSON. Returns an empty text where there is nothing; a law
    holds that against what msgspec refuses.
    """
    fault = _Search(native).find_fault(document, inspect.type_info(kind))
    return "" if fault is None else str(fault)


def json_fault(data: bytes, kind: Any) -> str:
    """Return what keeps UTF-8 bytes from being a `kind` in JSON, as `schema_fault` does, or why they are no JSON."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        if syntax := syntax_fault(data):
            return syntax
        document = _decode_any_number(data)
    return schema_fault(document, kind) or (
        "it gives a name twice in one object" if _repeats_a_name(data) else ""
    )


def syntax_fault(data: bytes) -> str:
    """Return why UTF-8 bytes are no JSON, as a clause about `it`; an empty text where they are."""
    text = data.decode()
    try:
        document = _decode_any_number(data)
    except json.JSONDecodeError as error:
        if not text[error.pos :].strip():
            return "it ends too early" if text.strip() else "it is empty"
        return f"it breaks at byte {len(text[: error.pos].encode())}"
    except RecursionError:
        return "it is nested too deeply"
    except _NoNumberError:
        return "it has NaN or Infinity, which JSON does not know"
    if any("\ud800" <= character <= "\udfff" for string in _strings(document) for character in string):
        return "a text in it has half of a surrogate pair"
    return ""


class _Search:
    """A walk through a document. `native` are the types that its format has beside those of JSON."""

    def __init__(self, native: Sequence[type]) -> None:
        self._native = native

    def find_fault(self, value: object, node: inspect.Type, place: str = "") -> Fault | None:
        """Return the first part of `value` that is not what its type says, in the order of the document."""
        match node:
            case inspect.AnyType():
                return None
            case inspect.UnionType(types=types):
                return self._fault_of_union(value, types, place)
            case inspect.Metadata(type=inner) if not isinstance(inner, inspect.StrType):
                return self.find_fault(value, inner, place)
        if fault := self._fault_of_whole(value, node, place):
            return fault
        match value, node:
            case dict(), inspect.StructType():
                return self._fault_of_object(value, node, place)
            case dict(), inspect.DictType():
                return self._fault_of_dictionary(value, node, place)
            case list(), inspect.TupleType(item_types=types):
                return self._fault_of_items(value, types, place)
            case list(), inspect.VarTupleType() | inspect.ListType():
                return self._fault_of_items(value, [node.item_type] * len(value), place)
        return None

    def _fault_of_whole(self, value: object, node: inspect.Type, place: str) -> Fault | None:
        """What is wrong with the value itself, whatever is in it."""
        if isinstance(value, float) and math.isinf(value):
            return Fault(place, "is too large for a number")
        if not accepts_kind(node, value):
            return Fault(place, f"must be {describe(node)}, not {json_kind(value)}")
        return None if fits_limits(value, node, self._native) else Fault(place, f"must be {describe(node)}")

    def _fault_of_union(self, value: object, types: Sequence[inspect.Type], place: str) -> Fault | None:
        """None where one of the types fits; else the fault in the one that is written so."""
        faults = [self.find_fault(value, part, place) for part in types]
        if None in faults:
            return None
        for part, fault in zip(types, faults, strict=True):
            if accepts_kind(part, value):
                return fault
        return Fault(place, f"must be {describe(inspect.UnionType(tuple(types)))}, not {json_kind(value)}")

    def _fault_of_object(
        self, value: dict[str, object], node: inspect.StructType, place: str
    ) -> Fault | None:
        fields = {field.encode_name: field for field in node.fields}
        for name, content in value.items():
            if name not in fields:
                if node.forbid_unknown_fields:
                    return Fault(place, f"has the unknown field `{_quoted(name)}`")
                continue
            if fault := self.find_fault(content, fields[name].type, _below(place, name)):
                return fault
        for field in fields.values():
            if field.required and field.encode_name not in value:
                return Fault(_below(place, field.encode_name), "is missing")
        return self._fault_between_fields(value, node, place)

    def _fault_between_fields(
        self, value: dict[str, object], node: inspect.StructType, place: str
    ) -> Fault | None:
        """What the class itself refuses in fields that are each right: its sentence is ours."""
        if not hasattr(node.cls, "__post_init__"):
            return None
        try:
            msgspec.convert(value, node.cls, builtin_types=self._native)
        except msgspec.ValidationError as error:
            if isinstance(error.__cause__, ValueError):
                return Fault(place, f"does not fit together: {error.__cause__}")
        return None

    def _fault_of_dictionary(
        self, value: dict[str, object], node: inspect.DictType, place: str
    ) -> Fault | None:
        for name, content in value.items():
            if self.find_fault(name, node.key_type) is not None:
                return Fault(
                    place, f"has a field whose name must be {describe(node.key_type)}: `{_quoted(name)}`"
                )
            if fault := self.find_fault(content, node.value_type, _below(place, name)):
                return fault
        return None

    def _fault_of_items(self, items: list[object], types: Sequence[inspect.Type], place: str) -> Fault | None:
        if items and _are_right_numbers(items, types[0]):
            return None
        for index, (item, node) in enumerate(zip(items, types, strict=True)):
            if fault := self.find_fault(item, node, f"{place}[{index}]"):
                return fault
        return None


def _are_right_numbers(items: list[object], node: inspect.Type) -> bool:
    """Whether all items are whole numbers within the type's limits: a trace has millions of them."""
    if not isinstance(node, inspect.IntType):
        return False
    numbers = [item for item in items if type(item) is int]
    if len(numbers) < len(items):
        return False
    return is_within(min(numbers), node) and is_within(max(numbers), node)


def _below(place: str, name: str) -> str:
    return f"{place}.{_quoted(name)}" if place else _quoted(name)


def _quoted(name: str) -> str:
    """A name out of the document, on one line and no longer than a reader needs."""
    text = "".join(character if character.isprintable() else "?" for character in name[:MAX_NAME])
    return text + ("..." if len(name) > MAX_NAME else "")


class _NoNumberError(ValueError):
    """JSON has no such number."""


def _refuse_constant(_name: str) -> NoReturn:
    raise _NoNumberError


def _decode_any_number(data: bytes) -> object:
    """Decode JSON, numbers that are too large for a float among it: as infinite ones."""
    return json.loads(
        data.decode(),
        parse_int=lambda digits: int(digits) if len(digits) < MAX_DIGITS else math.inf,
        parse_constant=_refuse_constant,
    )


def _repeats_a_name(data: bytes) -> bool:
    try:
        refuse_duplicate_names(data, what="document")
    except Malformed:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _strings(document: object) -> Iterator[str]:
    parts = [document]
    while parts:
        match parts.pop():
            case str() as text:
                yield text
            case dict() as fields:
                parts += [*fields, *fields.values()]
            case list() as items:
                parts += items
