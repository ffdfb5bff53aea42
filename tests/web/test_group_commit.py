"""Threads that want the same at once: one works for all, each has its own answer, and a fault stays with its owner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from measurements.intake.group_commit import Gathering

LIMIT_S = 20.0


class Work:
    """What is asked for: doubles numbers, one thread after the other. The first to work waits until `crowd` wait."""

    def __init__(self, *, crowd: int, most: int = 64, moment_s: float = 0.0) -> None:
        self.groups: list[list[int]] = []
        self.crowd = crowd
        self.began = threading.Event()
        self.broken: Callable[[list[int]], object] = list
        self.gathering = Gathering(alone=self.alone, together=self.together, most=most, moment_s=moment_s)

    def alone(self, number: int) -> int:
        return self.together([number])[0]

    def together(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        if len(self.groups) == 1:
            self.began.set()
            self.wait_for(self.crowd)
        self.broken(list(numbers))
        return [2 * number for number in numbers]

    def wait_for(self, waiting: int) -> None:
        with self.gathering._changed:
            queue = self.gathering._queue
            assert self.gathering._changed.wait_for(lambda: len(queue) >= waiting, timeout=LIMIT_S)

    def asked(self, pool: ThreadPoolExecutor, *numbers: int) -> list[Future[int]]:
        """Each number by a thread of its own, the first holding the place, in this order."""
        futures = []
        for place, number in enumerate(numbers):
            futures.append(pool.submit(self.gathering.ask, number))
            if place == 0:
                assert self.began.wait(LIMIT_S)
            elif place < len(numbers) - 1:
                self.wait_for(place)
        return futures


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as executor:
        yield executor


def test_a_thread_that_is_alone_waits_for_nobody() -> None:
    work = Work(crowd=0, moment_s=LIMIT_S)
    assert [work.gathering.ask(number) for number in range(3)] == [0, 2, 4]
    assert work.groups == [[0], [1], [2]]


def test_who_comes_meanwhile_is_done_together(pool: ThreadPoolExecutor) -> None:
    work = Work(crowd=4)
    assert [future.result(LIMIT_S) for future in work.asked(pool, 1, 2, 3, 4, 5)] == [2, 4, 6, 8, 10]
    assert work.groups == [[1], [2, 3, 4, 5]]
    assert work.gathering.ask(6) == 12, "the place is free again"


def test_a_group_has_a_limit(pool: ThreadPoolExecutor) -> None:
    work = Work(crowd=4, most=3)
    assert [future.result(LIMIT_S) for future in work.asked(pool, 1, 2, 3, 4, 5)] == [2, 4, 6, 8, 10]
    assert work.groups == [[1], [2, 3, 4], [5]]


def test_a_fault_stays_with_its_owner(pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture) -> None:
    work = Work(crowd=3)

    def broken(numbers: list[int]) -> None:
        if 3 in numbers:
            raise RuntimeError("three cannot be doubled")

    work.broken = broken
    first, second, third, fourth = work.asked(pool, 1, 2, 3, 4)
    assert [first.result(LIMIT_S), second.result(LIMIT_S), fourth.result(LIMIT_S)] == [2, 4, 8]
    with pytest.raises(RuntimeError, match="three"):
        third.result(LIMIT_S)
    assert "done together in vain" in caplog.text
    assert work.gathering.ask(6) == 12


def test_a_worker_that_is_ended_leaves_nobody_waiting(pool: ThreadPoolExecutor) -> None:
    work = Work(crowd=3)
    ended: list[int] = []

    def broken(numbers: list[int]) -> None:
        if len(numbers) > 1:
            ended.extend(numbers)
            raise SystemExit(1)

    work.broken = broken
    first, second, third, fourth = work.asked(pool, 1, 2, 3, 4)
    assert [first.result(LIMIT_S), third.result(LIMIT_S), fourth.result(LIMIT_S)] == [2, 6, 8]
    with pytest.raises(SystemExit):
        second.result(LIMIT_S)
    assert ended == [2, 3, 4]
    assert work.gathering.ask(6) == 12


def test_the_first_ones_fault_frees_the_place(pool: ThreadPoolExecutor) -> None:
    work = Work(crowd=1)

    def broken(numbers: list[int]) -> None:
        if numbers == [1]:
            raise ValueError("one")

    work.broken = broken
    first, second = work.asked(pool, 1, 2)
    with pytest.raises(ValueError, match="one"):
        first.result(LIMIT_S)
    assert second.result(LIMIT_S) == 4


def test_after_a_crowd_the_next_one_waits_for_as_many(pool: ThreadPoolExecutor) -> None:
    work = Work(crowd=1, moment_s=LIMIT_S)
    first, second = work.asked(pool, 1, 2)
    assert first.result(LIMIT_S) == 2
    third = pool.submit(work.gathering.ask, 3)
    assert (second.result(LIMIT_S), third.result(LIMIT_S)) == (4, 6)
    assert work.groups == [[1], [2, 3]]


def test_nobody_waits_longer_than_a_moment(pool: ThreadPoolExecutor) -> None:
    work = Work(crowd=1, moment_s=0.001)
    assert [future.result(LIMIT_S) for future in work.asked(pool, 1, 2)] == [2, 4]
    assert work.groups == [[1], [2]]
    assert work.gathering.ask(3) == 6
