"""JSON Schema (2020-12) of message classes, by our own rules: a committed schema changes only when a class does.

It is read out of msgspec's description of a class; msgspec's own generator writes another text with some releases.
"""

from __future__ import annotations

import inspect as python_inspect
from typing import Any

import msgspec
from msgspec import inspect

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(name: str, kind: type[msgspec.Struct]) -> JsonSchema:
    """Return the schema of `kind` under the title `name`; classes stand under `$defs`, in alphabetical order."""
    definitions: dict[str, JsonSchema] = {}
    root = _schema(inspect.type_info(kind), definitions)
    return {"$schema": DIALECT, "title": name, **root, "$defs": dict(sorted(definitions.items()))}


def _schema(node: inspect.Type, definitions: dict[str, JsonSchema]) -> JsonSchema:
    match node:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            return {**(extra or {}), **_schema(inner, definitions)}
        case inspect.UnionType(types=types):
            return {"anyOf": [_schema(part, definitions) for part in types]}
        case inspect.StructType():
            _define(node, definitions)
            return {"$ref": f"#/$defs/{node.cls.__name__}"}
        case inspect.LiteralType(values=values):
            return {"enum": sorted(values)}
        case inspect.DictType():
            return _dictionary(node, definitions)
        case inspect.TupleType(item_types=types):
            items = [_schema(part, definitions) for part in types]
            return {
                "type": "array",
                "prefixItems": items,
                "items": False,
                "minItems": len(items),
                "maxItems": len(items),
            }
        case inspect.VarTupleType() | inspect.ListType():
            limits = {"minItems": node.min_length, "maxItems": node.max_length}
            return {"type": "array", "items": _schema(node.item_type, definitions), **_present(limits)}
    return _scalar(node)


def _scalar(node: inspect.Type) -> JsonSchema:
    sizes: dict[str, Any]
    match node:
        case inspect.IntType() | inspect.FloatType():
            limits = {
                "minimum": node.ge,
                "exclusiveMinimum": node.gt,
                "maximum": node.le,
                "exclusiveMaximum": node.lt,
            }
            return {"type": "integer" if isinstance(node, inspect.IntType) else "number", **_present(limits)}
        case inspect.StrType():
            sizes = {"minLength": node.min_length, "maxLength": node.max_length, "pattern": node.pattern}
            return {"type": "string", **_present(sizes)}
        case inspect.BytesType():
            sizes = {"minLength": _in_base64(node.min_length), "maxLength": _in_base64(node.max_length)}
            return {"type": "string", "contentEncoding": "base64", **_present(sizes)}
    return dict(_PLAIN[type(node)])


_PLAIN: dict[type[inspect.Type], JsonSchema] = {
    inspect.AnyType: {},
    inspect.NoneType: {"type": "null"},
    inspect.BoolType: {"type": "boolean"},
    inspect.DateTimeType: {"type": "string", "format": "date-time"},
    inspect.DateType: {"type": "string", "format": "date"},
}


def _dictionary(node: inspect.DictType, definitions: dict[str, JsonSchema]) -> JsonSchema:
    names = _schema(node.key_type, definitions)
    names.pop("type", None)  # a name is always a string
    limits = {"minProperties": node.min_length, "maxProperties": node.max_length}
    return {
        "type": "object",
        **({"propertyNames": names} if names else {}),
        "additionalProperties": _schema(node.value_type, definitions),
        **_present(limits),
    }


def _define(node: inspect.StructType, definitions: dict[str, JsonSchema]) -> None:
    """Add the class to `definitions`. Raises ValueError for two classes of one name."""
    name = node.cls.__name__
    if name in definitions:
        return
    definitions[name] = {}  # a class may contain itself
    description = python_inspect.cleandoc(node.cls.__doc__ or "")
    definitions[name] = {
        "title": name,
        **({"description": description} if description else {}),
        "type": "object",
        "properties": {field.encode_name: _property(field, definitions) for field in node.fields},
        "required": [field.encode_name for field in node.fields if field.required],
        **({"additionalProperties": False} if node.forbid_unknown_fields else {}),
    }


def _property(field: inspect.Field, definitions: dict[str, JsonSchema]) -> JsonSchema:
    schema = _schema(field.type, definitions)
    if field.default is not msgspec.NODEFAULT:
        schema["default"] = msgspec.to_builtins(field.default)
    elif field.default_factory is not msgspec.NODEFAULT:
        schema["default"] = msgspec.to_builtins(field.default_factory())
    return schema


def _present(limits: dict[str, Any]) -> JsonSchema:
    return {name: limit for name, limit in limits.items() if limit is not None}


def _in_base64(size: int | None) -> int | None:
    """Return how many characters so many bytes take in Base64."""
    return None if size is None else -(-size // 3) * 4
