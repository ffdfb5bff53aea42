"""Processor time of other processes, from the kernel's scheduler in nanoseconds, and the most memory that they held."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
BACKENDS = ("[local]", "parallel worker")
"""How PostgreSQL calls the processes that answer statements, in the words of their command lines."""


def seconds_of(pid: int) -> float:
    """Processor time of a process, of all threads that it has now."""
    return sum(_scheduled_s(task) for task in (PROC / str(pid) / "task").iterdir())


def children_of(pid: int) -> list[int]:
    """Processes whose parent is `pid`, oldest first."""
    processes = (folder for folder in PROC.iterdir() if folder.name.isdecimal())
    return sorted(int(folder.name) for folder in processes if _fields(folder, "stat")[1:2] == [str(pid)])


def reset_peak(pid: int) -> None:
    """Let the peak of a process' memory begin from what it holds now."""
    (PROC / str(pid) / "clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The most memory that a process held in RAM since it began or its peak was reset."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024


@dataclass(frozen=True, kw_only=True)
class Database:
    """PostgreSQL's first process, whose children answer statements."""

    pid: int

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """The server whose data lie in `folder`."""
        return cls(pid=int((folder / "postmaster.pid").read_text().split()[0]))

    def seconds(self) -> float:
        """Processor time of its backends and parallel workers: of those that live, and of all that have ended."""
        living = 0.0
        for child in children_of(self.pid):
            try:
                words = (PROC / str(child) / "cmdline").read_text()
                living += _scheduled_s(PROC / str(child)) if any(word in words for word in BACKENDS) else 0.0
            except FileNotFoundError:  # ended meanwhile: the kernel adds its time to the parent's
                continue
        user, system = _fields(PROC / str(self.pid), "stat")[13:15]
        return living + (int(user) + int(system)) * TICK_S


def _scheduled_s(folder: Path) -> float:
    try:
        return int((folder / "schedstat").read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):  # a thread that has ended
        return 0.0


def _fields(folder: Path, name: str) -> list[str]:
    """The fields of a process' state behind its name, which may hold spaces; none for one that has ended."""
    try:
        return (folder / name).read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
