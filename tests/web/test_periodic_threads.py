"""The law of periodic threads: whatever one round raises, the next one comes; what a nudge raises ends no thread."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from hypothesis import given
from hypothesis import strategies as st
from kombu.exceptions import OperationalError as QueueError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from joulemark_site import embedded
from joulemark_site.embedded import LONGEST_PAUSE_S, Periodic, periodic_work, repeat
from measurements.concurrency.nudger import Nudger
from measurements.ledger.errors import Damaged, KeyLost, LogBroken
from measurements.ledger.outgoing import Outgoing
from tests.laws import law

LIMIT_S = 20.0


def _made(kind: type[Exception]) -> Exception | None:
    """An exception of this kind; None where it cannot be made of a word alone."""
    try:
        return kind("as it may happen")
    except TypeError:
        return None


FOREIGN = [
    *(DatabaseError, IntegrityError, InterfaceError, OperationalError),
    *(LogBroken, KeyLost, Damaged, QueueError, RedisError, RedisTimeout),
]
BUILT_IN = [
    kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, Exception)
]
EXCEPTIONS = [error for kind in (*FOREIGN, *BUILT_IN) if (error := _made(kind)) is not None]


@pytest.fixture(autouse=True)
def connections_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """These threads ask no database."""
    monkeypatch.setattr(embedded, "close_old_connections", lambda: None)


def rounds(failing: Iterator[Exception | None], periodic: Periodic) -> list[float]:
    """The pauses of a thread whose rounds raise these, one after the other, and then end."""
    pauses: list[float] = []
    script = list(failing)

    def work() -> None:
        error = script[len(pauses)]
        if error is not None:
            raise error

    def wait(pause_s: float) -> bool:
        pauses.append(pause_s)
        return len(pauses) == len(script)

    repeat(Periodic(periodic.name, work, periodic.every_s), wait)
    return pauses


@pytest.mark.laws
@law()
@given(
    st.lists(st.none() | st.sampled_from(EXCEPTIONS), min_size=1, max_size=40),
    st.floats(0.1, 10_000),
)
def test_no_exception_of_a_round_ends_the_thread(script: list[Exception | None], every_s: float) -> None:
    pauses = rounds(iter(script), Periodic("sweeper", lambda: None, every_s))
    assert len(pauses) == len(script)
    failures = 0
    for error, pause_s in zip(script, pauses, strict=True):
        failures = 0 if error is None else failures + 1
        assert every_s <= pause_s <= max(every_s, LONGEST_PAUSE_S)
        if failures == 0:
            assert pause_s == every_s


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
def test_every_thread_of_the_server_outlives_every_exception(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """The real threads, with work that raises once."""
    every = periodic_work(every_s=0.001)
    again = {periodic.name: threading.Event() for periodic in every}
    assert len(again) == len(every), "each has a name of its own"
    assert set(again) == {
        "review sweeper", "boards sweeper", "sequencer", "witness client", "webhooks", "releases", "watch",
    }  # fmt: skip
    failed: set[str] = set()

    def replaced(name: str) -> Periodic:
        def work() -> None:
            if name not in failed:
                failed.add(name)
                raise error
            again[name].set()

        return Periodic(name, work, 0.001)

    monkeypatch.setattr(embedded, "periodic_work", lambda **_: [replaced(one.name) for one in every])
    stop = embedded.start_sweeping(every_s=0.001)
    try:
        assert all(event.wait(LIMIT_S) for event in again.values())
    finally:
        stop.set()
    for name in again:
        assert f"JM-ROUND-FAILED the {name} failed 1 times in a row" in caplog.text


def test_what_is_closed_before_a_round_may_fail_too(monkeypatch: pytest.MonkeyPatch) -> None:
    closings = iter([OperationalError("gone"), None])

    def close() -> None:
        if error := next(closings):
            raise error

    monkeypatch.setattr(embedded, "close_old_connections", close)
    assert len(rounds(iter([None, None]), Periodic("sweeper", lambda: None, 1.0))) == 2


class NotEager:
    """As much of the Celery application as is asked."""

    conf = SimpleNamespace(task_always_eager=False)


def _sender(kind: str, send: Callable[[], object]) -> tuple[Nudger[Any], Callable[[], None]]:
    """One of the threads that send messages, and how it is nudged."""
    if kind == "a batch":
        nudger = Nudger[str](lambda _: send(), name=kind, otherwise=lambda _: "it waits", every_s=0.001)
        return nudger, lambda: nudger.add("result")
    outgoing = Outgoing()
    task: Any = SimpleNamespace(app=NotEager, delay=send)
    return outgoing.nudger, lambda: outgoing.send(task, subject="things")


@pytest.mark.parametrize("kind", ["a batch", "one by one"])
@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
def test_a_nudge_that_cannot_be_sent_ends_no_thread(kind: str, error: Exception) -> None:
    tried, sent, errors = threading.Event(), threading.Event(), iter([error])

    def send() -> None:
        tried.set()
        for once in errors:
            raise once
        sent.set()

    sender, nudge = _sender(kind, send)
    nudge()
    assert tried.wait(LIMIT_S)
    thread = sender._thread
    nudge()
    assert sent.wait(LIMIT_S)
    assert thread is sender._thread


def test_more_messages_than_may_wait_are_left_to_the_sweep(caplog: pytest.LogCaptureFixture) -> None:
    held, begun = threading.Event(), threading.Event()

    def delay() -> None:
        begun.set()
        assert held.wait(LIMIT_S)

    outgoing = Outgoing(max_waiting=2)
    task: Any = SimpleNamespace(app=NotEager, delay=delay)
    outgoing.send(task, subject="the first")
    assert begun.wait(LIMIT_S)
    for number in range(5):
        outgoing.send(task, subject=f"number {number}")
    held.set()
    left = [number for number in range(5) if f"number {number} wait for the sweep" in caplog.text]
    assert left == [2, 3, 4]
