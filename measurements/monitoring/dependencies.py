"""What the platform depends on, asked from outside of any request: the database, the queue, the disks."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from measurements.concurrency.message_headers import SENT_AT
from measurements.monitoring.probe import Probe

if TYPE_CHECKING:
    from pathlib import Path

ANSWER_LIMIT_S = 1.0
"""For each of them, all asked at once: health answers within two seconds whichever is away."""


@dataclass(frozen=True, kw_only=True)
class DatabaseAnswer:
    """How far the database's clock is ahead of this machine's, and within how much that is known. Seconds.

    None where the database has no clock of its own.
    """

    clock_offset_s: float | None
    clock_offset_within_s: float | None


@dataclass(frozen=True, kw_only=True)
class QueueLength:
    """Messages of one queue. `oldest_s` is None without any, and where the oldest one has no time of sending."""

    name: str
    length: int
    oldest_s: float | None


@dataclass(frozen=True, kw_only=True)
class DiskSpace:
    """Bytes that are free for this process on the disk of a folder, and the disk's size."""

    folder: str
    free: int
    size: int


def ask_database() -> DatabaseAnswer:
    """Connect, ask for the time, and hang up. Raises what the database's driver raises."""
    try:
        with connection.cursor() as cursor:
            before_s = time.time()
            if connection.vendor != "postgresql":
                cursor.execute("SELECT 1")
                return DatabaseAnswer(clock_offset_s=None, clock_offset_within_s=None)
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            (database_s,) = cursor.fetchone()
            after_s = time.time()
    finally:
        connection.close()
    return DatabaseAnswer(
        clock_offset_s=database_s - (before_s + after_s) / 2, clock_offset_within_s=(after_s - before_s) / 2
    )


def ask_queue() -> tuple[QueueLength, ...]:
    """The length of each queue and the age of its oldest message. Raises redis.RedisError or OSError."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=ANSWER_LIMIT_S,
        socket_timeout=ANSWER_LIMIT_S,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client.pipeline(transaction=False) as pipeline:
            for name in settings.QUEUES:
                pipeline.llen(name)
                pipeline.lindex(name, -1)  # kombu pushes on the left and takes from the right
            answers: list[Any] = pipeline.execute()
    finally:
        client.close()
    now_s = time.time()
    return tuple(
        QueueLength(name=name, length=length, oldest_s=_age_s(message, now_s))
        for name, length, message in zip(settings.QUEUES, answers[::2], answers[1::2], strict=True)
    )


def _age_s(message: bytes | None, now_s: float) -> float | None:
    if message is None:
        return None
    try:
        return max(now_s - float(json.loads(message)["headers"][SENT_AT]), 0.0)
    except (ValueError, KeyError, TypeError):
        return None


def ask_disks() -> tuple[DiskSpace, ...]:
    """The space for the platform's folders and, where it is named, the database's; each disk once. Raises OSError."""
    disks: dict[int, DiskSpace] = {}
    folders: list[tuple[str, Path]] = [
        (name, next(place for place in (path, *path.parents) if place.exists()))  # made when it is needed
        for name, path in (("data", settings.DATA_DIR), ("log", settings.LOG_DIR))
    ]
    if settings.DATABASE_DIR is not None:
        folders.append(("database", settings.DATABASE_DIR))  # never a parent's: that may be another disk
    for name, folder in folders:
        status = os.statvfs(folder)
        space = DiskSpace(
            folder=name, free=status.f_bavail * status.f_frsize, size=status.f_blocks * status.f_frsize
        )
        disks.setdefault(folder.stat().st_dev, space)
    return tuple(disks.values())


DATABASE = Probe("database", ask_database)
QUEUE = Probe("queue", ask_queue)
DISKS = Probe("disks", ask_disks)
