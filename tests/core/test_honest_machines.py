"""Machines of honest sessions: what they tell follows from their chances, and from nothing of the machine beneath."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from joulemark.meters import cpu_time
from joulemark_simulation.honest_machines import HostClock, SimulatedEstimate

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_an_estimate_reads_nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_time, "PROC", tmp_path / "no-proc")
    clock = HostClock(Random(1), idle_w=10.0, noise_w=1.0)  # noqa: S311 - chances, no secrets
    meter = SimulatedEstimate(clock, cores=1.5)
    assert meter.absent == {}
    (before,) = meter.read(lambda: 0).ticks
    clock.load_on(50.0)
    clock.advance_to(2.0)
    (after,) = meter.read(lambda: 2_000_000).ticks
    own, others = meter.look(lambda: 2_000_000)
    assert own is not None
    assert others is not None
    assert (own.t_us, own.value) == (2_000_000, 3000)
    assert after.value - before.value == 3_000_000
    assert 0 <= others.value <= 40
