"""Processes that are started again when they end, as `restart: unless-stopped` of docker-compose.yml does.

A service is a process group. When its first process ends, the rest of the group is killed, as a container's is. The
first restart comes at once, each further one after twice the time, until a process has lived for ten seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST_PAUSE_S, LONGEST_PAUSE_S, LIVES_S = 0.1, 2.0, 10.0
GRACE_S = 40.0


class Service:
    """One supervised process. `restarts` counts how often it was started again."""

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], cwd: Path, log: Path
    ) -> None:
        self.name = name
        self.restarts = -1
        self._command, self._environment, self._cwd, self._log = list(command), environment, cwd, log
        self._lock = threading.Lock()
        self._may_run = threading.Event()
        self._is_over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name=name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Its first process now; waits for one that is about to be started."""
        while True:
            with self._lock:
                if self._process is not None and self._process.poll() is None:
                    return self._process.pid
            time.sleep(0.02)

    def children(self) -> list[int]:
        """Processes that the first one has started."""
        return _children_of(self.pid)

    def send(self, number: int) -> None:
        """A signal to the first process alone."""
        os.kill(self.pid, number)

    def send_to_all(self, number: int) -> None:
        """A signal to the first process and all that it has started, in whatever group they are."""
        for pid in (self.pid, *self.children()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def start(self) -> None:
        """Let it run, and start it again whenever it ends."""
        self._may_run.set()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it, and leave it ended; SIGKILL for one that does not end."""
        self._may_run.clear()
        with self._lock:
            process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _kill_group(process)
            process.wait()

    def close(self) -> None:
        """End it for good."""
        self._is_over.set()
        self.stop()
        self._may_run.set()
        self._thread.join()

    def _supervise(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            self._may_run.wait()
            if self._is_over.is_set():
                return
            began_s = time.monotonic()
            process = self._started()
            if process is None:
                continue
            process.wait()
            _kill_group(process)
            lived = time.monotonic() - began_s >= LIVES_S
            pause_s = FIRST_PAUSE_S if lived else min(pause_s * 2, LONGEST_PAUSE_S)
            self._is_over.wait(pause_s)

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock, self._log.open("ab") as output:
            if not self._may_run.is_set():
                return None
            self._process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=dict(self._environment),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
            self.restarts += 1
            return self._process


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _children_of(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
