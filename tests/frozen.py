"""Servers that are stopped in the middle: they take connections and give no answer, as a machine that hangs does."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path


def _tree() -> dict[int, list[int]]:
    """The children of each process of this machine."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = status.read_text()
            children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(text.split()[0]))
    return children


def descendants(pid: int) -> list[int]:
    """A process and all that it has started, parents first."""
    children, found = _tree(), [pid]
    for each in found:
        found += children.get(each, [])
    return found


def server_in(folder: Path, program: str) -> int:
    """The process of ours whose command names `program` and the folder. Raises StopIteration without one."""
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            if program in words and str(folder) in words:
                return pid
    raise LookupError(f"no {program} of ours runs in {folder}")


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A server and all of its processes stand still within the block."""
    everyone = descendants(pid)
    for each in everyone:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(everyone):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)
