"""Where words go: the answer on stdout; with `--json` one JSON document there and all words on stderr."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # not from typing: importing that is a tenth of this command's start
if TYPE_CHECKING:
    from typing import Any


class Output:
    """The two streams of one command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, text: str) -> None:
        """A line of the answer."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def aside(self, text: str) -> None:
        """A line beside the answer: progress, a warning, an error."""
        print(text, file=sys.stderr, flush=True)

    def answer(self, value: dict[str, Any]) -> None:
        """The JSON document, where one was asked for."""
        if self.as_json:
            import json

            print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False), flush=True)
