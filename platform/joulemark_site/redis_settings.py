"""Redis or Valkey out of one address: as the broker of messages, and as Django's caches."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, urlsplit

from joulemark_site.environment import BadSetting, reader


@reader
def redis_url(name: str) -> str:
    """The address of a Redis or Valkey; empty where the variable is unset."""
    url = os.environ.get(name, "")
    try:
        parts = urlsplit(url)
        is_complete = not url or (bool(parts.path) if "unix" in parts.scheme else bool(parts.hostname))
        _ = parts.port
    except ValueError:
        is_complete = False
    else:
        is_complete = is_complete and (not url or parts.scheme in {"redis", "rediss", "unix", "redis+socket"})
    if not is_complete:
        raise BadSetting(f"{name} is not a Redis address; write it like redis://localhost:6379/0.") from None
    return url


def broker(redis_url: str) -> str:
    """The same Redis as kombu addresses it: a unix socket has a scheme of its own there. Empty stays in memory."""
    if not redis_url:
        return "memory://localhost/"
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        database = parse_qs(parts.query).get("db", ["0"])[0]
        return f"redis+socket://{parts.path}?virtual_host={database}"
    return redis_url


def password_in(redis_url: str) -> str:
    """The password within a Redis address as it stands there; empty without one."""
    try:
        return urlsplit(redis_url).password or ""
    except ValueError:
        return ""


CACHE_TIMEOUT_S = 0.5


def cache(redis_url: str) -> dict[str, object]:
    """Django's cache: Redis where there is one, else the memory of this process."""
    if not redis_url:
        options = {"MAX_ENTRIES": 100_000}  # one for each key and network that came lately
        return {"BACKEND": "joulemark_site.counting_caches.CountingMemoryCache", "OPTIONS": options}
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "BACKEND": "joulemark_site.counting_caches.CountingRedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "joulemark",
        "OPTIONS": {
            "socket_connect_timeout": CACHE_TIMEOUT_S,
            "socket_timeout": CACHE_TIMEOUT_S,
            "retry": Retry(NoBackoff(), 1),  # once, on a new connection: the old one may have been closed
        },
    }


def answer_cache(redis_url: str) -> dict[str, object]:
    """The cache of answers that processes share; without Redis there is one process, which has them in its memory."""
    if not redis_url:
        return {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    return cache(redis_url) | {"KEY_PREFIX": "joulemark-answers"}
