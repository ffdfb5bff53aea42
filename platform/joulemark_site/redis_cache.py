"""Django's Redis cache with fewer ways to Redis: one client for all calls, and a count in one question."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

COUNT = """
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
return redis.call('INCRBY', KEYS[1], ARGV[1])
"""


class OneClient(RedisCacheClient):
    """Makes a client once: redis-py needs longer for that than for a question, and a client is safe to share."""

    @cached_property
    def _shared(self) -> Redis:
        return super().get_client(write=True)

    @cached_property
    def _count(self) -> Script:
        return self._shared.register_script(COUNT)

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        """The client, also for reads: there is one server."""
        return self._shared

    def incr(self, key: Any, delta: int) -> Any:
        """Django's contract, in one question. Raises ValueError where there is no such key."""
        found = self._count(keys=[key], args=[delta])
        if found is None:
            raise ValueError(f"Key {key!r} not found.")
        return found


class FastRedisCache(RedisCache):
    """For settings.CACHES: one server and one client."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = OneClient
