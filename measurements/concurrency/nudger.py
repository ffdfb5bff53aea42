"""Sending messages behind a write: one thread of the process sends them, and no request waits for the queue.

A message is a nudge, and the row is the truth: what cannot be sent, or is lost when the process ends, a sweep finds.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")


class Nudger(Generic[Item]):
    """Sends the first item at once, then what has gathered, as soon as a message is full or `every_s` is over.

    A message has at most `max_items` (None: no limit). While `max_waiting` items wait (0: no limit), each further one
    goes to `on_overflow` instead. `otherwise` says of items that could not be sent what follows from it. The thread
    begins with the first item: gunicorn forks before it serves. `flushes_at_exit`: a process that ends in order sends
    what still waits.
    """

    def __init__(
        self,
        send: Callable[[list[Item]], object],
        *,
        name: str,
        otherwise: Callable[[list[Item]], str],
        max_items: int | None = None,
        every_s: float = 0.0,
        max_waiting: int = 0,
        on_overflow: Callable[[Item], None] = lambda _: None,
        flushes_at_exit: bool = False,
    ) -> None:
        self._send = send
        self._name = name
        self._otherwise = otherwise
        self._max_items = max_items
        self._every_s = every_s
        self._on_overflow = on_overflow
        self._flushes_at_exit = flushes_at_exit
        self._waiting: queue.Queue[Item] = queue.Queue(max_waiting)
        self._full = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, item: Item) -> None:
        """Have `item` sent soon. Returns at once."""
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self._on_overflow(item)
        if self._is_full():
            self._full.set()
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._start()

    def send_now(self, items: list[Item]) -> None:
        """Send `items` with all that has gathered beside them; a queue that is down costs one line for all of them."""
        while self._max_items is None or len(items) < self._max_items:
            try:
                items.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        if items:
            attempt(lambda: self._send(items), otherwise=self._otherwise(items))

    def flush(self) -> None:
        """Send all that has gathered."""
        while not self._waiting.empty():
            self.send_now([])

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        if self._flushes_at_exit:
            atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            self.send_now([self._waiting.get()])
            self._full.wait(0 if self._is_full() else self._every_s)
            self._full.clear()

    def _is_full(self) -> bool:
        return self._max_items is not None and self._waiting.qsize() >= self._max_items


def attempt(send: Callable[[], object], *, otherwise: str) -> None:
    """Send something; if that fails, for whatever reason, a line in the log says what follows from it.

    A broker's client raises what it likes, and a thread that ends with it would send nothing any more.
    """
    try:
        send()
    except Exception as error:  # noqa: BLE001 - a nudge is lost, which the sweep makes good; the thread goes on
        logger.warning("JM-QUEUE-AWAY %s (%s: %s)", otherwise, type(error).__name__, error)
