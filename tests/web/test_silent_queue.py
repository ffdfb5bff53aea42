"""A Redis that accepts connections and says nothing is waited for once by a process, not by every question."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache import CacheHandler
from redis.exceptions import RedisError

from joulemark_site import counting_caches, redis_settings
from measurements.concurrency.outage import OUTAGE_S, Outage


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server that never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield listening


@pytest.fixture
def silent(server: socket.socket) -> str:
    """Its address."""
    return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def connections_made(server: socket.socket) -> int:
    """How many connections wait for a server to take them."""
    server.settimeout(0)
    made = 0
    while True:
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return made
        made += 1


def test_a_silent_server_is_waited_for_once(server: socket.socket, silent: str) -> None:
    cache: Any = CacheHandler({"default": redis_settings.cache(silent)})["default"]
    questions: list[tuple[Any, ...]] = [
        (cache.get, "x"),
        (cache.get_many, ["x", "y"]),
        (cache.set_many, {"x": 1}),
        (cache.add, "x", 1),
        (cache.delete_many, ["x"]),
        (cache.incr_many, {"x": 1}),
        (cache.touch_many, ["x"], 5),
    ]
    for ask, *arguments in questions * 5:
        with pytest.raises(RedisError):
            ask(*arguments)
    assert 1 <= connections_made(server) <= 2, "thirty-five questions, and one wait of two tries"


def test_threads_share_what_they_know_and_ask_again_after_a_while(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [100.0]
    monkeypatch.setitem(counting_caches.OUTAGES, silent, Outage("away", clock=lambda: now_s[0]))
    first, second = (CacheHandler({"default": redis_settings.cache(silent)})["default"] for _ in range(2))
    with pytest.raises(RedisError):
        first.get("x")
    with pytest.raises(RedisError, match="a moment ago"):
        second.get("x")
    now_s[0] += OUTAGE_S
    with pytest.raises(RedisError) as again:
        second.get("x")
    assert "a moment ago" not in str(again.value), "it was asked"


def test_a_server_that_answers_is_asked_as_before() -> None:
    cache: Any = CacheHandler({"default": redis_settings.cache(os.environ["REDIS_URL"])})["default"]
    cache.set_many({"silent-test": 5}, timeout=30)
    assert cache.get("silent-test") == 5
    assert cache.incr_many({"silent-test": 2, "silent-none": 1}) == ["silent-none"]
    assert cache.get_many(["silent-test"]) == {"silent-test": 7}
    cache.touch_many(["silent-test", "silent-none"], 300)
    key = cache.make_key("silent-test")
    assert 30 < redis.Redis.from_url(os.environ["REDIS_URL"]).ttl(key) <= 300
    assert cache.get("silent-none") is None, "what is gone does not come back"
