"""Queueing verdicts without making an upload wait: ids gather while the last message is on its way."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

MOST = 64
"""Ids in one message at most."""


class Nudger:
    """One thread a process that sends what has gathered, in as few messages as there is time for.

    Nothing is lost with it: a row whose nudge never left waits for the sweeper.
    """

    def __init__(self, send: Callable[[list[str]], object]) -> None:
        self._send = send
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, result_id: str) -> None:
        """Have `result_id` sent soon. Returns at once."""
        self._waiting.put(result_id)
        if (
            self._thread is None or not self._thread.is_alive()
        ):  # none yet in this process: gunicorn forks before it serves
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            self.send_now([self._waiting.get()])

    def send_now(self, ids: list[str]) -> None:
        """Send `ids` with all that has gathered beside them; a queue that is down is said once for all of them."""
        while len(ids) < MOST:
            try:
                ids.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        try:
            self._send(ids)
        except OperationalError as error:
            logger.warning("queue is down, %d results wait for the sweeper: %s", len(ids), error)
