"""Django's caches with counts and new times of many keys in one question; Redis is asked through one client."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError, TimeoutError  # noqa: A004 - by their own names

from measurements.concurrency.outage import Outage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redis import Redis
    from redis.commands.core import Script

COUNT = """
local missing = {}
for place, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 0 then missing[#missing + 1] = place
  else redis.call('INCRBY', key, ARGV[place]) end
end
return missing
"""


OUTAGES: dict[str, Outage] = {}
"""Of each server that this process asks: all threads wait for one that is silent once, and then not for a while."""


def ask_unless_away(client: Any, method: str, outage: Outage) -> None:
    """Have a method of a client raise at once while its server is away, instead of waiting for its time-out again."""
    ask = getattr(client, method)

    def guarded(*args: Any, **options: Any) -> Any:
        if outage.lasts():
            raise ConnectionError("it gave no answer a moment ago")
        try:
            return ask(*args, **options)
        except (ConnectionError, TimeoutError) as error:
            outage.begin(error)
            raise

    setattr(client, method, guarded)


class OneClient(RedisCacheClient):
    """Makes a client once: redis-py needs longer for that than for a question, and a client is safe to share."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._outage = OUTAGES.setdefault(servers[0], Outage("the cache is not asked, it is away"))

    @cached_property
    def _shared(self) -> Redis:
        client = super().get_client(write=True)
        ask_unless_away(client, "execute_command", self._outage)
        make_pipeline = client.pipeline

        def pipeline(*args: Any, **options: Any) -> Any:
            commands = make_pipeline(*args, **options)
            ask_unless_away(commands, "execute", self._outage)
            return commands

        client.pipeline = pipeline  # type: ignore[method-assign]
        return client

    @cached_property
    def _count(self) -> Script:
        return self._shared.register_script(COUNT)

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        """The client, also for reads: there is one server."""
        return self._shared

    def incr_many(self, deltas: Mapping[str, int]) -> list[str]:
        """Add to each key that is there; those that are not."""
        keys = list(deltas)
        return [keys[place - 1] for place in self._count(keys=keys, args=list(deltas.values()))]

    def touch_many(self, keys: Iterable[str], timeout_s: int) -> None:
        """Give each key that is there so long from now on."""
        commands = self._shared.pipeline(transaction=False)
        for key in keys:
            commands.expire(key, timeout_s)
        commands.execute()


class AnyKey:
    """A cache that takes any text as a key: Django looks at each character for what memcached could not take."""

    def validate_key(self, key: str) -> None:
        """Nothing is looked at."""


class CountingRedisCache(AnyKey, RedisCache):
    """For settings.CACHES: one server and one client."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = OneClient

    def incr_many(self, deltas: Mapping[str, int]) -> list[str]:
        """As `incr` for many, in one question; it returns the names that are not there instead of raising."""
        names = {self.make_and_validate_key(name): name for name in deltas}
        client = cast("OneClient", self._cache)
        missing = client.incr_many({key: deltas[name] for key, name in names.items()})
        return [names[key] for key in missing]

    def touch_many(self, names: Iterable[str], timeout_s: int) -> None:
        """As `touch` for many, in one question."""
        client = cast("OneClient", self._cache)
        client.touch_many([self.make_and_validate_key(name) for name in names], timeout_s)


class CountingMemoryCache(AnyKey, LocMemCache):
    """For settings.CACHES where there is no Redis."""

    def incr_many(self, deltas: Mapping[str, int]) -> list[str]:
        """As `incr` for many; it returns the names that are not there instead of raising."""
        missing = []
        for name, delta in deltas.items():
            try:
                self.incr(name, delta)
            except ValueError:
                missing.append(name)
        return missing

    def touch_many(self, names: Iterable[str], timeout_s: int) -> None:
        """As `touch` for many."""
        for name in names:
            self.touch(name, timeout_s)
