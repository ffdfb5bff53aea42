"""One read for many threads: nobody sees what was read before it came, and few reads serve many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier, Event, Lock

import pytest

from measurements.answer_cache.batched_reads import BatchedReads

THREADS, ROUNDS = 8, 200


def test_every_thread_sees_a_read_that_began_after_it_came() -> None:
    """Each thread commits a number and reads: what it reads is not older."""
    lock, numbers, committed, n_reads = Lock(), count(1), [0], [0]
    barrier = Barrier(THREADS)

    def read() -> int:
        n_reads[0] += 1
        return committed[0]

    reads = BatchedReads(read)

    def commit_and_read() -> None:
        barrier.wait()
        for _ in range(ROUNDS):
            with lock:
                own = committed[0] = next(numbers)
            seen = reads.read()
            assert seen is not None
            assert seen >= own

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(commit_and_read) for _ in range(THREADS)]:
            future.result()
    assert 1 <= n_reads[0] <= THREADS * ROUNDS


def test_those_who_come_during_a_read_share_the_next() -> None:
    began, goes_on, n_reads = Event(), Event(), [0]

    def read() -> int:
        n_reads[0] += 1
        if n_reads[0] == 1:
            began.set()
            goes_on.wait(10)
        return n_reads[0]

    reads = BatchedReads(read)
    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(reads.read)
        began.wait(10)
        others = [pool.submit(reads.read) for _ in range(THREADS - 1)]
        while reads._next is None:
            pass
        goes_on.set()
        assert first.result() == 1
        assert {other.result() for other in others} <= set(range(2, THREADS + 1))
    assert n_reads[0] <= THREADS


def test_a_read_that_fails_leaves_the_others_without() -> None:
    began, goes_on, n_reads = Event(), Event(), [0]

    def read() -> int:
        n_reads[0] += 1
        if n_reads[0] == 1:
            began.set()
            goes_on.wait(10)
            raise OSError("away")
        return n_reads[0]

    reads = BatchedReads(read)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(reads.read)
        began.wait(10)
        second = pool.submit(reads.read)
        while reads._next is None:
            pass
        goes_on.set()
        with pytest.raises(OSError, match="away"):
            first.result()
        assert second.result() == 2, "the next one reads for itself"
    assert reads.read() == 3
