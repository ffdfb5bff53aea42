"""Where words go: the answer on stdout; with `--json` one JSON document there and all words on stderr."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # not from typing: importing that is a tenth of this command's start
if TYPE_CHECKING:
    from typing import Any, TextIO


class Output:
    """The two streams of one command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, text: str) -> None:
        """A line of the answer."""
        _print(text, sys.stderr if self.as_json else sys.stdout)

    def aside(self, text: str) -> None:
        """A line beside the answer: progress, a warning, an error."""
        _print(text, sys.stderr)

    def tell(self, sentence: str, *, beside: bool = False) -> None:
        """A sentence of the answer, or beside it: one line; on a terminal several, which end between words."""
        stream = sys.stderr if beside or self.as_json else sys.stdout
        for line in _terminal_lines(sentence, stream):
            _print(line, stream)

    def answer(self, value: dict[str, Any]) -> None:
        """The JSON document, where one was asked for."""
        if self.as_json:
            import json

            text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
            try:
                print(text, flush=True)
            except UnicodeEncodeError:  # a locale without our letters, or a name that is no text at all
                print(json.dumps(value, indent=2, allow_nan=False), flush=True)


def _terminal_lines(sentence: str, stream: TextIO) -> list[str]:
    if not stream.isatty():
        return [sentence]
    from shutil import get_terminal_size
    from textwrap import wrap

    return wrap(sentence, get_terminal_size().columns, break_long_words=False, break_on_hyphens=False)


def _print(text: str, stream: TextIO) -> None:
    """A line; letters that the terminal's locale lacks are written as escapes."""
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
