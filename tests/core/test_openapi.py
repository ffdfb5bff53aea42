"""Laws over docs/openapi.yaml: what keeps clients that programs generate out of it from working."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DESCRIPTION = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DESCRIPTION["paths"].items()
    for method, operation in operations.items()
}
DOORS = {name: operation for name, operation in OPERATIONS.items() if name.startswith("POST ")}


def parts(part: Any, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document with its place."""
    if isinstance(part, dict):
        yield place, part
        for name, value in part.items():
            yield from parts(value, f"{place}/{name}")
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from parts(value, f"{place}/{number}")


def test_every_choice_is_a_word() -> None:
    """A blank or null member of an enumeration has no name in a generated class, and Python's cannot be imported."""
    choices = {
        place: part["enum"] for place, part in parts(DESCRIPTION) if isinstance(part.get("enum"), list)
    }
    assert choices
    assert {place: found for place, found in choices.items() if not all(found)} == {}
    assert [place for place in choices if place.endswith(("BlankEnum", "NullEnum"))] == []


def test_every_signed_door_takes_opaque_bytes_and_needs_them() -> None:
    assert len(DOORS) == 10
    bytes_alone = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    assert {name: door["requestBody"] for name, door in DOORS.items()} == {
        name: {"content": bytes_alone, "required": True} for name in DOORS
    }


def test_every_operation_has_a_name_of_its_own_that_is_one_in_any_language() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []
    assert [name for name in names if keyword.iskeyword(name)] == []


def test_every_parameter_of_an_address_is_described_and_needed() -> None:
    for name, operation in OPERATIONS.items():
        described = {entry["name"] for entry in operation.get("parameters", []) if entry["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", name)), name
        assert all(entry["required"] for entry in operation.get("parameters", []) if entry["in"] == "path"), (
            name
        )


def test_every_answer_says_its_media_type() -> None:
    silent = {
        f"{name} {status}"
        for name, operation in OPERATIONS.items()
        for status, answer in operation["responses"].items()
        if not answer.get("content") and status not in {"304", "414"}
    }
    assert silent == set()


def test_whoever_is_refused_gets_a_problem_document() -> None:
    for name, operation in OPERATIONS.items():
        for status, answer in operation["responses"].items():
            if status.startswith("4") and answer.get("content"):
                assert list(answer["content"]) == ["application/problem+json"], f"{name} {status}"


def test_every_json_answer_has_a_described_shape() -> None:
    """`object` alone tells a client nothing; a refusal is one shape everywhere."""
    shapes = {
        f"{name} {status}": content["schema"]
        for name, operation in OPERATIONS.items()
        for status, answer in operation["responses"].items()
        for kind, content in answer.get("content", {}).items()
        if "json" in kind
    }
    assert {place: shape for place, shape in shapes.items() if shape.get("type") == "object"} == {}
    refusals = {shape["$ref"] for place, shape in shapes.items() if place.rsplit(" ", 1)[1][0] == "4"}
    assert refusals == {"#/components/schemas/Problem"}


def test_every_door_says_what_it_has_signed() -> None:
    """Two have no envelope of their own: a batch is a bundle a line, and a cosignature is a line of a signed note."""
    components = DESCRIPTION["components"]["schemas"]
    silent = {name for name, door in DOORS.items() if "x-signed-message" not in door}
    assert silent == {"POST /api/v1/results/batch", "POST /api/v1/log/cosignatures"}
    for name, door in DOORS.items():
        for _, part in parts(door.get("x-signed-message", {}), name):
            if reference := part.get("$ref"):
                assert reference.rsplit("/", 1)[1] in components


def test_nothing_refers_to_what_is_not_there() -> None:
    references = {part["$ref"] for _, part in parts(DESCRIPTION) if isinstance(part.get("$ref"), str)}
    components = {
        f"#/components/{kind}/{name}" for kind, named in DESCRIPTION["components"].items() for name in named
    }
    assert references <= components


def test_no_word_is_one_that_openapi_3_0_lacks() -> None:
    lacking = {"prefixItems", "contentEncoding", "propertyNames", "$defs", "const"}
    found = {place for place, part in parts(DESCRIPTION["components"]) if lacking & set(part)}
    assert {place for place in found if not place.endswith("/properties")} == set()
    assert [place for place, part in parts(DESCRIPTION) if part.get("type") == "null"] == []
    limits = {
        place
        for place, part in parts(DESCRIPTION)
        if "exclusiveMinimum" in part and part["exclusiveMinimum"] is not True
    }
    assert limits == set()
