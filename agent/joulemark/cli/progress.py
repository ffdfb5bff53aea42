"""How a run is shown on stderr: a block of lines on a terminal, plain lines anywhere else.

Drawing costs energy that a CPU meter sees, so the block is redrawn once a second and `answered` only counts. A reader
that goes away ends the drawing and never the run.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, Self

from rich.console import Console
from rich.live import Live as LiveDisplay
from rich.text import Text

from joulemark.cli.output import terminal_columns
from joulemark.cli.progress_text import (
    JobState,
    bytes_part,
    encodable,
    encodes,
    flags_part,
    flowed,
    job_lines,
    job_title,
    power_part,
    queries_part,
    time_parts,
    window_parts,
    words_of,
)
from joulemark.cli.sparkline import BARS, sparkline
from joulemark.session.progress import LiveState, Watch, WindowState
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from types import TracebackType

REDRAW_S = 1.0
SPARKS = 16
"""Seconds of power that the block shows."""
LOG_S = 30.0
"""A log gets a line for each stage; of windows and files, which may be thousands, one in so many seconds."""


class Screen(Console):
    """The terminal or file behind stderr. A reader that goes away, or a disk that is full, leaves it mute."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.is_dumb_terminal and "width" not in options:  # rich takes each for one of 80 columns
            self.width, self.height = terminal_columns(self.file), self.size.height

    def on_broken_pipe(self) -> None:
        """Print nothing any more; rich would end the process here, and a measurement with it."""
        self.quiet = True

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what was printed in this block: a measurement does not end with what its progress is written to."""
        try:
            super().__exit__(kind, value, trace)
        except OSError:
            self.quiet = True


class Drawn(Watch, Protocol):
    """A watch that is shown while a block is entered."""

    def __enter__(self) -> Self:
        """Start drawing on the screen."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the screen as it should stay."""


def watch_for(console: Screen) -> Drawn:
    """A block that is redrawn where `console` is a terminal that can be, else plain lines."""
    return Live(console) if console.is_terminal and not console.is_dumb_terminal else Plain(console)


class _Countdown:
    """The time left of the plan, as it was expected when the job began."""

    def __init__(self, left_s: float | None = None) -> None:
        self._ends_s = None if left_s is None else time.monotonic() + left_s

    def left_s(self) -> float | None:
        """Seconds left, not below 0; None where nothing was expected."""
        return None if self._ends_s is None else max(0.0, self._ends_s - time.monotonic())


class Plain:
    """A line for each thing that happens; none for a single query. On a terminal no line is wider than it."""

    def __init__(self, console: Screen) -> None:
        self._console = console
        self._job: JobState | None = None
        self._plan = _Countdown()
        self._stage = ""
        self._next_window_s = self._next_file_s = 0.0
        self._file = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def note(self, sentence: str) -> None:
        """Print a sentence as a line of its own."""
        _print(self._console, sentence, wrapped=self._console.is_terminal)

    def job(
        self, number: int, of: int, key: str, *, estimated: bool, plan_left_s: float | None = None
    ) -> None:
        """Print which job begins."""
        self._job = JobState(number=number, of=of, key=key, estimated=estimated)
        self._plan, self._stage = _Countdown(plan_left_s), ""
        parts = [_("estimated") if estimated else "", *time_parts(None, plan_left_s)]
        if self._console.is_terminal:
            self._print_lines([job_title(self._job, width=self._width, encoding=self._console.encoding)])
            self._print_parts(parts)
        else:
            title = _("Job {number} of {of}").format(number=number, of=of)
            _print(self._console, words_of([f"{title}  {key}", *parts]))

    def stage(
        self,
        name: str,
        *,
        total: int | None,
        live: LiveState | None = None,
        left_s: float | None = None,
        window: WindowState | None = None,
    ) -> None:
        """Print which stage begins, with the power just before it; of many short windows only some."""
        if name == self._stage and time.monotonic() < self._next_window_s:
            return
        self._stage, self._next_window_s = name, time.monotonic() + LOG_S
        state = None if live is None else live()
        watts = None if state is None else state.power_w
        self._print_parts(
            [
                *window_parts(name, window),
                queries_part(total),
                "" if watts is None else _("lately {power}").format(power=self._power(watts)),
                *(time_parts(left_s, self._plan.left_s()) if name == "window" else ()),
                "" if state is None else flags_part(state.flags),
            ]
        )

    def answered(self) -> None:
        """Nothing: this is called inside the measurement."""

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """A line when a file's first bytes have come; of many small files only some."""
        if name == self._file or time.monotonic() < self._next_file_s:
            return
        self._file, self._next_file_s = name, time.monotonic() + LOG_S
        self._print_parts(
            [_("fetching {name}").format(name=name), bytes_part(done_bytes, total_bytes)], titled=False
        )

    def job_done(self, sentence: str) -> None:
        """Print what came of it."""
        self.note(sentence)

    @property
    def _width(self) -> int:
        return self._console.width - 1

    def _power(self, watts: float) -> str:
        return power_part(watts, estimated=self._job is not None and self._job.estimated)

    def _print_parts(self, parts: list[str], *, titled: bool = True) -> None:
        """Beneath each other where a terminal's width must do, else on one line behind the job's number."""
        if self._console.is_terminal:
            self._print_lines(flowed(parts, width=self._width, encoding=self._console.encoding))
            return
        number = f"[{self._job.number}/{self._job.of}] " if titled and self._job is not None else ""
        _print(self._console, number + words_of(parts))

    def _print_lines(self, lines: list[str]) -> None:
        for line in lines:
            _print(self._console, line)


class Live:
    """A block that is redrawn: job, stage, window, precision, time left, queries, power; or a file that is fetched."""

    def __init__(self, console: Screen) -> None:
        self._console = console
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._redraw, name="joulemark-progress", daemon=True)
        self._job: JobState | None = None
        self._plan = _Countdown()
        self._stage: list[str] = []
        self._answered = 0
        self._total: int | None = None
        self._state: LiveState | None = None
        self._powers_w: deque[float] = deque(maxlen=SPARKS)
        self._ends_at: float | None = None
        self._file = ""
        self._done_bytes = self._total_bytes = 0
        self._began_s, self._began_bytes = 0.0, 0
        self._display = LiveDisplay(
            console=console, auto_refresh=False, transient=True, get_renderable=self._block
        )

    def __enter__(self) -> Self:
        self._display.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._display.stop()

    def note(self, sentence: str) -> None:
        """Print it above the block."""
        _print(self._console, sentence, wrapped=True)

    def job(
        self, number: int, of: int, key: str, *, estimated: bool, plan_left_s: float | None = None
    ) -> None:
        """Name the job in the block."""
        self._job = JobState(number=number, of=of, key=key, estimated=estimated)
        self._plan = _Countdown(plan_left_s)

    def stage(
        self,
        name: str,
        *,
        total: int | None,
        live: LiveState | None = None,
        left_s: float | None = None,
        window: WindowState | None = None,
    ) -> None:
        """Show the stage from now on."""
        self._file = ""
        self._stage = window_parts(name, window)
        self._answered, self._total, self._state = 0, total, live
        self._ends_at = None if left_s is None else time.monotonic() + left_s
        self._draw()

    def answered(self) -> None:
        """Count; the block is redrawn elsewhere."""
        self._answered += 1

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """Count; the block is redrawn elsewhere."""
        if not self._file:
            self._began_s, self._began_bytes = time.monotonic(), done_bytes
        self._file, self._done_bytes, self._total_bytes = name, done_bytes, total_bytes

    def job_done(self, sentence: str) -> None:
        """Print what came of it above the block."""
        self.note(sentence)

    def _redraw(self) -> None:
        while not self._ended.wait(REDRAW_S):
            self._draw()

    def _draw(self) -> None:
        self._display.refresh()

    def _block(self) -> Text:
        lines = job_lines(
            self._job,
            self._fetch_parts() if self._file else self._stage_parts(),
            width=self._console.width - 1,
            encoding=self._console.encoding,
        )
        return Text("\n".join(lines), no_wrap=True, overflow="crop", end="")

    def _stage_parts(self) -> list[str]:
        left_s = None if self._ends_at is None else self._ends_at - time.monotonic()
        return [
            *self._stage,
            *time_parts(left_s, self._plan.left_s()),
            *self._query_parts(),
            *self._power_parts(),
        ]

    def _fetch_parts(self) -> list[str]:
        passed_s = time.monotonic() - self._began_s
        speed = (self._done_bytes - self._began_bytes) / 1e6 / passed_s if passed_s >= 1 else None
        return [
            _("fetching {name}").format(name=self._file),
            bytes_part(self._done_bytes, self._total_bytes),
            "" if speed is None else _("{speed:.1f} MB/s").format(speed=speed),
        ]

    def _query_parts(self) -> list[str]:
        """A window may repeat its sample: the queries at the end of the pass that is running."""
        if self._total is None:
            return []
        whole = self._total * max(1, -(-self._answered // self._total))
        return [_("{done}/{total} queries").format(done=self._answered, total=whole)]

    def _power_parts(self) -> list[str]:
        """Watts now and over the last seconds, temperature and flags, as far as they are known."""
        estimated = self._job is not None and self._job.estimated
        state = None if self._state is None else self._state()
        if state is None:
            return []
        if state.power_w is not None:
            self._powers_w.append(state.power_w)
        bars = sparkline(self._powers_w) if encodes(BARS, self._console.encoding) else ""
        power = power_part(state.power_w, estimated=estimated, temperature_c=state.temperature_c, bars=bars)
        return [power, flags_part(state.flags)]


def _print(console: Screen, text: str, *, wrapped: bool = False) -> None:
    """A text as plain lines; `wrapped` between words to the terminal's width."""
    lines = "\n".join(encodable(line, console.encoding) for line in text.splitlines())
    console.print(lines, markup=False, highlight=False, soft_wrap=not wrapped)
