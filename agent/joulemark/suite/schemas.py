"""JSON Schemas of a suite's files, out of their classes: `python -m joulemark.suite.schemas FOLDER` writes them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from joulemark.record.schema import document, write
from joulemark.suite.loader import Manifest
from joulemark.suite.lock import Lock
from joulemark.suite.reference_answers import KnownAnswers

if TYPE_CHECKING:
    from joulemark.suite.schema import Entry

PUBLISHED: dict[str, type[Entry]] = {
    "suite-1": Manifest,
    "suite-lock-4": Lock,
    "suite-answers-1": KnownAnswers,
}
"""``suite.toml``, ``lock.toml`` and ``answers.toml`` by the name of their schema; its number is the version."""


def schema_of(name: str) -> bytes:
    """The JSON Schema of the file called `name`. Raises KeyError."""
    return document(name, PUBLISHED[name])


if __name__ == "__main__":
    sys.exit(write(sys.argv[1:], PUBLISHED, module="joulemark.suite.schemas"))
