"""The print of a run's noise: an edited copy keeps it, another run has another one, and too little noise has none."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from joulemark.record.trace import Queries, Trace
from joulemark.rules.noise_print import ALIKE, likeness, noise_print, rows_of
from joulemark_simulation import records
from joulemark_simulation.honest_cases import honest


def session(seed: int, *, windows: int = 5, queries: int = 60, drift: float = 0.0) -> Trace:
    """A run in which queries differ by what they ask, windows by a drift, and both by chance."""
    draw = np.random.default_rng(seed)
    content = np.random.default_rng(1).integers(20_000, 80_000, queries)
    asked = []
    for window in range(windows):
        us = content * (1 + drift * window) * (1 + 0.004 * draw.standard_normal(queries))
        asked.append(Queries(duration_us=tuple(int(one) for one in us), gap_us=(10,) * queries))
    return replace(records.gpu_trace(), queries=tuple(asked))


def edited(trace: Trace, *, jitter_us: int = 5, slower: float = 1.0) -> Trace:
    draw = np.random.default_rng(9)
    queries = tuple(
        replace(
            one,
            duration_us=tuple(
                int(us * slower) + int(draw.integers(-jitter_us, jitter_us + 1)) for us in one.duration_us
            ),
        )
        for one in trace.queries
    )
    return replace(trace, queries=queries)


def alike(one: bytes, other: bytes) -> float:
    (share,) = likeness(one, rows_of([other]))
    return float(share)


def test_an_edited_copy_keeps_the_print() -> None:
    run = session(3)
    for copy in (run, edited(run), edited(run, slower=0.9), edited(run, slower=1.3)):
        assert alike(noise_print(run), noise_print(copy)) >= 0.95


@pytest.mark.parametrize("drift", [0.0, 0.01])
def test_runs_of_the_same_sample_are_not_alike(drift: float) -> None:
    prints = [noise_print(session(seed, drift=drift)) for seed in range(40)]
    shares = [alike(one, other) for n, one in enumerate(prints) for other in prints[:n]]
    assert 0.45 < float(np.mean(shares)) < 0.55
    assert max(shares) < ALIKE - 0.15


def test_simulated_machines_are_not_alike() -> None:
    prints = [noise_print(case.trace) for case in honest().values()]
    assert all(prints)
    assert max(alike(one, other) for n, one in enumerate(prints) for other in prints[:n]) < ALIKE - 0.1


def test_too_little_noise_has_no_print() -> None:
    assert noise_print(records.trace(queries=15)) == b""
    assert noise_print(session(1, windows=1)) == b""
    assert noise_print(session(1, windows=2, queries=20)) == b""
    assert alike(b"", noise_print(session(1))) == 0.0


def test_many_prints_are_compared_bit_by_bit() -> None:
    prints = [noise_print(session(seed)) for seed in range(9)]
    one = bytes(31) + b"\x07"
    equal = [256 - (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() for other in [*prints, one]]
    assert likeness(one, rows_of([*prints, one])).tolist() == [bits / 256 for bits in equal]
