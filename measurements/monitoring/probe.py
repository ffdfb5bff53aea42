"""A question to something that may give no answer at all: asked in a thread, and waited for only so long.

A thread that hangs is left to itself, and as long as it hangs no other is started: a monitor that asks every few
seconds must not fill the process with threads.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


class Probe(Generic[Answer]):
    """Asks `question` in a thread of its own; those who ask at the same time share its answer."""

    def __init__(self, name: str, question: Callable[[], Answer]) -> None:
        self._name = name
        self._question = question
        self._lock = threading.Lock()
        self._pending: Future[Answer] | None = None

    def start(self) -> Future[Answer]:
        """The answer to come; `result(limit_s)` raises what the question raised, or TimeoutError."""
        with self._lock:
            if self._pending is None or self._pending.done():
                self._pending = Future()
                threading.Thread(
                    target=self._run, args=(self._pending,), name=f"probe-{self._name}", daemon=True
                ).start()
            return self._pending

    def _run(self, future: Future[Answer]) -> None:
        try:
            future.set_result(self._question())
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)
