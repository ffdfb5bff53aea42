"""A name says what a thing is: words that only say what happened to it are no names in product code."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PRODUCT = ("agent/joulemark", "measurements", "platform/joulemark_site", "simulation/joulemark_simulation")

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

EXCEPTIONS = {
    ("agent/joulemark/session/state.py", "asked"): "a field of the stored session file",
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


def test_no_name_only_says_what_happened() -> None:
    """Name these for what they are."""
    refused = [
        f"{path}: {name}"
        for root in PRODUCT
        for file in sorted((ROOT / root).rglob("*.py"))
        if "migrations" not in (path := file.relative_to(ROOT)).parts
        for name in (path.stem, *_bindings(ast.parse(file.read_text(encoding="utf-8"))))
        if _is_refused(name) and (path.as_posix(), name) not in EXCEPTIONS
    ]
    assert refused == []


@pytest.mark.parametrize(("path", "name"), EXCEPTIONS)
def test_an_exception_is_still_needed(path: str, name: str) -> None:
    assert name in _bindings(ast.parse((ROOT / path).read_text(encoding="utf-8")))


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def test_no_docstring_is_a_single_word() -> None:
    files = [file for root in PRODUCT for file in (ROOT / root).rglob("*.py")]
    single = [
        f"{file.relative_to(ROOT)}: {text}"
        for file in sorted(files)
        for text in _docstrings(ast.parse(file.read_text(encoding="utf-8")))
        if len(text.split()) == 1
    ]
    assert single == []


def test_every_way_to_bind_a_name_is_seen() -> None:
    module = ast.parse(
        "import a as said\nfrom b import told\nfound = [one for one in made]\n"
        "def kept(asked, *held, **shown): ...\nclass Known:\n    heard: int\n"
        "self.gave = 1\ntry: ...\nexcept E as _wanted: ...\n"
    )
    assert Counter(name.strip("_").lower() for name in _bindings(module) if _is_refused(name)) == Counter(
        WORDS - {"made"}
    )


TREES = {"agent/joulemark": ("agent/joulemark",), "the platform": ("measurements", "platform/joulemark_site")}
SHARED = {
    "Column": "of a sensor's readings, and of a release's table; no module has both",
    "Manifest": "of a suite and of a release, as both formats call it",
    "Table": "of the terminal, and of a release",
    "Workload": "the signed record calls what ran so, and the base class of what runs is the same thing alive",
}
"""Class names that two modules of one tree have, and why."""


@pytest.mark.parametrize("folders", TREES.values(), ids=TREES)
def test_a_class_name_stands_for_one_class(folders: tuple[str, ...]) -> None:
    homes: dict[str, set[str]] = {}
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes.setdefault(node.name, set()).add(str(file.relative_to(ROOT)))
    for of_django in ("Command", "Migration"):
        homes.pop(of_django, None)
    shared = {name: sorted(files) for name, files in homes.items() if len(files) > 1 and name not in SHARED}
    assert not shared, "two classes of one name in one tree"
