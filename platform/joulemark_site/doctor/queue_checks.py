"""Redis or Valkey, the workers that take its messages, and the one beat that sends the periodic ones."""

from __future__ import annotations

import time
from collections.abc import Iterator

import redis
from celery import current_app
from django.conf import settings

from joulemark_site.doctor.finding import Check, Finding, NotAsked, error, warning

LIMIT_S = 2.0
REPLY_S = 1.5
"""How long workers and beat have to answer."""
MAX_SKEW_S = 5.0
BEAT = "celerybeat@"
ROOM_BYTES = 64 * 1024**2
"""For messages, marks and rates, beside kept answers."""
NOEVICTION = "noeviction"


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=LIMIT_S, socket_timeout=LIMIT_S)


def server() -> Iterator[Finding]:
    """Whether it answers, forgets nothing, has room, and has the same time."""
    if not settings.REDIS_URL:
        return
    client = _client()
    try:
        memory, replication = client.info("memory"), client.info("replication")
        seconds, _microseconds = client.time()
    except redis.AuthenticationError:
        yield _refused()
        return
    except redis.ResponseError as reason:
        if "NOAUTH" in str(reason) or "WRONGPASS" in str(reason):
            yield _refused()
            return
        raise NotAsked("the queue does not tell about itself") from reason
    except (redis.RedisError, OSError, ValueError):
        yield error(
            "JM-REDIS-AWAY",
            "REDIS_URL",
            "The queue does not answer at that address. Uploads are taken, and judged by the sweep.",
            "Start it, or correct host and port; from a container, localhost is the container itself.",
        )
        return
    finally:
        client.close()
    policy = str(memory.get("maxmemory_policy", NOEVICTION))
    if policy != NOEVICTION:
        yield error(
            "JM-REDIS-EVICTION",
            "REDIS_URL",
            f"The queue drops keys when it is full (maxmemory-policy {policy}): messages and counts vanish.",
            "Set maxmemory-policy noeviction.",
        )
    most = int(memory.get("maxmemory", 0))
    if most and most < settings.ANSWER_CACHE_BYTES // 2 + ROOM_BYTES:
        yield warning(
            "JM-REDIS-SMALL",
            "JOULEMARK_ANSWER_CACHE_MIB",
            f"The queue may hold {most // 1024**2} MiB, and kept answers may take most of it.",
            "Raise maxmemory, or lower JOULEMARK_ANSWER_CACHE_MIB.",
        )
    if replication.get("role") == "slave":
        yield error(
            "JM-REDIS-REPLICA",
            "REDIS_URL",
            "The queue is a replica, which takes no writes.",
            "Name its primary.",
        )
    if abs(seconds - time.time()) > MAX_SKEW_S:
        yield warning(
            "JM-CLOCK-QUEUE",
            "REDIS_URL",
            f"The clocks of the queue and of this machine differ by {abs(seconds - time.time()):.0f} s.",
            "Synchronise both (chrony, systemd-timesyncd).",
        )


def _refused() -> Finding:
    return error(
        "JM-REDIS-PASSWORD",
        "REDIS_URL",
        "The queue refuses the password, or wants one.",
        "Write it into the address, as redis://:PASSWORD@HOST:6379/0.",
    )


def workers() -> Iterator[Finding]:
    """Every queue has a worker, and there is exactly one beat."""
    if not settings.REDIS_URL:
        return
    try:
        queues = current_app.control.inspect(timeout=REPLY_S).active_queues() or {}
        replies = current_app.control.ping(timeout=REPLY_S) or []
    except Exception as reason:
        raise NotAsked("the queue does not answer") from reason
    served = {queue["name"] for listed in queues.values() for queue in listed}
    missing = sorted({queue.name for queue in settings.CELERY_TASK_QUEUES} - served)
    if missing:
        yield error(
            "JM-QUEUE-WORKERS",
            "workers",
            f"No worker takes messages of {', '.join(missing)}.",
            "Start workers that together take every queue; docs/operations.md lists them.",
        )
    beats = sum(name.startswith(BEAT) for reply in replies for name in reply)
    if beats != 1:
        yield error(
            "JM-QUEUE-BEAT-NONE" if beats == 0 else "JM-QUEUE-BEAT-MANY",
            "beat",
            "No beat answers: nothing that was lost is found again."
            if beats == 0
            else f"{beats} beats answer.",
            "Start exactly one `celery beat`.",
        )


CHECKS = [Check("queue", server), Check("workers", workers)]
