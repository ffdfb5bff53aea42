"""Messages that a write leaves behind: one thread of the process sends them, and no request waits for the queue.

A message is a nudge, and the row is the truth: what cannot be sent, or is lost when the process ends, a sweep finds.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celery import Task

logger = logging.getLogger(__name__)

MAX_WAITING = 1000
"""Messages that wait for a queue that gives no answer; what comes beyond them is left to the sweep."""


@dataclass(frozen=True)
class Message:
    """A task with its arguments. `subject` says in the log what waits for the sweep when it cannot be sent."""

    task: Task[..., Any]
    arguments: tuple[object, ...]
    subject: str


class Outgoing:
    """Sends messages in their order, in a thread that begins with the first: gunicorn forks before it serves."""

    def __init__(self, *, max_waiting: int = MAX_WAITING) -> None:
        self._waiting: queue.Queue[Message] = queue.Queue(max_waiting)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, task: Task[..., Any], *arguments: object, subject: str) -> None:
        """Have a message sent soon; returns at once. Where tasks run in this process, it runs right here."""
        message = Message(task, arguments, subject)
        if task.app.conf.task_always_eager:
            _send(message)
            return
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            logger.warning("%s wait for the sweep: the queue gives no answer", subject)
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="outgoing", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            _send(self._waiting.get())


def _send(message: Message) -> None:
    attempt(
        lambda: message.task.delay(*message.arguments),
        otherwise=f"{message.subject} wait for the sweep: the queue cannot be reached",
    )


def attempt(send: Callable[[], object], *, otherwise: str) -> None:
    """Send something; if that fails, for whatever reason, a line in the log says what follows from it.

    A broker's client raises what it likes, and a thread that ends with it would send nothing any more.
    """
    try:
        send()
    except Exception as error:  # noqa: BLE001 - a nudge is lost, which the sweep makes good; the thread goes on
        logger.warning("JM-QUEUE-AWAY %s (%s: %s)", otherwise, type(error).__name__, error)


OUTGOING = Outgoing()
"""This process' messages."""
