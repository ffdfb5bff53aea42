"""Processes of which there should be one: a second beat, and further sequencers."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.production import Production

ROOT = Path(__file__).parents[2]
END_LIMIT_S = 40.0


class ExtraProcesses:
    """What is started beside the list of production, until `end`."""

    def __init__(self, production: Production) -> None:
        self._production = production
        self._running: list[subprocess.Popen[bytes]] = []
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def start_beat(self) -> None:
        """A second beat."""
        self._start(self._production.commands()["beat"], "beat-2")

    def start_sequencers(self) -> None:
        """A second worker for the log, and `manage.py sequence_log` again and again."""
        command = [word.replace("log@", "log2@") for word in self._production.commands()["log"]]
        self._start(command, "log-2")
        self._is_over.clear()
        self._thread = threading.Thread(target=self._sequence, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End all of them."""
        self._is_over.set()
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _sequence(self) -> None:
        while not self._is_over.is_set():
            self._production.manage("sequence_log")

    def _start(self, command: list[str], name: str) -> None:
        with (self._production.folder / f"{name}.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self._production.environment,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
            )
