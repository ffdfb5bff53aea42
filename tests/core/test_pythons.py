"""The Pythons that the lock is for, 3.11 to 3.13: what can be known of the later ones without the tests there."""

from __future__ import annotations

import ast
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    file
    for part in ("agent", "measurements", "platform", "simulation", "deploy")
    for file in (ROOT / part).rglob("*.py")
)
REMOVED = frozenset(
    [
        "aifc",
        "asynchat",
        "asyncore",
        "audioop",
        "binhex",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "distutils",
        "imghdr",
        "imp",
        "lib2to3",
        "mailcap",
        "msilib",
        "nis",
        "nntplib",
        "ossaudiodev",
        "pipes",
        "smtpd",
        "sndhdr",
        "spwd",
        "sunau",
        "telnetlib",
        "uu",
        "xdrlib",
    ]
)
"""Modules of the standard library that 3.12 and 3.13 no longer have."""
COMPILE = """
import sys, warnings
warnings.simplefilter("error", SyntaxWarning)
warnings.simplefilter("error", DeprecationWarning)
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        compile(file.read(), name, "exec", dont_inherit=True)
"""


def interpreter(version: str) -> str | None:
    """A Python of this version that starts: one of the path, or one that pyenv has installed."""
    installed = sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for python in (shutil.which(f"python{version}"), *installed):
        if python is None:
            continue
        words = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() == version:
            return python
    return None


def test_the_code_is_checked_as_that_of_the_oldest() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["requires-python"] == ">=3.11"
    assert settings["tool"]["ruff"].get("target-version", "py311") == "py311"


def test_no_module_is_imported_that_a_later_one_lacks() -> None:
    assert len(SOURCES) > 400
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            lacking = REMOVED & {name.partition(".")[0] for name in names}
            assert not lacking, f"{file.relative_to(ROOT)}: {lacking}"


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_code_compiles_without_a_warning_where_a_later_one_is_installed(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"Python {version} is not on this machine")
    done = subprocess.run(
        [python, "-c", COMPILE, *map(str, SOURCES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
