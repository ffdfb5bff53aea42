"""What breaks a client between two descriptions of the API (OpenAPI 3.0): the released one and the one of now.

A client may rely on every address, parameter and field that was there, on types and choices as they were, and on the
status of a success. It must bear new addresses, fields, choices of an answer, optional parameters and refusals
(docs/api.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]
Kind = Literal[
    "removed path",
    "removed operation",
    "removed parameter",
    "new required parameter",
    "changed status",
    "removed media type",
    "removed field",
    "field that may be absent",
    "narrowed type",
    "removed enumeration value",
    "renamed operation",
    "renamed component",
]
METHODS = ("get", "post", "put", "patch", "delete")
LOWER, UPPER = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")


@dataclass(frozen=True, kw_only=True)
class Break:
    """One thing that a client relied on, and where."""

    kind: Kind
    place: str


def breaks(released: Json, now: Json) -> list[Break]:
    """Everything of `released` that a client may rely on and that `now` lacks."""
    found: list[Break] = []
    for path, operations in released["paths"].items():
        if path not in now["paths"]:
            found.append(Break(kind="removed path", place=path))
            continue
        for method in METHODS:
            if method not in operations:
                continue
            place = f"{method.upper()} {path}"
            if method not in now["paths"][path]:
                found.append(Break(kind="removed operation", place=place))
            else:
                pair = _Pair(released=released, now=now)
                found += pair.of_operation(place, operations[method], now["paths"][path][method])
    lost = released["components"]["schemas"].keys() - now["components"]["schemas"].keys()
    return found + [Break(kind="renamed component", place=name) for name in sorted(lost)]


class _Pair:
    """Two descriptions whose parts are compared; components that were compared are not compared again."""

    def __init__(self, *, released: Json, now: Json) -> None:
        self._released, self._now = released, now
        self._seen: set[tuple[str, str, bool]] = set()

    def of_operation(self, place: str, before: Json, after: Json) -> Iterator[Break]:
        """What one operation lost."""
        if before["operationId"] != after["operationId"]:
            yield Break(kind="renamed operation", place=place)
        yield from self._of_parameters(place, before.get("parameters", []), after.get("parameters", []))
        if "requestBody" in before:
            body, then = after.get("requestBody", {}), before["requestBody"]
            if body.get("required") and not then.get("required"):
                yield Break(kind="new required parameter", place=f"{place} body")
            yield from self._of_content(
                f"{place} body", then.get("content", {}), body.get("content", {}), is_sent=True
            )
        elif after.get("requestBody", {}).get("required"):
            yield Break(kind="new required parameter", place=f"{place} body")
        for status, answer in before["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in after["responses"]:
                yield Break(kind="changed status", place=f"{place} {status}")
                continue
            content = after["responses"][status].get("content", {})
            yield from self._of_content(
                f"{place} {status}", answer.get("content", {}), content, is_sent=False
            )

    def _of_parameters(self, place: str, before: list[Json], after: list[Json]) -> Iterator[Break]:
        then = {(entry["in"], entry["name"]): entry for entry in before}
        now = {(entry["in"], entry["name"]): entry for entry in after}
        for key, entry in then.items():
            where = f"{place} ?{key[1]}"
            if key not in now:
                yield Break(kind="removed parameter", place=where)
                continue
            if now[key].get("required") and not entry.get("required"):
                yield Break(kind="new required parameter", place=where)
            yield from self._of_schema(where, entry["schema"], now[key]["schema"], is_sent=True)
        for key, entry in now.items():
            if key not in then and entry.get("required"):
                yield Break(kind="new required parameter", place=f"{place} ?{key[1]}")

    def _of_content(self, place: str, before: Json, after: Json, *, is_sent: bool) -> Iterator[Break]:
        for media, content in before.items():
            if media not in after:
                yield Break(kind="removed media type", place=f"{place} {media}")
                continue
            yield from self._of_schema(
                f"{place} {media}", content.get("schema", {}), after[media].get("schema", {}), is_sent=is_sent
            )

    def _of_schema(self, place: str, before: Json, after: Json, *, is_sent: bool) -> Iterator[Break]:
        """Compare two shapes. `is_sent`: a client sends it, so that it may only become wider; else only narrower."""
        key = (str(before.get("$ref")), str(after.get("$ref")), is_sent)
        if "$ref" in before or "$ref" in after:
            if key in self._seen:
                return
            self._seen.add(key)
        before, after = _resolved(self._released, before), _resolved(self._now, after)
        yield from _of_values(place, before, after, is_sent=is_sent)
        properties = after.get("properties", {})
        for name, field in before.get("properties", {}).items():
            if name not in properties:
                yield Break(kind="removed field", place=f"{place}.{name}")
                continue
            required = (name in before.get("required", ()), name in after.get("required", ()))
            if required == (True, False) and not is_sent:
                yield Break(kind="field that may be absent", place=f"{place}.{name}")
            yield from self._of_schema(f"{place}.{name}", field, properties[name], is_sent=is_sent)
        if is_sent:
            for name in set(after.get("required", ())) - set(before.get("required", ())):
                yield Break(kind="new required parameter", place=f"{place}.{name}")
        if "items" in before:
            yield from self._of_schema(f"{place}[]", before["items"], after.get("items", {}), is_sent=is_sent)
        if isinstance(before.get("additionalProperties"), dict):
            more = after.get("additionalProperties")
            yield from self._of_schema(
                f"{place}.*",
                before["additionalProperties"],
                more if isinstance(more, dict) else {},
                is_sent=is_sent,
            )


def _resolved(description: Json, schema: Json) -> Json:
    """The shape that a reference, alone or in an `allOf` of one, leads to, with what stands beside it."""
    beside = {name: value for name, value in schema.items() if name not in ("$ref", "allOf")}
    if "$ref" in schema:
        named = schema["$ref"].removeprefix("#/components/schemas/")
        return {**_resolved(description, description["components"]["schemas"][named]), **beside}
    if len(schema.get("allOf", ())) == 1:
        return {**_resolved(description, schema["allOf"][0]), **beside}
    return schema


def _of_values(place: str, before: Json, after: Json, *, is_sent: bool) -> Iterator[Break]:
    wide, narrow = (after, before) if is_sent else (before, after)
    if not _holds(wide, narrow):
        yield Break(kind="narrowed type", place=place)
    if "enum" in before and "enum" in after:
        for value in before["enum"]:
            if value not in after["enum"]:
                yield Break(kind="removed enumeration value", place=f"{place} = {value}")
    elif is_sent and "enum" in after:
        yield Break(kind="narrowed type", place=place)


def _holds(wide: Json, narrow: Json) -> bool:
    """Whether every value of one shape is one of the other, as far as type, format and limits tell."""
    types = (wide.get("type"), narrow.get("type"))
    if types[0] is not None and types[0] != types[1] and types != ("number", "integer"):
        return False
    if wide.get("format") not in (None, narrow.get("format")) and types[0] == types[1]:
        return False
    if narrow.get("nullable") and not wide.get("nullable") and types[0] is not None:
        return False
    if "pattern" in wide and wide["pattern"] != narrow.get("pattern"):
        return False
    lower = all(name not in wide or narrow.get(name, wide[name] - 1) >= wide[name] for name in LOWER)
    return lower and all(name not in wide or narrow.get(name, wide[name] + 1) <= wide[name] for name in UPPER)
