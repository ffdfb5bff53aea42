"""A result in a list: its state and job, its energy, and where to see it, in lines of at most 80 columns."""

from __future__ import annotations

from typing import NamedTuple

WIDTH = 80
INDENT = " " * 13
"""The widest state, and two spaces."""


class Listed(NamedTuple):
    """What is listed of a result. `energy` has its unit, `comparison` a few words, `place` a link or a file's name."""

    state: str
    job: str
    energy: str
    comparison: str | None
    codes: tuple[str, ...]
    place: str


def result_lines(listed: Listed) -> list[str]:
    """The lines: state and job; energy, and how it compares; codes where there are any; the link on one of its own."""
    from textwrap import wrap

    beside = f"; {listed.comparison}" if listed.comparison else ""
    lines = [f"{listed.state:<11}  {shortened(listed.job, WIDTH - len(INDENT))}"]
    for text in (f"{listed.energy}{beside}", ", ".join(listed.codes)):
        lines += wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)
    return [*lines, f"{INDENT}{listed.place}"]


def shortened(text: str, width: int) -> str:
    """`text`, cut in its middle where it is wider: both ends tell more than either alone."""
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"
