"""Where answers are kept: within a number of bytes, for one computation among many readers, and with Redis away."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest
from django.core.cache import CacheHandler
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisAway

from measurements.answer_cache import flights as flights_module
from measurements.answer_cache import shared_answers, table_triggers
from measurements.answer_cache.answer_memory import AnswerMemory
from measurements.answer_cache.flights import Flights
from measurements.answer_cache.shared_answers import (
    LARGE_SHARE,
    LEAD_S,
    MAX_ANSWER_BYTES,
    MAX_LARGE_BYTES,
    POLL_S,
    WAIT_S,
    SharedAnswers,
)
from measurements.answer_cache.sources import CHANGES
from measurements.answer_cache.stored_answer import (
    OVERHEAD_BYTES,
    StoredAnswer,
    decode,
    encode,
    store,
    takes_gzip,
)
from measurements.concurrency.outage import OUTAGE_S
from tests.laws import law

ADDRESS = "0f" * 32
Process = Callable[[], SharedAnswers]
"""The fixture `process`."""


def answer(tag: str, n_bytes: int = 0) -> StoredAnswer:
    return StoredAnswer(tag=tag, headers=(), compressed=b"x" * n_bytes, notes=frozenset())


@law()
@given(
    st.integers(0, 8),
    st.lists(st.tuples(st.sampled_from(["keep", "find"]), st.sampled_from("abcd"), st.integers(0, 5))),
)
def test_a_memory_is_the_answers_that_were_read_last(room: int, steps: list[tuple[str, str, int]]) -> None:
    unit = OVERHEAD_BYTES
    memory = AnswerMemory(room * unit)
    oracle: OrderedDict[str, StoredAnswer] = OrderedDict()
    for verb, address, size in steps:
        tag = str(size)
        if verb == "keep":
            oracle.pop(address, None)
            kept = answer(tag, size * unit)
            memory.keep(address, kept)
            if kept.n_bytes <= room * unit:
                oracle[address] = kept
            while sum(each.n_bytes for each in oracle.values()) > room * unit:
                del oracle[next(iter(oracle))]
        else:
            expected = oracle.get(address)
            expected = expected if expected is not None and expected.tag == tag else None
            if expected is not None:
                oracle.move_to_end(address)
            assert memory.find(address, tag) == expected
        assert memory.n_bytes == sum(each.n_bytes for each in oracle.values()) <= room * unit


@law()
@given(
    content=st.binary(max_size=2000),
    headers=st.dictionaries(st.sampled_from(["Content-Type", "X-A", "Vary"]), st.text("abc;=/", min_size=1)),
    notes=st.frozensets(st.tuples(st.text(), st.text(), st.text()), max_size=3),
)
def test_what_is_kept_comes_back_as_it_was(
    content: bytes, headers: dict[str, str], notes: frozenset[tuple[str, str, str]]
) -> None:
    sent = HttpResponse(content, headers=headers)
    kept = decode(encode(store(sent, tag="t", notes=notes)))
    assert kept is not None
    back = kept.response(as_gzip=False)
    assert (back.content, back["Content-Type"], back["ETag"]) == (content, sent["Content-Type"], '"t"')
    assert kept.notes == notes
    assert store(sent, tag="t", notes=notes).compressed == kept.compressed, "no time is in it"
    assert decode(encode(kept)[:-1]) is None
    assert decode(b"something else") is None


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("", False), ("gzip", True), ("identity", False), ("br, gzip", True), ("gzip;q=0", False), ("*", True),
        ("*;q=0", False), ("gzip;q=0, *", False), ("GZIP; q=0.001", True), ("x-gzip", True), ("gzip;q=x", False),
        ("gzip;", True), ("deflate, *;q=0.1", True), (",,;;", False),
    ],
)  # fmt: skip
def test_whether_a_client_takes_gzip(accepted: str, takes: object) -> None:
    assert takes_gzip(accepted) is takes


def test_of_many_threads_one_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Semaphore(0)

    class SeenEvent(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.release()
            return super().wait(timeout)

    monkeypatch.setattr(flights_module, "Event", SeenEvent)
    flights = Flights(wait_s=30)

    def want() -> bool:
        with flights.join("t") as is_first:
            return is_first

    with ThreadPoolExecutor(5) as pool:
        with flights.join("t") as is_first:
            others = [pool.submit(want) for _ in range(5)]
            for _ in others:
                assert waiting.acquire(timeout=30), "each of them waits"
        assert is_first
        assert [other.result(30) for other in others] == [False] * 5
    assert want(), "whoever comes later is a first again"


def test_a_thread_waits_no_longer_than_it_should() -> None:
    flights = Flights(wait_s=0)
    with flights.join("t") as first, flights.join("t") as second, flights.join("other") as other:
        assert (first, second, other) == (True, False, True)


def test_who_failed_does_not_keep_the_others_waiting() -> None:
    flights = Flights(wait_s=30)
    with pytest.raises(ZeroDivisionError), flights.join("t"):
        raise ZeroDivisionError
    with flights.join("t") as is_first:
        assert is_first


# ---- between processes


class Clock:
    """A clock that a pause moves on; `during` happens in the first pause."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.during: Callable[[], object] = lambda: None

    def __call__(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds
        self.during()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Process:
    """Makes what a process has of the shared answers; none is there yet."""
    own = CacheHandler()
    monkeypatch.setattr(shared_answers, "caches", own)
    own["answers"].clear()
    return lambda: SharedAnswers(clock=clock, pause=clock.pause)


def test_one_process_computes_and_the_others_have_it(process: Process, clock: Clock) -> None:
    leader, other = process(), process()
    assert leader.take_lead("t")
    assert not other.take_lead("t")

    def land() -> None:
        leader.keep(ADDRESS, answer("t"))
        leader.end_lead("t")

    clock.during = land
    assert other.await_answer(ADDRESS, "t") == answer("t")
    assert clock.now_s == POLL_S
    assert other.take_lead("t"), "the lead is free again"


def test_a_leader_that_ends_without_an_answer_frees_the_others(process: Process, clock: Clock) -> None:
    leader, other = process(), process()
    assert leader.take_lead("t")
    clock.during = lambda: leader.end_lead("t")
    assert other.await_answer(ADDRESS, "t") is None
    assert clock.now_s == POLL_S


def test_a_leader_that_takes_too_long_is_not_waited_for(process: Process, clock: Clock) -> None:
    assert process().take_lead("t")
    assert process().await_answer(ADDRESS, "t") is None
    assert WAIT_S <= clock.now_s < WAIT_S + 2 * POLL_S
    assert LEAD_S > WAIT_S


def test_a_slot_has_the_last_answer_and_none_that_is_too_large(process: Process, settings: Settings) -> None:
    settings.ANSWER_CACHE_BYTES = 2 * MAX_ANSWER_BYTES  # two slots
    shared = process()
    first, same_slot, other_slot = (f"{number:012x}" + "0" * 52 for number in (0, 2, 1))
    shared.keep(first, answer("t"))
    shared.keep(other_slot, answer("u"))
    assert shared.find(first, "t") == answer("t")
    assert shared.find(first, "newer") is None
    shared.keep(same_slot, answer("v"))
    assert shared.find(first, "t") is None
    assert shared.find(same_slot, "v") == answer("v")
    assert shared.find(other_slot, "u") == answer("u")
    shared.keep(same_slot, answer("w", MAX_ANSWER_BYTES))
    assert shared.find(same_slot, "w") is None
    settings.ANSWER_CACHE_BYTES = 0
    shared.keep(first, answer("x"))
    assert shared.find(first, "x") is None


def test_a_large_answer_has_a_slot_of_another_kind(process: Process, settings: Settings) -> None:
    settings.ANSWER_CACHE_BYTES = 2 * LARGE_SHARE * MAX_LARGE_BYTES  # two slots for large ones
    shared = process()
    first, same_large_slot, other = (f"{number:012x}" + "0" * 52 for number in (0, 2, 1))
    large = answer("t", MAX_ANSWER_BYTES)
    shared.keep(first, large)
    assert process().find(first, "t") == large
    assert shared.find(first, "newer") is None
    shared.keep(other, answer("u"))
    shared.keep(same_large_slot, answer("v", 2 * MAX_ANSWER_BYTES))
    assert shared.find(first, "t") is None, "its slot has the other now"
    assert shared.find(same_large_slot, "v") == answer("v", 2 * MAX_ANSWER_BYTES)
    assert shared.find(other, "u") == answer("u")
    shared.keep(first, answer("w"))
    assert shared.find(first, "w") == answer("w"), "of a usual size again"
    shared.keep(first, answer("x", MAX_LARGE_BYTES))
    assert shared.find(first, "x") is None


def test_a_cache_that_is_away_is_asked_once_and_nothing_fails(
    process: Process, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    class Away:
        def __getitem__(self, name: str) -> Away:
            return self

        def __getattr__(self, name: str) -> Callable[..., None]:
            def fail(*_: object, **__: object) -> None:
                asked.append(name)
                raise RedisAway("gone")

            return fail

    shared = process()
    monkeypatch.setattr(shared_answers, "caches", Away())
    for _ in range(3):
        assert shared.find(ADDRESS, "t") is None
        assert shared.take_lead("t"), "each computes by itself"
        shared.keep(ADDRESS, answer("t"))
        shared.end_lead("t")
        assert shared.await_answer(ADDRESS, "t") is None
    assert asked == ["get"]
    assert clock.now_s == 0.0, "nobody waits"
    assert caplog.text.count("answers are not shared") == 1
    clock.now_s = OUTAGE_S
    assert shared.take_lead("t")
    assert asked == ["get", "add"]


# ---- SQLite's triggers


@law()
@given(
    st.lists(
        st.sampled_from(
            [
                "INSERT INTO thing (id) VALUES (1)",
                "INSERT OR IGNORE INTO thing (id) VALUES (2)",
                "INSERT OR REPLACE INTO thing (id) VALUES (3)",
                "UPDATE OR IGNORE thing SET id = id + 10",
                "UPDATE thing SET name = 'x'",
                "DELETE FROM thing WHERE id > 1",
            ]
        )
    )
)
def test_sqlite_counts_every_change(steps: list[str]) -> None:
    database = sqlite3.connect(":memory:")
    versions = table_triggers.VERSIONS
    database.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)")
    database.execute(
        f"CREATE TABLE {versions} (table_name TEXT, writer INTEGER, version decimal, PRIMARY KEY (table_name, writer))"
    )
    for change in CHANGES:
        database.execute(
            table_triggers.SQLITE_TRIGGER.format(
                trigger=table_triggers.TRIGGER, table="thing", change=change, versions=versions
            )
        )
    version = 0
    for step in steps:
        before = database.execute("SELECT * FROM thing ORDER BY id").fetchall()
        try:
            database.execute(step)
        except sqlite3.IntegrityError:
            continue
        after = database.execute("SELECT * FROM thing ORDER BY id").fetchall()
        rows = database.execute(f"SELECT version FROM {versions}").fetchall()  # noqa: S608 - a name of our own
        now = rows[0][0] if rows else 0
        assert len(rows) <= 1
        assert now >= version
        if after != before:
            assert now > version, step
        version = now
