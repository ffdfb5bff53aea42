"""The simulation's clock: a small file that all its processes share, with the test's marks of when work ran."""

from __future__ import annotations

import fcntl
import mmap
import time
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = 0x4A4D4E564D4C3031
WORDS = 8  # magic, real, epoch_ns, set_ns, capacity, marks, spent_ns, unix_ns: all int64, as in nvml_sim.c
MAGIC_AT, REAL_AT, EPOCH_AT, SET_AT, CAPACITY_AT, MARKS_AT, SPENT_AT, UNIX_AT = range(WORDS)
CAPACITY = 65536
NS = 1_000_000_000


class _Turn:
    """One at a time on a file: threads take a lock of this process, and processes the file's. Entered very often."""

    def __init__(self, file: int) -> None:
        self._file, self._here = file, Lock()

    def __enter__(self) -> None:
        self._here.acquire()  # threads share the file's lock; other processes have one of their own
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._here.release()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._here.release()


class Clock:
    """A handle on the shared clock. Any process may hold one; those that set it or mark take turns."""

    def __init__(self, path: Path) -> None:
        """Open the clock at `path`, made by `Clock.create`."""
        self.path = path
        self._file = path.open("r+b")
        self._turn = _Turn(self._file.fileno())
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._words = memoryview(self._map).cast("q")
        self._watts = memoryview(self._map).cast("d")
        if self._words[MAGIC_AT] != MAGIC:
            raise ValueError(f"{path} is no clock of the simulated NVML.")

    @classmethod
    def create(cls, path: Path, *, real: bool = False) -> Clock:
        """A new clock at 0: a virtual one, which stands still until advanced, or one that runs with the machine."""
        words = [0] * WORDS
        words[MAGIC_AT], words[REAL_AT], words[CAPACITY_AT] = MAGIC, int(real), CAPACITY
        if real:
            words[EPOCH_AT], words[UNIX_AT] = time.monotonic_ns(), time.time_ns()
        with path.open("xb") as file:
            file.write(b"".join(word.to_bytes(8, "little", signed=True) for word in words))
            file.truncate(8 * (WORDS + 2 * CAPACITY))
        return cls(path)

    def now_s(self) -> float:
        """Seconds since the beginning, what the calls have cost included."""
        return self._now_ns() / NS

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on a virtual clock."""
        with self._turn:
            self._move_to(self._words[SET_AT] + round(seconds * NS))

    def advance_to(self, at_s: float) -> None:
        """Let time pass until `at_s`; not back."""
        with self._turn:
            self._move_to(round(at_s * NS) - self._words[SPENT_AT])

    def load_on(self, watts: float, *, at_s: float | None = None) -> None:
        """From now, or since `at_s`, the card draws `watts`, where the scenario says `by_activity`."""
        if watts <= 0:
            raise ValueError("A load draws more than 0 W; `load_off` ends it.")
        self._mark(watts, at_s)

    def load_off(self, *, at_s: float | None = None) -> None:
        """From now, or since `at_s`, the card idles."""
        self._mark(0.0, at_s)

    @contextmanager
    def load(self, watts: float) -> Iterator[None]:
        """The card draws `watts` while the body runs."""
        self.load_on(watts)
        try:
            yield
        finally:
            self.load_off()

    def marks(self) -> tuple[tuple[float, float], ...]:
        """Every mark: seconds and watts, 0 W where a load ended."""
        places = (WORDS + 2 * number for number in range(self._words[MARKS_AT]))
        return tuple((self._words[place] / NS, self._watts[place + 1]) for place in places)

    def close(self) -> None:
        """Let go of the file; safe when that was done."""
        self._words.release()
        self._watts.release()
        self._map.close()
        self._file.close()

    def _now_ns(self) -> int:
        if self._words[REAL_AT]:
            return time.monotonic_ns() - self._words[EPOCH_AT]
        return self._words[SET_AT] + self._words[SPENT_AT]

    def _move_to(self, set_ns: int) -> None:
        if self._words[REAL_AT]:
            raise ValueError("A real clock cannot be set.")
        if set_ns < self._words[SET_AT]:
            raise ValueError("Time does not go back.")
        self._words[SET_AT] = set_ns

    def _mark(self, watts: float, at_s: float | None) -> None:
        """The count comes last: a reader never sees a mark that is half written."""
        with self._turn:
            number = self._words[MARKS_AT]
            if number == self._words[CAPACITY_AT]:
                raise ValueError(f"The clock has room for {number} marks only.")
            place = WORDS + 2 * number
            at_ns = self._now_ns() if at_s is None else round(at_s * NS)
            if number and at_ns < self._words[place - 2]:
                raise ValueError("Marks come in the order of their times.")
            self._words[place] = at_ns
            self._watts[place + 1] = watts
            self._words[MARKS_AT] = number + 1
