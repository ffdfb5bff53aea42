"""Traces of simulated results: no two keep time alike, so that the platform never takes one for another's."""

from __future__ import annotations

from joulemark_simulation import records


def test_no_two_runs_keep_time_alike() -> None:
    """Storms send thousands of results under seeds of millions."""
    times = {
        records.trace(queries=2, salt=salt).streams[0].t_us
        for salt in (*range(4000), *range(17_000_000, 17_004_000))
    }
    assert len(times) == 8000
