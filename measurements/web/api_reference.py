"""The API's description (OpenAPI 3.0) as parts of pages: operations with examples, and schemas with types and units.

Everything follows from the description that the generator writes, which a test holds equal to the committed one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, cached_property
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

from measurements.web.api_description import EnglishDescription
from measurements.web.api_schema_groups import SCHEMA_REFERENCE, schema_groups
from measurements.web.api_units import unit_of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]
PROBLEM_MEDIA = "application/problem+json"
END = re.compile(r"(?:/|\.[a-z]+)\Z")
"""By which the address of a file differs from that of its list."""
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class TypeWords:
    """A type: words such as `array of`, and the schema that they end in, "" for none; `choices` of an enumeration."""

    words: str
    schema: str = ""
    choices: tuple[str, ...] = ()
    is_nullable: bool = False


@dataclass(frozen=True, kw_only=True)
class ApiField:
    """A parameter (`place`: path, query or header) or a field of a schema (`place` ""); `unit` may be ""."""

    name: str
    type: TypeWords
    unit: str
    description: str
    is_required: bool
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class ApiContent:
    """A body in one media type."""

    media_type: str
    type: TypeWords


@dataclass(frozen=True, kw_only=True)
class ApiAnswer:
    """An answer by its status; `phrase` is the status's own name."""

    status: str
    phrase: str
    description: str
    contents: list[ApiContent]


@dataclass(frozen=True, kw_only=True)
class SignedMessage:
    """What the bytes of a signed door are: their wrapping, the payload's media type, and its schema."""

    wrapping: str
    payload_type: str
    payload: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A door: one method of one path. `refusals` are statuses that come with a problem document.

    Where an address that differs in its end alone has all of its parameters and more, `like` is that operation's id and
    `without` the names of those more: a page need not repeat the others.
    """

    id: str
    method: str
    path: str
    tag: str
    description: str
    parameters: list[ApiField]
    bodies: list[ApiContent]
    signed: SignedMessage | None
    answers: list[ApiAnswer]
    refusals: list[str]
    like: str = ""
    without: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first paragraph of the description, as one line."""
        return " ".join(self.description.partition("\n\n")[0].split())


@dataclass(frozen=True, kw_only=True)
class ApiSchema:
    """A named schema: its fields, or `choices` where it is an enumeration. `used_by` are operations that name it.

    `group` is that of the page that shows it.
    """

    name: str
    group: str
    description: str
    type: TypeWords
    fields: list[ApiField]
    used_by: list[str]


@dataclass(frozen=True, kw_only=True)
class ApiReference:
    """The whole description."""

    title: str
    operations: list[Operation]
    schemas: list[ApiSchema]

    @cached_property
    def groups(self) -> dict[str, list[Operation]]:
        """The operations by the first word of their path, in the order of the description."""
        by_tag: dict[str, list[Operation]] = {}
        for operation in self.operations:
            by_tag.setdefault(operation.tag, []).append(operation)
        return by_tag

    @cached_property
    def schema_groups(self) -> dict[str, list[ApiSchema]]:
        """The schemas by their group, groups in the order of their names, `SHARED` among them."""
        by_group: dict[str, list[ApiSchema]] = {}
        for schema in sorted(self.schemas, key=lambda schema: schema.group):
            by_group.setdefault(schema.group, []).append(schema)
        return by_group

    @cached_property
    def group_of_operation(self) -> dict[str, str]:
        """The group of each operation, by its id."""
        return {operation.id: operation.tag for operation in self.operations}

    @cached_property
    def group_of_schema(self) -> dict[str, str]:
        """The group of each schema, by its name."""
        return {schema.name: schema.group for schema in self.schemas}

    @cached_property
    def refusals(self) -> list[str]:
        """Every status that comes with a problem document, in order."""
        return sorted({status for operation in self.operations for status in operation.refusals})


_READING = Lock()


def read_reference() -> ApiReference:
    """The reference of the API that this process serves.

    The first caller has it made, in half a second, and others wait for that one; then it is kept, without the
    description that it was made of.
    """
    with _READING:
        return _own_reference()


@cache
def _own_reference() -> ApiReference:
    described = EnglishDescription()  # type: ignore[no-untyped-call]  # its library has no types
    return reference_of(described.get_schema(request=None, public=True))


def reference_of(description: Mapping[str, Any]) -> ApiReference:
    """The reference of a description."""
    operations = [
        _operation(path, method, entry[method])
        for path, entry in description["paths"].items()
        for method in METHODS
        if method in entry
    ]
    operations = _with_likeness(operations)
    used_by: dict[str, list[str]] = {}
    for operation in operations:
        for name in dict.fromkeys(_schemas_of(operation)):
            used_by.setdefault(name, []).append(operation.id)
    groups = schema_groups(description)
    schemas = [
        _schema(name, entry, group=groups[name], used_by=used_by.get(name, []))
        for name, entry in description["components"]["schemas"].items()
    ]
    return ApiReference(title=description["info"]["title"], operations=operations, schemas=schemas)


def _operation(path: str, method: str, entry: Json) -> Operation:
    answers = [_answer(status, answer) for status, answer in entry["responses"].items()]
    refused = [a.status for a in answers if [c.media_type for c in a.contents] == [PROBLEM_MEDIA]]
    signed = entry.get("x-signed-message")
    return Operation(
        id=entry["operationId"],
        method=method.upper(),
        path=path,
        tag=(entry.get("tags") or [""])[0],
        description=entry.get("description", ""),
        parameters=[_parameter(row) for row in entry.get("parameters", [])],
        bodies=_contents(entry.get("requestBody", {}).get("content", {})),
        signed=_signed(signed) if signed else None,
        answers=[answer for answer in answers if answer.status not in refused],
        refusals=sorted(refused),
    )


def _with_likeness(operations: list[Operation]) -> list[Operation]:
    by_stem: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        by_stem.setdefault((operation.method, END.sub("", operation.path)), []).append(operation)
    return [_likened(each, by_stem[each.method, END.sub("", each.path)]) for each in operations]


def _likened(operation: Operation, others: list[Operation]) -> Operation:
    """The operation beside the one with the most parameters among those that have all of its own and more."""
    own = set(operation.parameters)
    wider = [other for other in others if own < set(other.parameters)]
    if not wider:
        return operation
    most = max(wider, key=lambda other: len(other.parameters))
    without = tuple(each.name for each in most.parameters if each not in own)
    return replace(operation, like=most.id, without=without)


def _signed(entry: Json) -> SignedMessage:
    wrapping = "bundle" if "bundle" in entry else "envelope"
    return SignedMessage(
        wrapping=_name(entry[wrapping]),
        payload_type=entry["payloadType"],
        payload=_name(entry["payload"]),
    )


def _answer(status: str, entry: Json) -> ApiAnswer:
    phrase = HTTPStatus(int(status)).phrase if status.isdigit() else status
    return ApiAnswer(
        status=status,
        phrase=phrase,
        description=entry.get("description", ""),
        contents=_contents(entry.get("content", {})),
    )


def _contents(content: Json) -> list[ApiContent]:
    return [
        ApiContent(media_type=media_type, type=type_words(entry.get("schema", {})))
        for media_type, entry in content.items()
    ]


def _parameter(row: Json) -> ApiField:
    return ApiField(
        name=row["name"],
        type=type_words(row.get("schema", {})),
        unit=unit_of_field(row["name"], row.get("schema", {})),
        description=row.get("description", ""),
        is_required=bool(row.get("required")),
        place=row["in"],
    )


def _schema(name: str, entry: Json, *, group: str, used_by: list[str]) -> ApiSchema:
    required = set(entry.get("required", ()))
    fields = [
        ApiField(
            name=field,
            type=type_words(row),
            unit=unit_of_field(field, row),
            description=row.get("description", ""),
            is_required=field in required,
        )
        for field, row in entry.get("properties", {}).items()
    ]
    return ApiSchema(
        name=name,
        group=group,
        description=entry.get("description", ""),
        type=type_words(entry),
        fields=fields,
        used_by=used_by,
    )


def type_words(schema: Json) -> TypeWords:
    """The type of a schema in words."""
    inner = _inner_type(schema)
    return replace(inner, is_nullable=bool(schema.get("nullable")) or inner.is_nullable)


def _inner_type(schema: Json) -> TypeWords:
    if "$ref" in schema:
        return TypeWords(words="", schema=_name(schema))
    if len(schema.get("allOf", ())) == 1:
        return type_words(schema["allOf"][0])
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    if alternatives:
        return _alternatives([type_words(each) for each in alternatives])
    if schema.get("type") == "array":
        return _with_lead("array of", type_words(schema.get("items", {})))
    if isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
        return _with_lead("object, each value", type_words(schema["additionalProperties"]))
    words = schema.get("type", "any value")
    if schema.get("format") and schema["format"] != "double":
        words = f"{words}, {schema['format']}"
    return TypeWords(words=words, choices=tuple(str(choice) for choice in schema.get("enum", ())))


def _with_lead(lead: str, inner: TypeWords) -> TypeWords:
    ending = " or null" if inner.is_nullable and inner.words else ""
    return replace(inner, words=f"{lead} {inner.words}{ending}".strip(), is_nullable=False)


def _alternatives(inner: list[TypeWords]) -> TypeWords:
    schemas = [each.schema for each in inner if each.schema]
    if len(schemas) == 1:
        words = "".join(f"{each.words} or " for each in inner if not each.schema)
        return TypeWords(words=words.strip(), schema=schemas[0])
    return TypeWords(words=" or ".join(each.words or each.schema for each in inner))


def _name(reference: Json) -> str:
    return str(reference["$ref"]).removeprefix(SCHEMA_REFERENCE)


def _schemas_of(operation: Operation) -> Iterator[str]:
    """The schemas that an operation names itself."""
    for content in (*operation.bodies, *(c for answer in operation.answers for c in answer.contents)):
        if content.type.schema:
            yield content.type.schema
    if operation.signed:
        yield from (operation.signed.wrapping, operation.signed.payload)
