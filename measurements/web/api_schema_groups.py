"""By which group of operations a schema of the API's description is shown: the one that alone refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMA_REFERENCE = "#/components/schemas/"
SHARED = "shared"
"""The group of schemas that operations of several groups refer to, or none."""


def schema_groups(description: Mapping[str, Any]) -> dict[str, str]:
    """The group of each schema by its name, in the order of the description.

    A schema belongs to a tag where every operation that refers to it, itself or through other schemas, has that tag.
    """
    schemas = description["components"]["schemas"]
    referred = {name: set(_references(schema)) for name, schema in schemas.items()}
    tags: dict[str, set[str]] = {name: set() for name in schemas}
    for path in description["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                for name in _reached(set(_references(operation)), referred):
                    tags[name].update(operation.get("tags", ())[:1])
    return {name: next(iter(of)) if len(of) == 1 else SHARED for name, of in tags.items()}


def _reached(names: set[str], referred: Mapping[str, set[str]]) -> set[str]:
    """These schemas and all that they refer to."""
    reached: set[str] = set()
    while names:
        reached |= names
        names = set().union(*(referred[name] for name in names)) - reached
    return reached


def _references(part: object) -> Iterator[str]:
    """The names of schemas that a part of the description refers to."""
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith(SCHEMA_REFERENCE):
            yield reference.removeprefix(SCHEMA_REFERENCE)
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)
