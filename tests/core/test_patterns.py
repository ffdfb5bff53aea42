"""No pattern of the code, of a type, of a schema or of an address takes a text with a line break at its end."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.record import field_types
from tests.laws import law

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / part for part in ("agent/joulemark", "measurements", "platform/joulemark_site")]
OPEN_AT_THE_END = {
    "(^|[-_./ ])": "looks for a word within a name",
    "name\\s*:\\s*(.+?)\\s*$": "reads lines of /proc",
    "Model\\s*:\\s*(.+?)\\s*$": "reads lines of /proc",
    "MemTotal:\\s*(\\d{1,15}) kB\\s*$": "reads lines of /proc",
}
"""Patterns with a `$` that are not asked whether a text is valid, and why they may have it."""


def text_types() -> dict[str, Any]:
    """Every type of text in the one file that defines them."""
    return {
        name: kind
        for name, kind in vars(field_types).items()
        if hasattr(kind, "__metadata__") and name[0].isupper()
    }


@pytest.mark.laws
@law()
@given(st.sampled_from(sorted(text_types())), st.data())
def test_no_type_of_text_takes_a_line_break(name: str, data: st.DataObject) -> None:
    kind = text_types()[name]
    pattern = kind.__metadata__[0].pattern
    text = data.draw(st.from_regex(pattern.removesuffix(field_types.END) + r"\Z"))
    limit = kind.__metadata__[0].max_length
    if limit is not None:
        text = text[:limit]
    assert msgspec.convert(text, kind) == text
    for ending in ("\n", "\r\n", "\n\n"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(text + ending, kind)
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(json.dumps(text + ending), type=kind)


def structs() -> Iterator[type[msgspec.Struct]]:
    """Every msgspec class of the agent's pure rooms."""
    for room in ("record", "suite", "log", "impact", "published", "rules", "audit", "session"):
        package = importlib.import_module(f"joulemark.{room}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                if (
                    isinstance(value, type)
                    and issubclass(value, msgspec.Struct)
                    and value is not msgspec.Struct
                ):
                    yield value


def patterns(hint: Any) -> Iterator[str]:
    """Every pattern within a type hint."""
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and extra.pattern is not None:
            yield extra.pattern
    for inner in (*get_args(hint), *([hint.__origin__] if hasattr(hint, "__metadata__") else [])):
        yield from patterns(inner)


def test_every_class_uses_these_patterns() -> None:
    ours = {kind.__metadata__[0].pattern for kind in text_types().values()}
    hints = [hint for kind in structs() for hint in get_type_hints(kind, include_extras=True).values()]
    found = {pattern for hint in hints for pattern in patterns(hint)}
    assert len(found) > 5
    assert found <= ours, f"these patterns belong into record/field_types.py: {sorted(found - ours)}"


def test_every_schema_in_the_docs_refuses_a_line_break() -> None:
    found = set()
    for file in (ROOT / "docs" / "schema").glob("*.json"):
        found |= set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', file.read_text(encoding="utf-8")))
    assert found
    for written in found:
        pattern = json.loads(written)
        assert pattern.startswith("^"), pattern
        assert pattern.endswith(field_types.END), pattern


def texts_of_code() -> Iterator[tuple[Path, str]]:
    """Every text in the code that ends as a pattern does which takes a line break: with a `$`."""
    for source in SOURCES:
        for file in source.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 300:
                    yield file, node.value


def test_no_pattern_of_the_code_ends_with_a_bare_dollar() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {text}"
        for file, text in texts_of_code()
        if re.search(r"[\])}*+?\w]\$\)?$", text) and not any(known in text for known in OPEN_AT_THE_END)
    ]
    assert wrong == []


def test_no_validation_by_match() -> None:
    """`match` asks only for a beginning: what checks a whole text is `fullmatch`."""
    allowed = {
        "meters/device.py": "reads the beginning of a kernel's release",
        "workloads/first_kernel.py": "reads the beginning of a version",
    }
    wrong = []
    for source in SOURCES:
        for file in source.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if called == "re.match" and not any(str(file).endswith(name) for name in allowed):
                    wrong.append(str(file))
    assert wrong == []
