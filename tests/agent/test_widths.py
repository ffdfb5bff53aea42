"""No line of an answer is wider than its terminal, and what goes elsewhere is neither cut nor folded."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from joulemark import translation
from joulemark.cli import main
from joulemark.cli.progress import Screen
from joulemark.cli.table_layout import Table
from joulemark.suite import load_suite
from tests.agent.handed_out import hand_out, suite_files
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

LONG = "text_classification/sst2/distilbert-base-uncased-finetuned-sst-2-english"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A real one of so many columns, behind stdout and stderr."""

    def __init__(self, columns: int) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.file = os.fdopen(theirs, "w", encoding="utf-8")
        self._chunks: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while chunk := os.read(self._ours, 65536):
                self._chunks.append(chunk)
        except OSError:  # the other side is closed
            return

    def close(self) -> list[str]:
        """The lines that were written."""
        self.file.close()
        self._reader.join()
        os.close(self._ours)
        return ESCAPE.sub("", b"".join(self._chunks).decode()).replace("\r\n", "\n").split("\n")


@contextmanager
def on_terminal(
    monkeypatch: pytest.MonkeyPatch, *, columns: int, term: str, language: str
) -> Iterator[list[str]]:
    """What is printed in the block, as lines."""
    terminal = Terminal(columns)
    lines: list[str] = []
    with monkeypatch.context() as patch:
        for stream in ("stdout", "stderr"):
            patch.setattr(sys, stream, terminal.file)
        patch.setenv("TERM", term)
        patch.setenv(translation.VARIABLE, language)
        patch.delenv("COLUMNS", raising=False)
        yield lines
    lines += terminal.close()


def too_wide(lines: list[str], columns: int) -> list[str]:
    """The lines that a terminal would break, but for a path or an address that is alone on its line."""
    return [line for line in lines if cell_len(line) >= columns and len(line.split()) > 1]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(("columns", "term"), [(60, "xterm"), (80, "xterm"), (60, "dumb"), (120, "dumb")])
def test_no_line_of_an_answer_is_wider_than_the_terminal(
    command: Agent,
    platform: FakePlatform,
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    term: str,
    language: str,
) -> None:
    hand_out(platform, suite_files("a-suite-of-pictures", idle_s=300.0))
    for words in (
        ("join", platform.origin),
        ("doctor", "--quick", "--suite", "demo"),
        ("suite", "list", "--ask"),
        ("suite", "estimate", "a100-2024", "--hours", "3", "--memory", "24"),
        ("suite", "show", "quick"),
        ("run", "--dry-run", "--meter", "estimate"),
        ("run", "--only", "nothing/at/all"),
    ):
        with on_terminal(monkeypatch, columns=columns, term=term, language=language) as lines:
            main(list(words))
        assert len(lines) > 1, words
        assert too_wide(lines, columns) == [], words


def test_a_pipe_gets_every_name_whole_and_each_row_on_one_line(command: Agent) -> None:
    assert command("suite", "estimate", "a100-2024") == 0
    lines = command.out.splitlines()
    for job in load_suite("a100-2024").jobs:
        (row,) = (line for line in lines if line.startswith(f"{job.key} "))
        assert len(row.split("  ")) > 1
    assert command("doctor", "--quick") == 7
    for job in load_suite("demo").jobs:
        (row,) = (line for line in command.out.splitlines() if job.key in line)
        assert "suite demo" in row


def test_a_dumb_terminal_is_as_wide_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with on_terminal(monkeypatch, columns=47, term="dumb", language="en") as lines:
        assert Screen(stderr=True).width == 47
    assert lines == [""]


@law()
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([LONG, "demo", "a/b/c"]),
            st.text("0123456789.", max_size=9),
            st.sampled_from(["", "pinned", "the mean over the data sets of the task"]),
        ),
        min_size=1,
        max_size=4,
    ),
    width=st.integers(20, 140),
)
def test_a_table_never_is_wider_than_its_terminal_and_loses_no_cell(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    table = Table(("cell", "GPU minutes", "time from"), rows)
    lines = table.lines(width=width, encoding="utf-8")
    assert max(map(cell_len, lines)) <= width
    words = " ".join(lines).split()
    for _, minutes, source in rows:
        assert set(minutes.split() + source.split()) <= set(words)
    assert [line for line in table.lines(width=None, encoding="utf-8") if "…" in line] == []
