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
    from typing import Any, TextIO


class Output:
    """The two streams of one command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, text: str) -> None:
        """A line of the answer."""
        _print(text, sys.stderr if self.as_json else sys.stdout)

    def aside(self, text: str) -> None:
        """Sentences beside the answer: progress, a warning, an error. On a terminal no word is broken."""
        _print("\n".join(_terminal_lines(text, sys.stderr)), sys.stderr)

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
            if not _encodes(
                text, sys.stdout
            ):  # a locale without our letters, or a name that is no text at all
                text = json.dumps(value, indent=2, allow_nan=False)
            _print(text, sys.stdout)


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


def _terminal_lines(sentence: str, stream: TextIO | None) -> list[str]:
    """On a terminal lines of its width, in which no word is broken; else the sentence as it is."""
    if stream is None or not stream.isatty():
        return [sentence]
    from shutil import get_terminal_size
    from textwrap import wrap

    width = max(20, get_terminal_size().columns - 1)
    return [
        line
        for paragraph in sentence.splitlines()
        for line in wrap(paragraph, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]


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
            _("The output cannot be written ({why}). Write it somewhere else.").format(why=error.strerror)
        ) from error
