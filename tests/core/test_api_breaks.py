"""Nothing that a client of the released API relies on is gone; and each way of breaking one is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api_breaks import Break, breaks

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "tests" / "openapi.released.yaml"
"""The description that was released last: `docs/changing.md` says when it is replaced."""
Json = dict[str, Any]
READ = "/api/v1/things/{name}/"


def described() -> Json:
    """A small description with everything that a client may rely on."""
    schemas: Json = {
        "Thing": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "kind": {"allOf": [{"$ref": "#/components/schemas/KindEnum"}]},
                "energy_j": {"type": "number"},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            },
        },
        "KindEnum": {"type": "string", "enum": ["large", "small"]},
        "UnusedEnum": {"type": "string", "enum": ["once"]},
    }
    parameters = [
        {"in": "path", "name": "name", "required": True, "schema": {"type": "string"}},
        {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 1000}},
        {"in": "query", "name": "size", "schema": {"type": "string", "enum": ["large", "small"]}},
        {"in": "query", "name": "words", "schema": {"type": "string"}},
    ]
    content = {
        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
        "text/csv": {"schema": {"type": "string"}},
    }
    read = {
        "operationId": "read_thing",
        "parameters": parameters,
        "responses": {"200": {"content": content}, "404": {}},
    }
    send = {
        "operationId": "send_thing",
        "requestBody": {"content": {"text/plain": {"schema": {"type": "string"}}}},
        "responses": {"201": {}},
    }
    return {"paths": {READ: {"get": read, "post": send}}, "components": {"schemas": schemas}}


def get(description: Json) -> Json:
    """The operation that reads."""
    operation: Json = description["paths"][READ]["get"]
    return operation


def parameter(description: Json, name: str) -> Json:
    """A parameter of it."""
    return next(entry for entry in get(description)["parameters"] if entry["name"] == name)


def shapes(description: Json) -> Json:
    """The components."""
    found: Json = description["components"]["schemas"]
    return found


def properties(description: Json) -> Json:
    """The fields of a thing."""
    found: Json = shapes(description)["Thing"]["properties"]
    return found


CHANGES: dict[str, tuple[str, Callable[[Json], Any]]] = {
    "a path": ("removed path", lambda now: now["paths"].pop(READ)),
    "a method": ("removed operation", lambda now: now["paths"][READ].pop("post")),
    "an operation's name": ("renamed operation", lambda now: get(now).update(operationId="thing")),
    "a component's name": ("renamed component", lambda now: shapes(now).pop("UnusedEnum")),
    "a parameter": ("removed parameter", lambda now: get(now)["parameters"].pop()),
    "a parameter that must be there": (
        "new required parameter",
        lambda now: parameter(now, "limit").update(required=True),
    ),
    "a new parameter that must be there": (
        "new required parameter",
        lambda now: get(now)["parameters"].append(
            {"in": "query", "name": "key", "required": True, "schema": {"type": "string"}}
        ),
    ),
    "a body that must be there": (
        "new required parameter",
        lambda now: now["paths"][READ]["post"]["requestBody"].update(required=True),
    ),
    "a limit": ("narrowed type", lambda now: parameter(now, "limit")["schema"].update(maximum=100)),
    "words out of a list": (
        "narrowed type",
        lambda now: parameter(now, "words")["schema"].update(enum=["a"]),
    ),
    "a choice of a question": (
        "removed enumeration value",
        lambda now: parameter(now, "size")["schema"]["enum"].remove("small"),
    ),
    "a choice of an answer": (
        "removed enumeration value",
        lambda now: shapes(now)["KindEnum"]["enum"].remove("small"),
    ),
    "a status": (
        "changed status",
        lambda now: get(now)["responses"].update({"202": get(now)["responses"].pop("200")}),
    ),
    "a format": ("removed media type", lambda now: get(now)["responses"]["200"]["content"].pop("text/csv")),
    "a field": ("removed field", lambda now: properties(now).pop("energy_j")),
    "a field that is not always there": (
        "field that may be absent",
        lambda now: shapes(now)["Thing"].update(required=[]),
    ),
    "a type": ("narrowed type", lambda now: properties(now)["energy_j"].update(type="string")),
    "a field that may be null": (
        "narrowed type",
        lambda now: properties(now)["energy_j"].update(nullable=True),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_break_is_named(name: str) -> None:
    kind, change = CHANGES[name]
    now = copy.deepcopy(described())
    change(now)
    assert [found.kind for found in breaks(described(), now)] == [kind]


BEARABLE: dict[str, Callable[[Json], Any]] = {
    "a new path": lambda now: now["paths"].update({"/api/v1/others/": copy.deepcopy(now["paths"][READ])}),
    "a new field": lambda now: properties(now).update({"colour": {"type": "string"}}),
    "a new choice of an answer": lambda now: shapes(now)["KindEnum"]["enum"].append("huge"),
    "a new parameter": lambda now: get(now)["parameters"].append(
        {"in": "query", "name": "fields", "schema": {"type": "string"}}
    ),
    "a wider limit": lambda now: parameter(now, "limit")["schema"].update(maximum=5000),
    "a number that is whole now": lambda now: properties(now)["energy_j"].update(type="integer"),
    "a new refusal": lambda now: get(now)["responses"].update({"409": {}}),
}


@pytest.mark.parametrize("name", BEARABLE)
def test_what_a_client_must_bear_is_no_break(name: str) -> None:
    now = copy.deepcopy(described())
    BEARABLE[name](now)
    assert now != described()
    assert breaks(described(), now) == []


def test_the_released_api_is_still_there() -> None:
    released, now = (
        yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for file in (RELEASED, ROOT / "docs" / "openapi.yaml")
    )
    assert len(released["paths"]) > 30
    lost: list[Break] = breaks(released, now)
    assert lost == []
