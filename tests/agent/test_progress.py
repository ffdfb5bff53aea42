"""How a run is drawn: a block on a terminal, plain lines elsewhere, nothing per query, and no line that wraps."""

from __future__ import annotations

import errno
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from joulemark import translation
from joulemark.cli.progress import LOG_S, LiveBlock, Plain, Screen, watch_for
from joulemark.cli.progress_text import (
    MOST_LINES,
    STAGES,
    JobState,
    clock_time,
    job_lines,
    rough_time,
    shortened,
)
from joulemark.cli.sparkline import sparkline
from joulemark.meters import sampler
from joulemark.session.progress import WindowState
from tests.laws import law

KEY = "text_classification/sst2/distilbert-base-uncased-finetuned-sst-2-english"


def seen(
    power_w: float | None, *, temperature_c: int | None = None, flags: tuple[str, ...] = ()
) -> sampler.LiveReading:
    return sampler.LiveReading(power_w=power_w, temperature_c=temperature_c, flags=frozenset(flags))


def console(*, terminal: bool, width: int = 160, encoding: str = "utf-8", term: str = "xterm") -> Screen:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True, newline="")
    environ = {"TERM": term}
    return Screen(file=file, force_terminal=terminal, width=width, height=24, _environ=environ)


def drawn(screen: Screen) -> str:
    assert isinstance(screen.file, io.TextIOWrapper)
    assert isinstance(screen.file.buffer, io.BytesIO)
    text = screen.file.buffer.getvalue().decode(screen.file.encoding)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def window(number: int, *, half_width: float | None = None) -> WindowState:
    return WindowState(number=number, most=20, half_width=half_width, target=0.02)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that the test moves."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("joulemark.cli.progress.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_a_terminal_gets_job_window_precision_times_queries_and_power() -> None:
    screen = console(terminal=True)
    watch = watch_for(screen)
    assert isinstance(watch, LiveBlock)
    with watch:
        watch.job(2, 14, KEY, estimated=True, plan_left_s=1500)
        watch.stage(
            "window", total=5, live=lambda: seen(12.34), left_s=75, window=window(3, half_width=0.0242)
        )
        for _ in range(7):
            watch.answered()
        watch.job_done("It is done.")
        watch._draw()
    text = drawn(screen)
    assert f"Job 2 of 14  {KEY}" in text
    assert (
        "window 3 of at most 20 · ±2.4 %, target ±2 % · job at most 1:15 min · plan about 25 min · 7/10 queries"
        in text
    )
    assert "12.3 W estimated" in text
    assert "It is done." in text


def test_the_target_is_there_before_the_precision_is_known_and_not_where_nothing_depends_on_it() -> None:
    screen = console(terminal=True)
    with watch_for(screen) as watch:
        watch.job(1, 1, "a/b/c", estimated=False)
        watch.stage("window", total=5, window=window(1))
        watch.stage("window", total=5, window=window(2, half_width=float("inf")))
        watch.stage("window", total=5, window=WindowState(number=3, most=3))
    text = drawn(screen)
    assert "window 1 of at most 20 · target ±2 %" in text
    assert "window 2 of at most 20 · target ±2 %" in text
    assert "window 3 of 3 · 0/5 queries" in text
    assert "inf" not in text


def test_the_times_of_job_and_plan_run_down_and_a_plan_is_no_shorter_than_its_job(
    clock: SimpleNamespace,
) -> None:
    screen = console(terminal=True)
    watch = watch_for(screen)
    assert isinstance(watch, LiveBlock)
    watch.job(1, 2, "a/b/c", estimated=False, plan_left_s=600)
    watch.stage("window", total=5, left_s=180, window=window(1))
    clock.now += 60
    assert "job at most 2:00 min · plan about 9 min" in watch._block().plain
    clock.now += 1000
    assert "the job's time is up · plan about 1 min" in watch._block().plain
    watch.stage("window", total=5, left_s=240, window=window(2))
    assert "job at most 4:00 min · plan about 4 min" in watch._block().plain


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("left_s", [0.0, 0.4])
def test_a_job_whose_time_is_up_says_so(left_s: float, *, terminal: bool) -> None:
    screen = console(terminal=terminal)
    with watch_for(screen) as watch:
        watch.job(1, 1, "a/b/c", estimated=False)
        watch.stage("window", total=5, live=lambda: seen(12.34), left_s=left_s, window=window(3))
    assert "time is up" in drawn(screen)
    assert "job at most" not in drawn(screen)


def test_before_a_second_has_passed_an_estimate_still_says_so() -> None:
    screen = console(terminal=True)
    with watch_for(screen) as watch:
        watch.job(1, 1, "a/b/c", estimated=True)
        watch.stage("warm-up", total=2, live=lambda: seen(None))
    assert "0/2 queries · estimated" in drawn(screen)


def test_a_log_gets_a_line_for_each_stage_and_none_for_a_query() -> None:
    screen = console(terminal=False)
    with watch_for(screen) as watch:
        assert isinstance(watch, Plain)
        watch.job(1, 1, "a/b/c", estimated=False, plan_left_s=7800)
        watch.stage("warm-up", total=1, live=lambda: seen(3.0, flags=("mig",)))
        watch.stage("window", total=5, live=lambda: seen(3.0), left_s=4.0, window=window(1))
        watch.answered()
        watch.job_done("Done.")
    plan = "plan about 2 h 10 min"
    assert drawn(screen).splitlines() == [
        f"Job 1 of 1  a/b/c, {plan}",
        "[1/1] warm-up, 1 query, lately 3.0 W, flagged mig",
        f"[1/1] window 1 of at most 20, target ±2 %, 5 queries, lately 3.0 W, job at most 4 s, {plan}",
        "Done.",
    ]


def test_a_thousand_windows_are_a_line_each_half_minute(clock: SimpleNamespace) -> None:
    screen = console(terminal=False)
    with watch_for(screen) as watch:
        watch.job(1, 1, "a/b/c", estimated=False)
        for number in range(1, 1001):
            watch.stage("window", total=5, window=window(number))
            clock.now += 0.3
        watch.stage("idle-after", total=None)
    lines = drawn(screen).splitlines()
    assert len(lines) == 2 + 1000 * 0.3 / LOG_S
    assert lines[-1] == "[1/1] idle after the windows"


def test_a_terminal_that_cannot_redraw_gets_plain_lines_of_its_width() -> None:
    screen = console(terminal=True, term="dumb", width=60)
    with watch_for(screen) as watch:
        assert isinstance(watch, Plain)
        watch.job(2, 14, KEY, estimated=False, plan_left_s=100)
        watch.stage("window", total=5, left_s=75, window=window(3, half_width=0.05))
    assert "\x1b" not in drawn(screen)
    assert drawn(screen).splitlines() == [
        "Job 2 of 14  text_classifica…ncased-finetuned-sst-2-english",
        "plan about 2 min",
        "window 3 of at most 20 · ±5 %, target ±2 % · 5 queries",
        "job at most 1:15 min · plan about 2 min",
    ]


def test_the_block_shows_power_over_time_temperature_and_what_is_wrong() -> None:
    screen = console(terminal=True)
    powers = iter((100.0, 200.0, 400.0))
    with watch_for(screen) as watch:
        assert isinstance(watch, LiveBlock)
        watch.job(1, 1, "a/b/c", estimated=False)
        watch.stage(
            "window",
            total=5,
            live=lambda: seen(next(powers), temperature_c=61, flags=("mig", "foreign-process")),
            window=window(1),
        )
        watch._draw()
        watch._draw()
        watch.stage("idle-after", total=None)
    assert "400.0 W ▃▅█ 61 °C · flagged foreign-process, mig" in drawn(screen)


def test_a_bar_is_as_high_as_its_value() -> None:
    assert sparkline([0.0, 50.0, 99.0, 100.0]) == "▁▅██"
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([]) == ""


def test_a_terminal_gets_a_line_with_file_bytes_and_speed(clock: SimpleNamespace) -> None:
    screen = console(terminal=True)
    watch = watch_for(screen)
    assert isinstance(watch, LiveBlock)
    watch.fetched("config.json", 0, 50_000_000)
    clock.now += 0.5
    assert watch._block().plain == "fetching config.json · 0.0 of 50.0 MB"
    clock.now += 3.5
    watch.fetched("model.safetensors", 20_000_000, 50_000_000)
    assert watch._block().plain == "fetching model.safetensors · 20.0 of 50.0 MB · 5.0 MB/s"
    watch.stage("loading", total=None)
    assert "fetching" not in watch._block().plain


def test_a_log_gets_a_line_for_a_file_and_no_flood_of_small_ones(clock: SimpleNamespace) -> None:
    screen = console(terminal=False)
    with watch_for(screen) as watch:
        for done_bytes in (1_000_000, 2_000_000):
            watch.fetched("model.safetensors", done_bytes, 5_000_000)
        clock.now += LOG_S
        for number in range(100):
            watch.fetched(f"data/{number}.parquet", 4_500_000, 5_000_000)
    assert drawn(screen).splitlines() == [
        "fetching model.safetensors, 1.0 of 5.0 MB",
        "fetching data/0.parquet, 4.5 of 5.0 MB",
    ]


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_screen_that_takes_nothing_does_not_end_the_run(error: OSError) -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise error

    for terminal in (True, False):
        screen = Screen(file=Closed(), force_terminal=terminal, width=80, _environ={"TERM": "xterm"})
        with watch_for(screen) as watch:
            watch.job(1, 1, "a/b/c", estimated=False)
            watch.stage("window", total=5, window=window(1))
            watch.note("A note.")
        assert screen.quiet


def test_times_are_written_in_minutes_and_from_an_hour_on_in_hours() -> None:
    assert [clock_time(seconds) for seconds in (4, 75, 3599, 3600, 7384)] == [
        "4 s",
        "1:15 min",
        "59:59 min",
        "1 h 00 min",
        "2 h 03 min",
    ]
    assert [rough_time(seconds) for seconds in (0, 89, 3550, 3600, 90000)] == [
        "1 min",
        "1 min",
        "59 min",
        "1 h 00 min",
        "25 h 00 min",
    ]


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from("漢字かな한글/-_🙂é"),
    min_size=1,
    max_size=150,
)
MAYBE_S = st.none() | st.floats(0, 1e7)


@pytest.mark.laws
@law()
@given(
    width=st.integers(40, 200),
    encoding=st.sampled_from(["utf-8", "ascii", "latin-1", "cp1251"]),
    language=st.sampled_from(["en", *translation.TRANSLATED]),
    term=st.sampled_from(["xterm", "dumb"]),
    key=NAMES,
    file=NAMES,
    name=st.sampled_from([*STAGES, "a stage that is new"]),
    counts=st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)),
    half_width=st.none() | st.floats(0, allow_infinity=True),
    power_w=st.none() | st.floats(0, 1e6),
    flags=st.sets(st.sampled_from(["mig", "foreign-process", "not-steady", "power-cap"])),
    job_left_s=MAYBE_S,
    plan_left_s=MAYBE_S,
)
def test_no_line_wraps(
    width: int,
    encoding: str,
    language: str,
    term: str,
    key: str,
    file: str,
    name: str,
    counts: tuple[int, int],
    half_width: float | None,
    power_w: float | None,
    flags: set[str],
    job_left_s: float | None,
    plan_left_s: float | None,
) -> None:
    """Whatever the terminal, the language and the names are."""
    number, most = counts
    state = WindowState(number=number, most=most, half_width=half_width, target=0.02)
    screen = console(terminal=True, width=width, encoding=encoding, term=term)
    before = translation.language_in_use()
    translation.use(language if "я".encode(encoding, "ignore") else "en")
    try:
        watch: Any = watch_for(screen)
        with watch:
            watch.job(number, most, key, estimated=bool(flags), plan_left_s=plan_left_s)
            watch.stage(
                name,
                total=number,
                live=lambda: seen(power_w, temperature_c=61, flags=tuple(flags)),
                left_s=job_left_s,
                window=state if name == "window" else None,
            )
            watch.fetched(file, 10, 10**12)
            if isinstance(watch, LiveBlock):
                watch._draw()
    finally:
        translation.use(before)
    text = drawn(screen)
    assert text.strip()
    for line in text.splitlines():
        assert cell_len(line) < width, line


@pytest.mark.laws
@law()
@given(name=NAMES, width=st.integers(10, 120))
def test_a_name_is_shortened_in_its_middle(name: str, width: int) -> None:
    """What fits stays; of what does not, more of the end stays than of the beginning."""
    short = shortened(name, width, encoding="utf-8")
    assert cell_len(short) <= width
    if cell_len(name) <= width:
        assert short == name
        return
    head, _, tail = short.rpartition("…")
    assert name.startswith(head.rstrip("…"))
    assert name.endswith(tail)
    assert cell_len(tail) + 2 >= cell_len(head)


def test_parts_that_find_no_room_are_left_out_from_the_last() -> None:
    job = JobState(number=1, of=2, key=KEY)
    parts = [f"part {number} of many, each of which fills a line" for number in range(20)]
    lines = job_lines(job, parts, width=50, encoding="utf-8")
    assert len(lines) == MOST_LINES
    assert lines[1:] == parts[: MOST_LINES - 1]
