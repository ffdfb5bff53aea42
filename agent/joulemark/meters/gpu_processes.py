"""Who else computes on the GPU."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOST_PID_NAMESPACE = 0xEFFFFFFC
"""The inode of the PID namespace that a Linux system boots with (include/linux/proc_ns.h, PROC_PID_INIT_INO)."""
PROC = Path("/proc")


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


@dataclass(frozen=True, kw_only=True)
class OurProcesses:
    """This process and its children, among those that NVML lists by the numbers of the host.

    In another PID namespace than the host's, as in a container, our own number there is not known. Then one of the
    listed processes is taken as ours, so one foreign process is overlooked while we have not opened the GPU.
    """

    pid: int = field(default_factory=os.getpid)
    namespace: int | None = field(default_factory=pid_namespace)
    parent: Callable[[int], int | None] = parent_of

    @property
    def known(self) -> bool:
        """Whether NVML lists us under a number that we know."""
        return self.namespace in (None, HOST_PID_NAMESPACE)

    def foreign(self, pids: Iterable[int], *, on_gpu: bool = True) -> int:
        """How many of `pids` are not ours; `on_gpu` says whether this process has opened the GPU."""
        listed = set(pids)
        if self.known:
            return sum(not self._is_ours(pid) for pid in listed)
        return max(0, len(listed) - int(on_gpu))

    def _is_ours(self, pid: int | None) -> bool:
        while pid is not None and pid > 1:
            if pid == self.pid:
                return True
            pid = self.parent(pid)
        return False
