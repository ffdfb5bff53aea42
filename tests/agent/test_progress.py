"""How a run is drawn: a live line on a terminal, plain lines elsewhere, and nothing per query."""

from __future__ import annotations

import io
import re

from rich.console import Console

from joulemark.cli.progress import Live, Plain, watch_for


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=160)


def drawn(screen: Console) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.file.getvalue())


def test_a_terminal_gets_a_line_with_job_queries_power_and_time_left() -> None:
    screen = console(terminal=True)
    watch = watch_for(screen)
    assert isinstance(watch, Live)
    with watch:
        watch.job(1, 3, "sorting/numbers/small", estimated=True)
        watch.stage("window 2", total=5, live_w=lambda: 12.34, left_s=75)
        for _ in range(7):
            watch.answered()
        watch.job_done("It is done.")
        watch._draw()
    text = drawn(screen)
    assert "[1/3] sorting/numbers/small window 2" in text
    assert "7/10 queries" in text, "the sample is in its second pass"
    assert "12.3 W estimated" in text
    assert "at most 1:15 left" in text
    assert "It is done." in text


def test_before_a_second_has_passed_an_estimate_still_says_so() -> None:
    screen = console(terminal=True)
    with watch_for(screen) as watch:
        watch.job(1, 1, "a/b/c", estimated=True)
        watch.stage("warm-up", total=2, live_w=lambda: None)
    assert "0/2 queries estimated" in " ".join(drawn(screen).split())


def test_elsewhere_there_are_plain_lines_and_none_for_a_query() -> None:
    screen = console(terminal=False)
    with watch_for(screen) as watch:
        assert isinstance(watch, Plain)
        watch.job(1, 1, "a/b/c", estimated=False)
        watch.stage("window 1", total=5, live_w=lambda: 3.0, left_s=4.0)
        watch.answered()
        watch.job_done("Done.")
    assert drawn(screen).splitlines() == [
        "[1/1] a/b/c",
        "[1/1] window 1, 5 queries, lately 3.0 W, at most 4 s left",
        "[1/1] Done.",
    ]
