"""Processor time: of this process and its children, and of everybody else on the machine.

A package's energy counter counts whoever works. `/proc/stat` has the time for which all processors were busy, in ticks
of the kernel; what this process took of it is known exactly (proc_stat(5), proc_pid_stat(5)).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.errors import MeterUnavailable
from joulemark.meters.meter import GaugeInfo, Now, Tick
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROC = Path("/proc")
OWN = GaugeInfo(name="cpu-own", unit="cpu-ms")
FOREIGN = GaugeInfo(name="cpu-foreign", unit="cpu-ms")
BUSY = (0, 1, 2, 5, 6)
"""Columns of /proc/stat: user, nice, system, irq and softirq. What guests take is in `user`; idle, waiting for disks
and the time that other virtual machines took are no work of this machine."""


@dataclass(frozen=True)
class CpuTimes:
    """Milliseconds of processor time since some moment."""

    own_ms: int
    foreign_ms: int


class ProcessorTime:
    """Counts from the moment at which it is made."""

    def __init__(self, *, proc: Path | None = None, own_s: Callable[[], float] | None = None) -> None:
        """`own_s` gives the seconds of this process and its children. Raises MeterUnavailable without /proc/stat."""
        self._proc = folder = proc or PROC
        self._own_s = own_s or (lambda: time.process_time() + children_s(folder))
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        try:
            self._busy_s = self._read_busy_s()
        except (OSError, ValueError, IndexError) as error:
            raise MeterUnavailable(
                "no-proc-stat",
                _("Processor time cannot be read: {proc} fails ({error}).").format(
                    proc=self._proc / "stat", error=error
                ),
            ) from error
        self._began_s = self._own_s()

    def times(self) -> CpuTimes | None:
        """Processor time since this object was made; None where /proc/stat cannot be read this once."""
        own_s = self._own_s() - self._began_s
        try:
            all_s = self._read_busy_s() - self._busy_s
        except (OSError, ValueError, IndexError):
            return None
        foreign_s = max(all_s - own_s, 0.0)  # the kernel's ticks are coarser than this process's own time
        return CpuTimes(own_ms=round(own_s * 1e3), foreign_ms=round(foreign_s * 1e3))

    def ticks(self, now: Now) -> tuple[Tick | None, Tick | None]:
        """One tick each of OWN and FOREIGN, in milliseconds; None where /proc/stat cannot be read."""
        times = self.times()
        if times is None:
            return None, None
        return Tick(at_us := now(), times.own_ms), Tick(at_us, times.foreign_ms)

    def _read_busy_s(self) -> float:
        with (self._proc / "stat").open(encoding="ascii", errors="replace") as file:
            columns = file.readline().split()[1:]
        return sum(int(columns[column]) for column in BUSY) / self._ticks_per_s


def children_s(proc: Path = PROC) -> float:
    """Processor seconds of this process's children and of theirs: of those that ended and of those that run."""
    return sum(_children_s(proc))


def _children_s(proc: Path) -> Iterator[float]:
    ended = os.times()
    yield ended.children_user + ended.children_system
    todo, seen = _children_of(str(os.getpid()), proc), set[str]()
    while todo:
        pid = todo.pop()
        if pid in seen:
            continue
        seen.add(pid)
        try:
            columns = (proc / pid / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it has just ended
        yield sum(int(column) for column in columns[11:15]) / os.sysconf("SC_CLK_TCK")
        todo += _children_of(pid, proc)


def _children_of(pid: str, proc: Path) -> list[str]:
    """Of its first thread: lists of all threads take milliseconds; none where the kernel keeps no such list."""
    try:
        return (proc / pid / "task" / pid / "children").read_bytes().decode("ascii", "replace").split()
    except OSError:
        return []
