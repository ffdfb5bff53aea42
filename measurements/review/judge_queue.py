"""Messages that ask for verdicts. While one is in the queue, no sweep sends another for the same results.

Each id that was sent has a marker in the cache, which lies in the same Redis as the queue: who loses one loses both,
and the next sweep queues everything again. A marker lives as long as its message may, and goes when a worker takes the
message up. So it says of an id that it need not be queued, and never that it is judged: that the row says.

A worker may be faster than the sender: the marker is there before the message, and is only prolonged after it, so that
one which the worker has taken away does not come back. A sender that dies between the two leaves a short-lived one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Protocol, cast

from celery import Task
from celery.app.task import Context
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

JudgingTask = Task[..., Any]

MARKING = frozenset({"review.judge", "review.judge_again"})
"""The tasks whose messages `send` marks."""
MARKS_AT_ONCE = 1000
"""Markers in one question to the cache: it is expected to answer within half a second."""
SENDING_LIFE_S = 60
"""How long a marker lives whose message is about to be sent."""


class Touching(Protocol):
    """What this module asks of the project's caches beyond Django's."""

    def touch_many(self, names: Iterable[str], timeout_s: int) -> None:
        """Give each name that is there so long from now on."""


def send(task: JudgingTask, result_ids: Sequence[str], *arguments: str, **options: Any) -> None:
    """Queue a message of `task` about these results, with the options of `apply_async`, and mark them as queued.

    Raises what the queue raises; then nothing is marked.
    """
    if task.app.conf.task_always_eager:
        task.apply_async((list(result_ids), *arguments), **options)
        return
    names = [_name(task, result_id, arguments) for result_id in result_ids]
    try:
        cache.set_many(dict.fromkeys(names, 1), timeout=SENDING_LIFE_S)
    except (RedisError, OSError) as error:
        logger.warning("what is queued is not marked, the cache is away: %s", error)
    try:
        task.apply_async((list(result_ids), *arguments), **options)
    except Exception:  # whatever a broker's client raises is raised on: without a message there is no mark
        take_up(task, result_ids, *arguments)
        raise
    try:
        cast("Touching", cache).touch_many(names, settings.SWEEP_MESSAGE_LIFE_S)
    except (RedisError, OSError) as error:
        logger.warning("marks of what is queued stay for a minute only, the cache is away: %s", error)


def unqueued(task: JudgingTask, result_ids: Sequence[str], *arguments: str) -> list[str]:
    """Those of these results about which no message of `task` waits; all of them while the cache is away."""
    if task.app.conf.task_always_eager:
        return list(result_ids)
    names = {_name(task, result_id, arguments): result_id for result_id in result_ids}
    remaining, marked = iter(names), set[str]()
    try:
        while some := list(islice(remaining, MARKS_AT_ONCE)):
            marked.update(cache.get_many(some))
    except (RedisError, OSError) as error:
        logger.warning("what is queued cannot be read, the cache is away: %s", error)
        return list(result_ids)
    return [result_id for name, result_id in names.items() if name not in marked]


def take_up(task: JudgingTask, result_ids: Sequence[str], *arguments: str) -> None:
    """The message about these results left the queue: if it is lost from now on, a sweep may send another."""
    if task.app.conf.task_always_eager:
        return
    try:
        cache.delete_many([_name(task, result_id, arguments) for result_id in result_ids])
    except (RedisError, OSError) as error:
        logger.warning("marks of what was queued stay until they expire, the cache is away: %s", error)


def unmark_expired(*, sender: JudgingTask, request: Context, expired: bool, **_signal: object) -> None:
    """A worker has dropped a message because its time was over: the next sweep may send another.

    A message expires while its markers live where the clock of its sender was behind that of the worker. Receiver of
    Celery's `task_revoked`, which comes for each task.
    """
    if expired and sender.name in MARKING and request.args:
        result_ids, *arguments = request.args
        take_up(sender, result_ids, *arguments)


def _name(task: JudgingTask, result_id: str, arguments: Sequence[str]) -> str:
    return ":".join(("queued", str(task.name), *arguments, result_id))
