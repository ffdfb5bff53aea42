"""The command line, called in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.cli import main
from joulemark.outbox import Outbox

if TYPE_CHECKING:
    import pytest

    from joulemark.config import Folders


@dataclass
class Agent:
    """The command line in this process."""

    folders: Folders
    capsys: pytest.CaptureFixture[str]
    code: int = 0
    out: str = ""
    err: str = ""

    def __call__(self, *words: str) -> int:
        """Run a command; its exit code. What it printed is in `out` and `err`."""
        self.code = main(list(words))
        self.out, self.err = self.capsys.readouterr()
        return self.code

    def json(self, *words: str) -> dict[str, Any]:
        """Run a command with `--json`; stdout must be one JSON document."""
        self(*words, "--json")
        return json.loads(self.out)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.folders)
