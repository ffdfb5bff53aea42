"""Nudges: what gathers while a message is on its way goes with the next one, and a dead queue stops nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from kombu.exceptions import OperationalError

from measurements.concurrency.nudger import Nudger

LIMIT_S = 20
MAX_IDS = 64


def nudger_of(send: Callable[[list[str]], object], *, every_s: float = 1.0) -> Nudger[str]:
    """As review makes one."""
    return Nudger(
        send,
        name="judge-nudger",
        otherwise=lambda ids: f"queue is down, {len(ids)} results wait for the sweeper",
        max_items=MAX_IDS,
        every_s=every_s,
    )


def test_what_gathers_meanwhile_goes_in_one_message() -> None:
    sending, go_on, all_sent = threading.Event(), threading.Event(), threading.Event()
    messages: list[list[str]] = []

    def send(ids: list[str]) -> None:
        messages.append(ids)
        sending.set()
        assert go_on.wait(LIMIT_S)
        if sum(map(len, messages)) == 6:
            all_sent.set()

    nudger = nudger_of(send, every_s=0.001)
    nudger.add("first")
    assert sending.wait(LIMIT_S)
    for number in range(5):
        nudger.add(str(number))
    go_on.set()
    assert all_sent.wait(LIMIT_S)
    assert messages == [["first"], ["0", "1", "2", "3", "4"]]


def test_under_load_messages_are_full() -> None:
    first, full = threading.Event(), threading.Event()
    messages: list[list[str]] = []

    def send(ids: list[str]) -> None:
        messages.append(list(ids))
        (first if len(messages) == 1 else full).set()

    nudger = nudger_of(send, every_s=LIMIT_S)
    nudger.add("first")
    assert first.wait(LIMIT_S)
    for number in range(MAX_IDS):
        nudger.add(str(number))
    assert full.wait(LIMIT_S / 2), "a full message does not wait for the time to be over"
    assert messages == [["first"], [str(number) for number in range(MAX_IDS)]]


def test_what_has_gathered_is_sent_when_the_process_ends() -> None:
    first = threading.Event()
    messages: list[list[str]] = []

    def send(ids: list[str]) -> None:
        messages.append(list(ids))
        first.set()

    nudger = nudger_of(send, every_s=LIMIT_S)
    nudger.add("first")
    assert first.wait(LIMIT_S)
    for number in range(3):
        nudger.add(str(number))
    nudger.flush()
    nudger.flush()
    assert messages == [["first"], ["0", "1", "2"]]


def test_a_message_has_a_limit() -> None:
    messages: list[list[str]] = []
    nudger = nudger_of(messages.append)
    for number in range(MAX_IDS + 5):
        nudger._waiting.put(str(number))
    nudger.send_now(["x"])
    assert [len(ids) for ids in messages] == [MAX_IDS]


def test_a_queue_that_is_down_is_said_and_the_next_nudge_is_tried(caplog: pytest.LogCaptureFixture) -> None:
    asked, answers = threading.Event(), iter([OperationalError("gone"), None])
    sent: list[list[str]] = []

    def send(ids: list[str]) -> None:
        error = next(answers)
        if error:
            raise error
        sent.append(ids)
        asked.set()

    nudger = nudger_of(send, every_s=0.001)
    nudger.send_now(["lost"])
    nudger.add("kept")
    assert asked.wait(LIMIT_S)
    assert sent == [["kept"]]
    assert "1 results wait for the sweeper" in caplog.text
