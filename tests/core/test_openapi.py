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
    assert len(DOORS) == 8
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
