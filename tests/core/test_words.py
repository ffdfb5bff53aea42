"""A name says what a thing is: words that only say what happened to it are no names in product code."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PRODUCT = ("agent/joulemark", "measurements", "platform/joulemark_site")

WORDS = frozenset(
    [
        "asked",
        "found",
        "gave",
        "heard",
        "held",
        "kept",
        "known",
        "made",
        "one",
        "said",
        "shown",
        "told",
        "wanted",
    ]
)

DONE = (
    "agent/joulemark/audit",
    "agent/joulemark/consensus",
    "agent/joulemark/energy",
    "agent/joulemark/hub",
    "agent/joulemark/impact",
    "agent/joulemark/log",
    "agent/joulemark/published",
    "agent/joulemark/record",
    "agent/joulemark/rules",
    "agent/joulemark/suite",
)
"""Rooms that have no such name."""

CEILINGS: dict[str, int] = {
    "agent/joulemark": 24,
    "agent/joulemark/cli": 31,
    "agent/joulemark/meters": 21,
    "agent/joulemark/session": 59,
    "agent/joulemark/workloads": 38,
    "measurements/boards": 46,
    "measurements/catalog": 4,
    "measurements/contributors": 2,
    "measurements/display": 4,
    "measurements/downloads": 5,
    "measurements/impact": 1,
    "measurements/intake": 41,
    "measurements/ledger": 12,
    "measurements/pages": 4,
    "measurements/published": 18,
    "measurements/review": 76,
    "measurements/web": 2,
    "platform/joulemark_site": 10,
    "platform/joulemark_site/crowd": 36,
    "platform/joulemark_site/management": 5,
}
"""How many such names the other rooms have. A number may only shrink, and follows the work: it is exact."""

EXCEPTIONS = {
    ("measurements/impact/serializers.py", "found"): "a field of the REST answer, on which readers rely",
    ("measurements/impact/serializers.py", "made"): "a field of the REST answer, on which readers rely",
}
"""Names that stay, with the reason."""


def _bindings(tree: ast.Module) -> Iterator[str]:
    """Every name that a module binds: values, arguments, functions, classes, imports and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=alias):
                yield alias or name.partition(".")[0]
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name


def _is_refused(name: str) -> bool:
    return name.strip("_").lower() in WORDS


def _room(path: Path) -> str:
    """The folder below a source root; the root itself for a module that lies in none."""
    parts = path.parts
    depth = next(len(Path(root).parts) for root in PRODUCT if path.is_relative_to(root))
    return "/".join(parts[: depth + 1] if len(parts) > depth + 1 else parts[:depth])


@cache
def _names_by_room() -> dict[str, tuple[str, ...]]:
    """`path: name` of each refused name in product code."""
    names: dict[str, list[str]] = {}
    for root in PRODUCT:
        for file in sorted((ROOT / root).rglob("*.py")):
            path = file.relative_to(ROOT)
            if "migrations" in path.parts:
                continue
            bound = [path.stem, *_bindings(ast.parse(file.read_text(encoding="utf-8")))]
            names.setdefault(_room(path), []).extend(
                f"{path}: {name}"
                for name in bound
                if _is_refused(name) and (path.as_posix(), name) not in EXCEPTIONS
            )
    return {room: tuple(listed) for room, listed in names.items()}


@pytest.mark.parametrize("room", DONE)
def test_a_room_that_is_done_has_no_such_name(room: str) -> None:
    assert _names_by_room()[room] == ()


def test_the_other_rooms_have_as_many_as_is_written() -> None:
    counts = {room: len(names) for room, names in _names_by_room().items() if names and room not in DONE}
    grown = {room: _names_by_room()[room] for room in counts if counts[room] > CEILINGS.get(room, 0)}
    assert not grown, "name these for what they are"
    assert counts == CEILINGS, "lower the ceilings: the work has gone on"


@pytest.mark.parametrize(("path", "name"), EXCEPTIONS)
def test_an_exception_is_still_needed(path: str, name: str) -> None:
    assert name in _bindings(ast.parse((ROOT / path).read_text(encoding="utf-8")))


def test_every_way_to_bind_a_name_is_seen() -> None:
    module = ast.parse(
        "import a as said\nfrom b import told\nfound = [one for one in made]\n"
        "def kept(asked, *held, **shown): ...\nclass Known:\n    heard: int\n"
        "self.gave = 1\ntry: ...\nexcept E as _wanted: ...\n"
    )
    assert Counter(name.strip("_").lower() for name in _bindings(module) if _is_refused(name)) == Counter(
        WORDS - {"made"}
    )
