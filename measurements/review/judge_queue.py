"""Queueing verdicts without making an upload wait: at once when little comes, in full messages when much does."""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Callable

from measurements.ledger.outgoing import attempt

MOST = 64
"""Ids in one message at most."""
EVERY_S = 1.0
"""A message that is not full leaves at most this often."""


class Nudger:
    """One thread a process: it sends at once, then what has gathered as soon as a message is full or `every_s` is over.

    Nothing is lost with it: a row whose nudge never left waits for the sweeper.
    """

    def __init__(self, send: Callable[[list[str]], object], *, every_s: float = EVERY_S) -> None:
        self._send = send
        self._every_s = every_s
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._full = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, result_id: str) -> None:
        """Have `result_id` sent soon. Returns at once."""
        self._waiting.put(result_id)
        if self._waiting.qsize() >= MOST:
            self._full.set()
        if (
            self._thread is None or not self._thread.is_alive()
        ):  # none yet in this process: gunicorn forks before it serves
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)
                    self._thread.start()
                    atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            self.send_now([self._waiting.get()])
            self._full.wait(0 if self._waiting.qsize() >= MOST else self._every_s)
            self._full.clear()

    def flush(self) -> None:
        """Send all that has gathered: this process ends in order."""
        while not self._waiting.empty():
            self.send_now([])

    def send_now(self, ids: list[str]) -> None:
        """Send `ids` with all that has gathered beside them; a queue that is down is said once for all of them."""
        while len(ids) < MOST:
            try:
                ids.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        if not ids:
            return
        attempt(lambda: self._send(ids), otherwise=f"queue is down, {len(ids)} results wait for the sweeper")
