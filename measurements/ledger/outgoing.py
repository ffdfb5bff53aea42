"""Messages that a write leaves behind, in the order in which they were written."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from celery import Task

from measurements.concurrency.nudger import Nudger

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
    """Sends each message by itself, in a thread of its own."""

    def __init__(self, *, max_waiting: int = MAX_WAITING) -> None:
        self.nudger: Nudger[Message] = Nudger(
            lambda messages: [message.task.delay(*message.arguments) for message in messages],
            name="outgoing",
            otherwise=lambda messages: (
                f"{messages[0].subject} wait for the sweep: the queue cannot be reached"
            ),
            max_items=1,
            max_waiting=max_waiting,
            on_overflow=_warn,
        )

    def send(self, task: Task[..., Any], *arguments: object, subject: str) -> None:
        """Have a message sent soon; returns at once. Where tasks run in this process, it runs right here."""
        message = Message(task, arguments, subject)
        if task.app.conf.task_always_eager:
            self.nudger.send_now([message])
        else:
            self.nudger.add(message)


def _warn(message: Message) -> None:
    logger.warning("%s wait for the sweep: the queue gives no answer", message.subject)


OUTGOING = Outgoing()
"""This process' messages."""
