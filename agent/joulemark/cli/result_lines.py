"""A result in a list: its state and job, its energy, and where to see it, in lines of at most 80 columns or fewer."""

from __future__ import annotations

from typing import NamedTuple

from joulemark.cli.code_words import in_words

MAX_WIDTH = 80
INDENT = " " * 13
"""The widest state, and two spaces."""


class ResultEntry(NamedTuple):
    """What is listed of a result. `energy` has its unit, `comparison` a few words, `place` a link or a file's name."""

    state: str
    job: str
    energy: str
    comparison: str | None
    codes: tuple[str, ...]
    place: str


def result_lines(entry: ResultEntry, *, width: int | None) -> list[str]:
    """The lines: state and job; energy, and how it compares; codes where there are any; the link on one of its own.

    `width` is that of the terminal, None where there is none.
    """
    from textwrap import wrap

    width = MAX_WIDTH if width is None else min(width, MAX_WIDTH)

    beside = f"; {entry.comparison}" if entry.comparison else ""
    lines = [f"{in_words(entry.state):<11}  {shortened(entry.job, width - len(INDENT))}"]
    for text in (f"{entry.energy}{beside}", ", ".join(entry.codes)):
        lines += wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)
    return [*lines, f"{INDENT}{entry.place}"]


def shortened(text: str, width: int) -> str:
    """`text`, cut in its middle where it is wider: both ends tell more than either alone."""
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"
