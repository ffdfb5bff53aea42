"""JSON Schemas of a suite's files, out of their classes: `python -m joulemark.suite.schemas FOLDER` writes them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from joulemark.suite.loader import Manifest
from joulemark.suite.lock import Lock

if TYPE_CHECKING:
    from joulemark.suite.schema import Entry

PUBLISHED: dict[str, type[Entry]] = {"suite-1": Manifest, "suite-lock-1": Lock}
"""``suite.toml`` and ``lock.toml`` by the name of their schema file; the number is the format's version."""


def schema_of(name: str) -> bytes:
    """The JSON Schema (2020-12) called `name`, indented, with a newline at the end. Raises KeyError."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        **msgspec.json.schema(PUBLISHED[name]),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def main(arguments: list[str]) -> int:
    """Write every schema into the folder that is named."""
    from pathlib import Path

    if len(arguments) != 1:
        print("usage: python -m joulemark.suite.schemas FOLDER", file=sys.stderr)  # noqa: T201 - a program's usage line
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name in PUBLISHED:
        (folder / f"{name}.json").write_bytes(schema_of(name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
