"""How a run is drawn on stderr: a live line on a terminal, plain lines anywhere else.

Drawing costs energy that a CPU meter sees, so a live line is redrawn once a second and `answered` only
counts.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol, Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from joulemark.cli.sparkline import sparkline
from joulemark.session.watch import LiveState, Watch

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

REDRAW_S = 1.0
SPARKS = 24
"""Seconds of power that the line shows."""
TIME_IS_UP = "its time is up"
"""Of a job that still does the fewest windows that its suite asks for."""


class Drawn(Watch, Protocol):
    """A watch that is shown while a block is entered."""

    def __enter__(self) -> Self:
        """Begin to draw."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the screen as it should stay."""


def watch_for(console: Console) -> Drawn:
    """The live line where `console` is a terminal, else plain lines."""
    return Live(console) if console.is_terminal else Plain(console)


class Plain:
    """A line for each thing that happens; none for a single query."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._job = ""
        self._file = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def note(self, sentence: str) -> None:
        """Print it."""
        self._print(sentence)

    def job(self, number: int, of: int, key: str, *, estimated: bool) -> None:
        """Print which job begins."""
        self._job = f"[{number}/{of}]"
        self._print(f"{self._job} {key}{' (estimated)' if estimated else ''}")

    def stage(
        self, name: str, *, total: int | None, live: LiveState | None = None, left_s: float | None = None
    ) -> None:
        """Print which stage begins, with the power just before it."""
        seen = None if live is None else live()
        watts = None if seen is None else seen.power_w
        count = "" if total is None else f", {total} queries"
        power = "" if watts is None else f", lately {watts:.1f} W"
        left = "" if left_s is None else f", {TIME_IS_UP if left_s < 1 else f'at most {left_s:.0f} s left'}"
        flags = f", flagged {', '.join(sorted(seen.flags))}" if seen is not None and seen.flags else ""
        self._print(f"{self._job} {name}{count}{power}{left}{flags}")

    def answered(self) -> None:
        """Nothing: this is called inside the measurement."""

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """A line for each file, when its first bytes have come."""
        if name != self._file:
            self._file = name
            self._print(f"fetching {name}, {_of_bytes(done_bytes, total_bytes)}")

    def job_done(self, sentence: str) -> None:
        """Print what came of it."""
        self._print(f"{self._job} {sentence}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Live:
    """One line that is redrawn: job, stage, queries, power, time left; or a file that is fetched, bytes, speed."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[count]}", markup=False),
            TextColumn("{task.fields[power]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False),
            console=console,
            auto_refresh=False,
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._redraw, name="joulemark-progress", daemon=True)
        self._task: TaskID | None = None
        self._answered = 0
        self._total: int | None = None
        self._state: LiveState | None = None
        self._powers_w: deque[float] = deque(maxlen=SPARKS)
        self._ends_at: float | None = None
        self._job = ""
        self._estimated = False
        self._fetch: TaskID | None = None
        self._bytes = ("", 0, 0)
        self._began_s, self._began_bytes = 0.0, 0

    def __enter__(self) -> Self:
        self._progress.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._progress.stop()

    def note(self, sentence: str) -> None:
        """Print it above the line."""
        self._progress.console.print(sentence, markup=False, highlight=False)

    def job(self, number: int, of: int, key: str, *, estimated: bool) -> None:
        """Name the job on the line."""
        self._job, self._estimated = f"[{number}/{of}] {key}", estimated

    def stage(
        self, name: str, *, total: int | None, live: LiveState | None = None, left_s: float | None = None
    ) -> None:
        """Begin a new line for the stage."""
        for line in (self._task, self._fetch):
            if line is not None:
                self._progress.remove_task(line)
        self._fetch = None
        self._answered, self._total, self._state = 0, total, live
        self._ends_at = None if left_s is None else time.monotonic() + left_s
        self._task = self._progress.add_task(f"{self._job} {name}", total=total, count="", power="", left="")
        self._draw()

    def answered(self) -> None:
        """Count; the line is redrawn elsewhere."""
        self._answered += 1

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """Count; the line of bytes is redrawn elsewhere."""
        if self._fetch is None:
            self._began_s, self._began_bytes = time.monotonic(), done_bytes
            self._fetch = self._progress.add_task(name, total=total_bytes, count="", power="", left="")
        self._bytes = (name, done_bytes, total_bytes)

    def job_done(self, sentence: str) -> None:
        """Print what came of it above the line."""
        self.note(sentence)

    def _redraw(self) -> None:
        while not self._ended.wait(REDRAW_S):
            self._draw()

    def _draw(self) -> None:
        task = self._task
        if task is not None and task in self._progress.task_ids:
            total = self._whole_samples()
            self._progress.update(
                task,
                completed=self._answered,
                total=total,
                count="" if total is None else f"{self._answered}/{total} queries",
                power=self._power(),
                left=self._left(),
            )
        if self._fetch is not None and self._fetch in self._progress.task_ids:
            name, done_bytes, total_bytes = self._bytes
            self._progress.update(
                self._fetch,
                description=f"fetching {name}",
                completed=done_bytes,
                total=total_bytes,
                count=_of_bytes(done_bytes, total_bytes),
                power=self._speed(done_bytes),
            )
        self._progress.refresh()

    def _speed(self, done_bytes: int) -> str:
        """Megabytes a second since the first byte; nothing within the first second."""
        passed_s = time.monotonic() - self._began_s
        return "" if passed_s < 1 else f"{(done_bytes - self._began_bytes) / 1e6 / passed_s:.1f} MB/s"

    def _whole_samples(self) -> int | None:
        """A window may repeat its sample: the queries at the end of the pass that is running."""
        return None if self._total is None else self._total * max(1, -(-self._answered // self._total))

    def _left(self) -> str:
        if self._ends_at is None:
            return ""
        left_s = round(self._ends_at - time.monotonic())
        minutes, seconds = divmod(left_s, 60)
        return TIME_IS_UP if left_s < 1 else f"at most {minutes}:{seconds:02d} left"

    def _power(self) -> str:
        """Watts now and over the last seconds, temperature and flags, as far as they are known."""
        seen = None if self._state is None else self._state()
        grade = "estimated" if self._estimated else ""
        if seen is None or seen.power_w is None:
            return grade
        self._powers_w.append(seen.power_w)
        warmth = "" if seen.temperature_c is None else f"{seen.temperature_c} C"
        flags = ", ".join(sorted(seen.flags))
        bars = "" if self._progress.console.options.ascii_only else sparkline(self._powers_w)
        parts = (
            f"{seen.power_w:.1f} W",
            grade,
            bars,
            warmth,
            flags and f"flagged {flags}",
        )
        return " ".join(part for part in parts if part)


def _of_bytes(done_bytes: int, total_bytes: int) -> str:
    return f"{done_bytes / 1e6:.1f} of {total_bytes / 1e6:.1f} MB"
