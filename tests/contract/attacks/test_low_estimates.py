"""Attacks on estimates, where no sensor is read: watts next to none, and work that is left to uncounted processes."""

from __future__ import annotations

import pytest
from msgspec import structs

from joulemark.energy.core_watts import core_watts
from joulemark.record.trace import Gauge, Trace, to_deltas
from joulemark.suite import load_suite
from joulemark_simulation import records
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from tests.contract.attacks.book import Outcome, attack
from tests.contract.attacks.conftest import Door

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

LEAST_W = 0.5
LONG = 40
"""Windows of a run that takes long enough for processor time to be compared."""


def _run(*, watts: float = records.CORE_W, busy: float = 1.5, salt: int = 0) -> Trace:
    suite = load_suite("demo")
    queries = suite.queries_per_window(records.first_job(suite).dataset)
    return records.trace(queries=queries, windows=LONG, watts=watts, busy=busy, salt=salt)


@attack(
    "Estimate with 0.5 W per busy core",
    "harmless",
    how="boards take the same watts for every estimate on a processor; the stated ones are shown on the result's page",
)
def test_watts_next_to_none(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    door.enrol(records.signing_key(2))
    honest = records.bundle(of=_run())
    assert door.send(honest).kind == "harmless"
    refresh_stale_cells()
    alone_j = Cell.objects.get().energy_per_query_j
    sent = door.send(
        records.bundle(key=records.signing_key(2), of=_run(watts=LEAST_W, salt=1), tag="cd" * 32)
    )
    refresh_stale_cells()
    cell = Cell.objects.get()
    assert cell.n_contributors == 2
    assert cell.energy_per_query_j == pytest.approx(alone_j, rel=0.001)
    said = honest.statement().predicate
    assert core_watts(said.device.name).watts == said.sensor.stated_watts
    return Outcome(sent.kind, sent.codes)


@attack("Estimate of a process that leaves its work to a child process", "quarantined", "JM-CPU-TIME")
def test_work_in_a_child_process(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    of = _run(busy=0.2)
    (counter,) = of.streams
    at_us, total_us, t_us, took_ms = 0, 0, [], []
    for step_us, rise_us in zip(counter.t_us[1:], counter.value[1:], strict=True):
        at_us, total_us = at_us + step_us, total_us + rise_us
        t_us.append(counter.t_us[0] + at_us)
        took_ms.append(round(total_us / 1e3 * 6))
    gauge = Gauge(name="cpu-own", unit="cpu-ms", t_us=to_deltas(t_us), value=to_deltas(took_ms))
    return door.send(records.bundle(of=structs.replace(of, gauges=(gauge,))))
