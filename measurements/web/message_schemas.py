"""The messages of the wire format in the API's description: the classes that decode them, as OpenAPI 3.0 has it.

An operation refers to a class by `message`, and `with_messages` writes the components behind the references. OpenAPI
3.0 knows no null type, no tuples and no numeric exclusive limits, so JSON Schema's are said in its words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from joulemark.record.envelope import Envelope
from joulemark.record.json_schema import json_schema

if TYPE_CHECKING:
    import msgspec

Schema = dict[str, Any]
Conversion = Callable[[Any, Mapping[str, str]], Schema]

REFERENCE = "#/components/schemas/"
_MESSAGES: dict[str, type[msgspec.Struct]] = {}


def message(kind: type[msgspec.Struct]) -> Schema:
    """Return a reference to the schema of `kind`, which the description will hold."""
    _MESSAGES[kind.__name__] = kind
    return {"$ref": f"{REFERENCE}{kind.__name__}"}


def signed_message(payload_type: str, kind: type[msgspec.Struct]) -> Schema:
    """Return what an operation says of its body beyond opaque bytes: the envelope's payload type and the payload."""
    return {
        "x-signed-message": {
            "envelope": message(Envelope),
            "payloadType": payload_type,
            "payload": message(kind),
        }
    }


def with_messages(result: Schema, **_: object) -> Schema:
    """Add the schema of every message that an operation refers to.

    Runs behind the hook that gives names to enumerations: these here are described where they stand. A part of a
    message that shares its name with a serializer's component is called after the message too, as `Statement.Device`.
    """
    components = result.setdefault("components", {}).setdefault("schemas", {})
    taken = frozenset(components)
    if both := sorted(taken.intersection(_MESSAGES)):
        raise ValueError(f"A serializer and a message are both called {both[0]}; rename one of them.")
    for root, kind in sorted(_MESSAGES.items()):
        parts = json_schema(root, kind)["$defs"]
        names = {part: f"{root}.{part}" if part in taken else part for part in parts}
        for part, definition in parts.items():
            components[names[part]] = in_openapi_3_0(definition, names)
    result["components"]["schemas"] = dict(sorted(components.items()))
    return result


def in_openapi_3_0(schema: Schema, names: Mapping[str, str]) -> Schema:
    """Return a JSON Schema (2020-12), as `joulemark.record.json_schema` writes it, in the words of OpenAPI 3.0.

    `names` has the component of each class.
    """
    converted: Schema = {}
    for word, value in schema.items():
        convert = _KEYWORDS.get(word)
        converted |= {word: value} if convert is None else convert(value, names)
    return converted


def _alternatives(parts: list[Schema], names: Mapping[str, str]) -> Schema:
    """Return one of several; null is no type of its own in OpenAPI 3.0."""
    real = [in_openapi_3_0(part, names) for part in parts if part != {"type": "null"}]
    nullable = {"nullable": True} if len(real) < len(parts) else {}
    if len(real) > 1:
        return {"anyOf": real, **nullable}
    if "$ref" in real[0] and nullable:
        return {"allOf": real, **nullable}
    return {**real[0], **nullable}


def _tuple_items(parts: list[Schema], names: Mapping[str, str]) -> Schema:
    """Return what any place of a tuple may hold; its length is said beside."""
    distinct = [part for number, part in enumerate(parts) if part not in parts[:number]]
    return {"items": _alternatives(distinct, names)}


def _members(word: str) -> Conversion:
    """Return the conversion of a keyword that holds one schema; `False` says no more than the length of a tuple."""
    return lambda value, names: {word: in_openapi_3_0(value, names)} if isinstance(value, dict) else {}


_KEYWORDS: dict[str, Conversion] = {
    "$ref": lambda value, names: {"$ref": REFERENCE + names[value.rsplit("/", 1)[-1]]},
    "anyOf": _alternatives,
    "prefixItems": _tuple_items,
    "items": _members("items"),
    "additionalProperties": lambda value, names: (
        {"additionalProperties": value and in_openapi_3_0(value, names)}
    ),
    "properties": lambda value, names: {
        "properties": {name: in_openapi_3_0(part, names) for name, part in value.items()}
    },
    "propertyNames": lambda _value, _names: {},
    "title": lambda _value, _names: {},  # the component's name says it, and generators would take it for another name
    "exclusiveMinimum": lambda value, _: {"minimum": value, "exclusiveMinimum": True},
    "exclusiveMaximum": lambda value, _: {"maximum": value, "exclusiveMaximum": True},
    "contentEncoding": lambda _value, _names: {"format": "byte"},
    "enum": lambda value, _: {"type": "string", "enum": value},
    # Python's way to refuse a last line break, which other dialects of regular expressions need not know
    "pattern": lambda value, _: {"pattern": value.removesuffix("(?!\n)")},
}
"""How each keyword that OpenAPI 3.0 lacks or means otherwise is written there; the others stay as they are."""
