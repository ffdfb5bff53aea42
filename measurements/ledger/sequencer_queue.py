"""Asking for the sequencer without making a writer wait: one message a second at most from each process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from measurements.ledger.outgoing import attempt

EVERY_S = 1.0


class Nudger:
    """One thread a process: it sends at once, then at most every `every_s` seconds while nudges come.

    Nothing is lost with it: Celery beat asks for the sequencer too.
    """

    def __init__(self, send: Callable[[], object], *, every_s: float = EVERY_S) -> None:
        self._send = send
        self._every_s = every_s
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Have a message sent soon. Returns at once."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():  # gunicorn forks before it serves
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="log-nudger", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wanted.wait()
            self._wanted.clear()
            attempt(self._send, otherwise="queue is down, leaves wait for the next turn of the sequencer")
            self._stop.wait(self._every_s)
