"""Who else computes on the GPU."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOST_PID_NAMESPACE = 0xEFFFFFFC
"""The inode of the PID namespace that a Linux system boots with (include/linux/proc_ns.h, PROC_PID_INIT_INO)."""
PROC = Path("/proc")
HIGHEST_PID = 2**22
"""No process of Linux has a higher number (include/linux/threads.h, PID_MAX_LIMIT)."""
ONE_FRAME_BYTES = 3840 * 2160 * 4
"""A picture of 4K. A server of graphics that holds less than that shows nothing on this GPU: X keeps about 4 MiB on
each card of a machine, screen or not."""


def pid_namespace(proc: Path = PROC) -> int | None:
    """The inode of this process's PID namespace; None where /proc does not tell."""
    try:
        return (proc / "self" / "ns" / "pid").stat().st_ino
    except OSError:
        return None


def parent_of(pid: int, proc: Path = PROC) -> int | None:
    """The parent of a process; None when it is gone or not ours to see."""
    try:
        status = (proc / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return int(status.rpartition(")")[2].split()[1])


def is_running(pid: int) -> bool:
    """Whether there is such a process, of whichever user and however /proc is mounted."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def using_pids(compute: Iterable[Any], graphics: Iterable[Any]) -> set[int]:
    """Numbers of the processes that NVML lists and that can use the GPU, from its lists of both kinds.

    What only draws and holds less memory than one picture does not; one whose memory is not told may.
    """
    drawing = {
        run.pid for run in graphics if run.usedGpuMemory is None or run.usedGpuMemory >= ONE_FRAME_BYTES
    }
    return {run.pid for run in compute} | drawing


@dataclass(frozen=True, kw_only=True)
class OurProcesses:
    """This process and its children, among those that NVML lists by the numbers of the host.

    In another PID namespace than the host's, as in a container, our own number there is not known. Then one of the
    listed processes is taken as ours, so one foreign process is overlooked while we have not opened the GPU.
    """

    pid: int = field(default_factory=os.getpid)
    namespace: int | None = field(default_factory=pid_namespace)
    parent: Callable[[int], int | None] = parent_of
    exists: Callable[[int], bool] = is_running

    @property
    def knows_own_pid(self) -> bool:
        """Whether NVML lists us under a number that we know."""
        return self.namespace in (None, HOST_PID_NAMESPACE)

    def foreign(self, pids: Iterable[int], *, on_gpu: bool = True) -> int:
        """How many of `pids` are not ours; `on_gpu` says whether this process has opened the GPU."""
        suspects = self.suspects(pids)
        return len(suspects) if self.knows_own_pid else max(0, len(suspects) - int(on_gpu))

    def suspects(self, pids: Iterable[int]) -> list[int]:
        """Those of `pids` that are not ours, in order; in a container one of them may be.

        A number of no process is left out: a driver goes on listing some that have ended. In a container only those
        that no process can have are known.
        """
        possible = sorted(pid for pid in set(pids) if 0 < pid <= HIGHEST_PID)
        if not self.knows_own_pid:
            return possible
        return [pid for pid in possible if not self._is_ours(pid) and self.exists(pid)]

    def _is_ours(self, pid: int | None) -> bool:
        while pid is not None and pid > 1:
            if pid == self.pid:
                return True
            pid = self.parent(pid)
        return False
