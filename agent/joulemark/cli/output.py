"""Where words go: the answer on stdout; with `--json` one JSON document there and all words on stderr.

No output ends in a traceback: what a stream's encoding lacks is written as an escape, a reader that went away is not
written to any more, and a stream that was closed from the beginning gets nothing.
"""

from __future__ import annotations

import os
import sys

from joulemark.translation import gettext as _

TYPE_CHECKING = False  # not from typing: importing that is a tenth of this command's start
if TYPE_CHECKING:
    from typing import IO, Any, TextIO

MIN_WIDTH = 20


class CommandOutput:
    """The two streams of one command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @property
    def width(self) -> int | None:
        """The cells that a line of the answer may have; None where it goes to no terminal."""
        return _width(self._stream)

    @property
    def encoding(self) -> str:
        """That of the answer's stream."""
        return _encoding(self._stream)

    def fitted(self, name: str, *, beside: int = 0) -> str:
        """A name that loses its middle where `beside` cells leave it too little room on the answer's terminal."""
        if self.width is None:
            return name
        from joulemark.cli.progress_text import shortened

        return shortened(name, self.width - beside, encoding=self.encoding)

    def say(self, text: str, *, hang: int | None = None) -> None:
        """Lines of the answer. On a terminal they end between words and go on `hang` cells from its edge.

        Without a number a line goes on below its own first word.
        """
        for line in _terminal_lines(text, self._stream, hang):
            _print(line, self._stream)

    def say_verbatim(self, text: str) -> None:
        """A text of the answer whose lines are not to be broken."""
        _print(text, self._stream)

    def aside(self, text: str) -> None:
        """Sentences beside the answer: progress, a warning, an error. On a terminal no word is broken."""
        _print("\n".join(_terminal_lines(text, sys.stderr)), sys.stderr)

    def answer(self, value: dict[str, Any]) -> None:
        """The JSON document, where one was asked for."""
        if self.as_json:
            import json

            text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
            if not _encodes(
                text, sys.stdout
            ):  # a locale without our letters, or a name that is no text at all
                text = json.dumps(value, indent=2, allow_nan=False)
            _print(text, sys.stdout)

    @property
    def _stream(self) -> TextIO | None:
        return sys.stderr if self.as_json else sys.stdout


def prepare_streams() -> None:
    """Whatever is written to stdout and stderr from now on, letters that their encoding lacks become escapes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def both_encode(letters: str) -> bool:
    """Whether stdout and stderr can write these letters."""
    return all(_encodes(letters, stream) for stream in (sys.stdout, sys.stderr))


def flush_streams() -> bool:
    """Write what waits; whether stdout took it, or its reader went away. What cannot be written goes nowhere."""
    taken = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            _discard(stream)
        except OSError:
            _discard(stream)
            taken = taken and stream is not sys.stdout
    return taken


def _discard(stream: TextIO) -> None:
    """Let what waits, and what comes, go nowhere: the interpreter flushes once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _terminal_lines(text: str, stream: TextIO | None, hang: int | None = None) -> list[str]:
    """On a terminal lines of its width, in which no word is broken; else the text as it is."""
    width = _width(stream)
    if width is None:
        return [text]
    from textwrap import wrap

    lines = []
    for paragraph in text.split("\n"):
        indent = len(paragraph) - len(paragraph.lstrip()) if hang is None else hang
        lines += wrap(
            paragraph,
            width,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return lines


def _width(stream: TextIO | None) -> int | None:
    """The cells of a terminal's line, but for the last one; None where the stream is no terminal."""
    if stream is None or not stream.isatty():
        return None
    return max(MIN_WIDTH, terminal_columns(stream) - 1)


def terminal_columns(stream: IO[str]) -> int:
    """The columns of the terminal behind a stream: those that COLUMNS names, else its own, else 80."""
    if (named := os.environ.get("COLUMNS", "")).isdecimal() and int(named) > 0:
        return int(named)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _encodes(text: str, stream: TextIO | None) -> bool:
    try:
        text.encode(_encoding(stream))
    except UnicodeEncodeError:
        return False
    return True


def _encoding(stream: TextIO | None) -> str:
    return (stream and stream.encoding) or "utf-8"


def _print(text: str, stream: TextIO | None) -> None:
    """A line; letters that the stream's encoding lacks are written as escapes. Raises StorageError for stdout.

    What stands beside the answer ends nothing: where stderr takes no more (a log on a full disk), it goes nowhere.
    """
    if stream is None:
        return
    encoding = _encoding(stream)
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
    except BrokenPipeError:  # the reader went away: the command goes on, and its exit code stays true
        _discard(stream)
    except OSError as error:
        if stream is sys.stderr:
            _discard(stream)
            return
        from joulemark.errors import StorageError

        raise StorageError(
            _("The output cannot be written ({why}). Redirect it elsewhere.").format(why=error.strerror)
        ) from error
