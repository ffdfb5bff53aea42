"""What an estimate counts, and by what it is compared: processor time of the whole run, at watts that nobody states."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from joulemark.energy.core_watts import core_watts
from joulemark.leaderboard.result_numbers import result_numbers
from joulemark.meters import estimate
from joulemark.meters.estimate import EstimateMeter, watts_of
from joulemark.record.trace import Gauge, Trace, to_deltas
from joulemark.rules.case import Case
from joulemark.rules.judge import judge
from joulemark_simulation import records
from tests.core.estimate_cases import QUERIES, judged_case, statement_of

ENERGIES = ("energy_gross_j", "energy_per_query_j", "mean_power_w")
CHILD = "import time\nwhile time.process_time() < 0.4: pass"


def run_of(*, watts: float = records.CORE_W, own_share: float | None = None, windows: int = 3) -> Case:
    """An honest run of the demo suite's first job; `own_share` of the counted time stands in the gauge beside it."""
    trace = records.trace(queries=QUERIES, windows=windows, watts=watts)
    if own_share is not None:
        trace = structs.replace(trace, gauges=(own_gauge(trace, own_share),))
    return judged_case(statement_of(trace), trace)


def own_gauge(trace: Trace, share: float) -> Gauge:
    """Processor time of the run and its children at the ticks of the counter."""
    (stream,) = trace.streams
    at_ms, value = [], 0
    for rise in stream.value[1:]:
        value += rise
        at_ms.append(round(value / 1e3 * share))
    return Gauge(
        name="cpu-own", unit="cpu-ms", t_us=(sum(stream.t_us[:2]), *stream.t_us[2:]), value=to_deltas(at_ms)
    )


@given(st.floats(min_value=0.5, max_value=50.0))
def test_whatever_watts_are_stated_the_numbers_compared_are_the_same(watts: float) -> None:
    stated, common = result_numbers(run_of(watts=watts)), result_numbers(run_of())
    assert [stated[name] for name in ENERGIES] == pytest.approx([common[name] for name in ENERGIES], rel=1e-9)
    of_the_nonce = {"sample_sha256", "inputs_sha256"}
    assert {name for name in stated if stated[name] != common[name]} <= {*ENERGIES, *of_the_nonce}


def test_common_watts_change_no_digit() -> None:
    """A result that states them is what it says, to the last digit."""
    case = run_of()
    assert case.predicate.sensor.stated_watts == core_watts(case.predicate.device.name).watts
    assert result_numbers(case)["energy_per_query_j"] == case.predicate.totals.energy_per_query_j


def test_a_measured_energy_is_never_converted() -> None:
    case = run_of(watts=0.5)
    said = structs.replace(
        case.predicate, sensor=structs.replace(case.predicate.sensor, grade="measured", stated_watts=None)
    )
    measured = replace(case, statement=structs.replace(case.statement, predicate=said))
    assert result_numbers(measured)["energy_gross_j"] == said.totals.energy_gross_j


@given(st.floats(min_value=0.0, max_value=20.0))
def test_an_estimate_is_put_aside_exactly_where_it_leaves_out_a_tenth_of_the_run(share: float) -> None:
    case = run_of(own_share=share, windows=40)
    counted_ms = sum(case.trace.streams[0].value[2:]) / 1e3
    took_ms = sum(case.trace.gauges[0].value[1:])
    codes = {finding.code for finding in judge(case).findings}
    assert ("JM-CPU-TIME" in codes) == (counted_ms < min(0.9 * took_ms, took_ms - 300))


def test_an_estimate_without_the_gauge_is_not_held_to_it() -> None:
    assert "JM-CPU-TIME" not in {finding.code for finding in judge(run_of()).findings}


def test_the_meter_counts_what_child_processes_take() -> None:
    """Of one that ended, and of one that still runs."""
    meter = EstimateMeter(watts=1.0)
    before = _cpu_us(meter)
    subprocess.run([sys.executable, "-c", CHILD], check=True)
    ended = _cpu_us(meter)
    assert ended - before >= 390_000
    with subprocess.Popen(
        [sys.executable, "-c", CHILD + "\nprint(flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert _cpu_us(meter) - ended >= 350_000
        child.communicate(b"\n")
    assert _cpu_us(meter) - ended >= 390_000


def test_a_child_that_is_seen_no_more_takes_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([2.0, 1.0, 3.0])
    monkeypatch.setattr(estimate, "children_s", lambda: next(seconds))
    monkeypatch.setattr(time, "process_time_ns", lambda: 0)
    meter = EstimateMeter(watts=1.0)
    assert [_cpu_us(meter) for _ in range(3)] == [2_000_000, 2_000_000, 3_000_000]


def test_the_default_watts_are_those_of_the_processor() -> None:
    watts, source = watts_of("AMD EPYC 7763 64-Core Processor")
    assert (watts, "EPYC 7763" in source) == (280 / 64, True)
    meter = EstimateMeter(processor="AMD EPYC 7763 64-Core Processor")
    assert (meter.stated_watts, meter.stated_watts_source) == (watts, source)
    assert meter.streams[0].joules_per_unit == watts * 1e-6
    assert EstimateMeter(processor="Testor 9000").stated_watts == 12.0


def _cpu_us(meter: EstimateMeter) -> int:
    (tick,) = meter.read(lambda: 0).ticks
    assert tick is not None
    return tick.value
