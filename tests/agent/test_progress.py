"""How a run is drawn: a live line on a terminal, plain lines elsewhere, and nothing per query."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from joulemark.cli.progress import Live, Plain, watch_for
from joulemark.cli.sparkline import sparkline
from joulemark.meters import sampler


def seen(
    power_w: float | None, *, temperature_c: int | None = None, flags: tuple[str, ...] = ()
) -> sampler.Live:
    return sampler.Live(power_w=power_w, temperature_c=temperature_c, flags=frozenset(flags))


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
        watch.stage("window 2", total=5, live=lambda: seen(12.34), left_s=75)
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


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("left_s", [0.0, 0.4])
def test_a_job_whose_time_is_up_says_so(left_s: float, *, terminal: bool) -> None:
    screen = console(terminal=terminal)
    with watch_for(screen) as watch:
        watch.job(1, 1, "a/b/c", estimated=False)
        watch.stage("window 3", total=5, live=lambda: seen(12.34), left_s=left_s)
    assert "its time is up" in drawn(screen)
    assert "at most" not in drawn(screen)


def test_before_a_second_has_passed_an_estimate_still_says_so() -> None:
    screen = console(terminal=True)
    with watch_for(screen) as watch:
        watch.job(1, 1, "a/b/c", estimated=True)
        watch.stage("warm-up", total=2, live=lambda: seen(None))
    assert "0/2 queries estimated" in " ".join(drawn(screen).split())


def test_elsewhere_there_are_plain_lines_and_none_for_a_query() -> None:
    screen = console(terminal=False)
    with watch_for(screen) as watch:
        assert isinstance(watch, Plain)
        watch.job(1, 1, "a/b/c", estimated=False)
        watch.stage("window 1", total=5, live=lambda: seen(3.0), left_s=4.0)
        watch.answered()
        watch.job_done("Done.")
    assert drawn(screen).splitlines() == [
        "[1/1] a/b/c",
        "[1/1] window 1, 5 queries, lately 3.0 W, at most 4 s left",
        "[1/1] Done.",
    ]


def test_the_line_shows_power_over_time_temperature_and_what_is_wrong() -> None:
    screen = console(terminal=True)
    powers = iter((100.0, 200.0, 400.0))
    with watch_for(screen) as watch:
        assert isinstance(watch, Live)
        watch.job(1, 1, "a/b/c", estimated=False)
        watch.stage(
            "window 1",
            total=5,
            live=lambda: seen(next(powers), temperature_c=61, flags=("mig", "foreign-process")),
        )
        watch._draw()
        watch._draw()
        watch.stage("idle-after", total=None)
    assert "400.0 W ▃▅█ 61 C flagged foreign-process, mig" in drawn(screen)


def test_a_bar_is_as_high_as_its_value() -> None:
    assert sparkline([0.0, 50.0, 99.0, 100.0]) == "▁▅██"
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([]) == ""


def test_a_terminal_gets_a_line_with_file_bytes_and_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((100.0, 100.5, 104.0, 104.0, 104.0))
    monkeypatch.setattr("joulemark.cli.progress.time", SimpleNamespace(monotonic=lambda: next(clock)))
    screen = console(terminal=True)
    with watch_for(screen) as watch:
        assert isinstance(watch, Live)
        watch.fetched("config.json", 0, 50_000_000)
        watch._draw()
        watch.fetched("model.safetensors", 20_000_000, 50_000_000)
        watch._draw()
        watch.stage("load", total=None)
    text = " ".join(drawn(screen).split())
    assert "fetching config.json" in text
    assert "fetching model.safetensors" in text
    assert "20.0 of 50.0 MB 5.0 MB/s" in text


def test_elsewhere_there_is_a_line_for_each_file() -> None:
    screen = console(terminal=False)
    with watch_for(screen) as watch:
        for done_bytes in (1_000_000, 2_000_000):
            watch.fetched("model.safetensors", done_bytes, 5_000_000)
        watch.fetched("data/test.parquet", 4_500_000, 5_000_000)
    assert drawn(screen).splitlines() == [
        "fetching model.safetensors, 1.0 of 5.0 MB",
        "fetching data/test.parquet, 4.5 of 5.0 MB",
    ]
