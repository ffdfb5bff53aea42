"""Rates: by key once a signature is verified, by network prefix before; and a cache that is away stops nobody."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import CacheHandler, cache
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisAway

from joulemark.record.codec import encode
from joulemark.record.envelope import Envelope
from joulemark_simulation import records
from joulemark_site import redis_settings
from measurements.concurrency.outage import OUTAGE_S, Outage
from measurements.intake import rates
from measurements.intake.models import RefusalCount
from measurements.intake.refusals import TooOften
from tests.client_response import ClientResponse, Post
from tests.laws import law
from tests.web.test_intake_door import problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counts_of_this_test() -> None:
    cache.clear()


def asked(number: int = 1, *, key: int = 1) -> bytes:
    now = datetime.now(UTC) + timedelta(milliseconds=number)
    return encode(records.ticket_request(key=records.signing_key(key), now=now))


def test_a_key_that_comes_too_often_is_told_when_to_come_again(enrolled: Post, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "ticket": (2, 3600)}
    assert [enrolled("tickets", asked(n)).status_code for n in range(2)] == [201, 201]
    answer = enrolled("tickets", asked(3))
    assert "wait" in problem(answer, status=429, code="JM-RATE")
    assert 1 <= int(answer["Retry-After"]) <= 3900
    assert RefusalCount.objects.get(code="JM-RATE").count == 1
    enrolled("enrolments", encode(records.enrolment(key=records.signing_key(2))))
    assert enrolled("tickets", asked(4, key=2)).status_code == 201  # another key has its own count


def test_who_cannot_sign_for_a_key_does_not_use_its_rate_up(enrolled: Post, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "ticket": (1, 3600)}
    signed = records.ticket_request()
    forged = encode(Envelope(payload=b"{}", payload_type=signed.payload_type, signatures=signed.signatures))
    for _ in range(3):
        problem(enrolled("tickets", forged), status=403, code="JM-SIGNATURE")
    assert enrolled("tickets", encode(signed)).status_code == 201


def test_a_network_is_counted_as_one(client: Client, catalogue: None, settings: Settings) -> None:
    settings.RATES, settings.PROXIES = {**settings.RATES, "prefix": (2, 3600)}, 1
    statuses = [
        client.post(
            "/api/v1/tickets",
            data=b"{}",
            content_type="application/json",
            headers={"X-Forwarded-For": f"10.9.8.7, 198.51.100.{host}"},
        ).status_code
        for host in (1, 2, 3)
    ]
    assert statuses == [400, 400, 429]
    elsewhere = client.post(
        "/api/v1/tickets",
        data=b"{}",
        content_type="application/json",
        headers={"X-Forwarded-For": "203.0.113.5"},
    )
    assert elsewhere.status_code == 400


def test_what_audits_ask_of_the_tables_is_counted_by_network_and_apart(
    client: Client, catalogue: None, settings: Settings
) -> None:
    settings.RATES = {**settings.RATES, "rows": (2, 3600), "prefix": (1, 3600)}

    def asked_from(address: str) -> ClientResponse:
        return client.get("/api/v1/log/rows/?start=0&end=10", REMOTE_ADDR=address)

    assert [asked_from(f"198.51.100.{host}").status_code for host in (1, 2)] == [200, 200]
    refused = asked_from("198.51.100.3")
    assert "'rows'" in problem(refused, status=429, code="JM-RATE")
    assert 1 <= int(refused["Retry-After"]) <= 3900
    assert asked_from("203.0.113.5").status_code == 200
    sent = client.post(
        "/api/v1/tickets", data=b"{}", content_type="application/json", REMOTE_ADDR="198.51.100.4"
    )
    assert sent.status_code == 400, "an audit uses nothing of the doors' rate up"
    assert client.get("/api/v1/health", REMOTE_ADDR="198.51.100.3").status_code == 200, (
        "nobody else is counted"
    )


def test_who_sends_anothers_public_result_again_uses_nothing_up(enrolled: Post, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "result": (2, 3600)}
    first = records.bundle(of=records.trace(queries=15, salt=1)).to_bytes()
    enrolled("results", first)
    for _ in range(4):
        assert enrolled("results", first).status_code == 200
        assert enrolled("results/batch", first * 8).status_code == 200
    assert (
        enrolled("results", records.bundle(of=records.trace(queries=15, salt=2)).to_bytes()).status_code
        == 202
    )
    third = records.bundle(of=records.trace(queries=15, salt=3)).to_bytes()
    problem(enrolled("results", third), status=429, code="JM-RATE")
    assert enrolled("results", first).status_code == 200, "what is here already is answered all the same"


def test_a_captured_request_sent_again_uses_nothing_up(enrolled: Post, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "ticket": (2, 3600)}
    old, first = asked(-7_200_000), asked(1)
    enrolled("tickets", first)
    for _ in range(4):
        enrolled("tickets", first)
        problem(enrolled("tickets", old), status=400, code="JM-CLOCK")
    assert enrolled("tickets", asked(2)).status_code == 201


def test_a_key_over_its_rate_does_not_hold_up_a_batch(enrolled: Post, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "result": (2, 3600)}
    enrolled("enrolments", encode(records.enrolment(key=records.signing_key(2))))
    mine = [records.bundle(of=records.trace(queries=15, salt=n)).to_bytes() for n in range(3)]
    other = records.bundle(key=records.signing_key(2), of=records.trace(queries=15, salt=9)).to_bytes()
    answer = enrolled("results/batch", b"".join([*mine, other]))
    assert [item["status"] for item in answer.json()["items"]] == [202, 202, 429, 202]


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "prefix"),
    [
        (0, "::ffff:198.51.100.77", "", "198.51.100.0/24"),
        (0, "::ffff:127.0.0.1", "", None),
        (1, "127.0.0.1", "203.0.113.5:4711", "203.0.113.0/24"),
        (1, "127.0.0.1", "[2001:db8:1:203::5]:443", "2001:db8:1:200::/56"),
        (0, "198.51.100.77", "", "198.51.100.0/24"),
        (0, "198.51.100.77", "203.0.113.5", "198.51.100.0/24"),
        (0, "2001:db8:1:203::5", "", "2001:db8:1:200::/56"),
        (1, "127.0.0.1", "6.6.6.6, 198.51.100.77", "198.51.100.0/24"),
        (2, "127.0.0.1", "6.6.6.6, 198.51.100.77, 192.0.2.1", "198.51.100.0/24"),
        (1, "127.0.0.1", "", None),
        (2, "127.0.0.1", "198.51.100.77", None),
        (0, "", "198.51.100.77", None),
        (0, "127.0.0.1", "198.51.100.77", None),
        (1, "127.0.0.1", "not an address", None),
    ],
)
def test_the_prefix_is_what_our_own_proxies_saw(
    settings: Settings, proxies: int, peer: str, forwarded: str, prefix: str | None
) -> None:
    settings.PROXIES = proxies
    assert rates.prefix_of(peer, forwarded) == prefix


def test_a_cache_that_is_away_limits_nobody(
    enrolled: Post, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RATES = {**settings.RATES, "ticket": (1, 3600)}

    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    monkeypatch.setattr(rates, "OUTAGE", Outage("rates are not counted"))
    monkeypatch.setattr(cache, "incr_many", away)
    monkeypatch.setattr(cache, "get_many", away)
    assert [enrolled("tickets", asked(n)).status_code for n in range(3)] == [201] * 3
    assert "rates are not counted" in caplog.text
    assert caplog.text.count("rates are not counted") == 1, "and is not waited for again and again"


def test_a_cache_that_is_back_counts_again(
    enrolled: Post, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATES = {**settings.RATES, "ticket": (1, 3600)}
    now_s = [0.0]
    monkeypatch.setattr(rates, "OUTAGE", Outage("away", clock=lambda: now_s[0]))
    rates.OUTAGE.begin(RedisAway("gone"))
    assert [enrolled("tickets", asked(n)).status_code for n in range(2)] == [201] * 2
    now_s[0] = OUTAGE_S
    assert [enrolled("tickets", asked(n)).status_code for n in (2, 3)] == [201, 429]


def wait_asked_for(scope: str) -> int | None:
    """How many seconds somebody is told to wait; None where there is room."""
    try:
        rates.require_room(scope, "key")
    except TooOften as refusal:
        return refusal.wait_s
    return None


COMINGS = st.lists(st.tuples(st.floats(0, 1.5), st.integers(1, 4)), min_size=1, max_size=60)
"""How many spans after the last time somebody comes, and how often at once."""


@pytest.mark.laws
@law()
@given(
    comings=COMINGS,
    number=st.integers(1, 8),
    seconds=st.sampled_from([1, 60, 3600]),
    start_s=st.floats(1e9, 1e9 + 1e4),
)
def test_no_stretch_of_a_spans_length_has_more_than_the_rate(
    comings: list[tuple[float, int]], number: int, seconds: int, start_s: float
) -> None:
    """Nor does anybody wait longer than a span and a part of it, and after the wait that is named there is room."""
    cache.clear()
    now_s, accepted = start_s, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.RATES", {"ticket": (number, seconds)})
        patch.setattr(rates, "time", SimpleNamespace(time=lambda: now_s))
        for spans, times in comings:
            now_s += spans * seconds
            for _ in range(times):
                wait_s = wait_asked_for("ticket")
                if wait_s is None:
                    rates.consume_quota("ticket", {"key": 1})
                    accepted.append(now_s)
                    continue
                assert wait_s <= seconds + seconds / rates.PARTS + 1
                came_s, now_s = now_s, now_s + wait_s
                assert wait_asked_for("ticket") is None
                now_s = came_s
    for first, at_s in enumerate(accepted):
        assert sum(1 for later_s in accepted[first:] if later_s < at_s + seconds) <= number


def test_the_end_of_one_hour_and_the_begin_of_the_next_are_one_burst(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATES = {**settings.RATES, "ticket": (5, 3600)}
    accepted = 0
    for now_s in (3600 * 1000 - 1, 3600 * 1000 + 1):
        monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda now_s=now_s: now_s))
        for _ in range(5):
            if wait_asked_for("ticket") is None:
                rates.consume_quota("ticket", {"key": 1})
                accepted += 1
    assert accepted == 5


@pytest.mark.parametrize("address", ["REDIS_URL", None])
def test_caches_count_many_at_once_and_say_what_is_missing(settings: Settings, address: str | None) -> None:
    caches = CacheHandler({"default": redis_settings.cache(os.environ[address] if address else "")})
    counting: Any = caches["default"]
    counting.delete_many(["a", "b", "c"])
    counting.add("a", 0, timeout=100)
    counting.add("b", 5, timeout=100)
    assert counting.incr_many({"a": 2, "c": 3, "b": 1}) == ["c"]
    assert counting.get_many(["a", "b", "c"]) == {"a": 2, "b": 6}
