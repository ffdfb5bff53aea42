"""The worked example of docs/method.md: one job on a simulated card. Prints the table; started in its environment."""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("simulation", "agent")]

from joulemark.energy.analysis import analyse
from joulemark.energy.budget import combined, expanded
from joulemark.meters.meter import sensor_of
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.probe import probe
from joulemark.session.measure import measure
from joulemark.session.progress import Silent
from joulemark.suite import Protocol
from joulemark.workloads import Output, Query
from joulemark_simulation.nvml.cards import H100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor
from joulemark_simulation.nvml.virtual import Busy, VirtualTimer

WATTS = 350.0
PROTOCOL = Protocol(
    queries=100,
    windows_min=3,
    windows_max=3,
    warmup_queries=250,
    idle_s=30.0,
    half_width_target=0.02,
    budget_s=600.0,
)


class Work:
    """Queries of about 20 ms."""

    def __init__(self, timer: VirtualTimer) -> None:
        self._timer, self._chances = timer, random.Random(7)  # noqa: S311 - chances, no secrets

    def answer(self, query: Query) -> Output:
        self._timer.work(WATTS, self._chances.gauss(0.020, 0.0004))
        return Output(query.id, "", None)

    def synchronise(self) -> None:
        """Nothing is left over."""


def rows() -> list[tuple[str, str]]:
    """The table's rows."""
    scenario = Scenario(
        card=H100.part_time(),
        by_activity=True,
        idle=Idle(watts=60.0, extra_w=5.0, decay_s=10.0, warm_s=5.0),
        sensor=Sensor(noise_w=1.0, seed=7),
    )
    with running(scenario) as simulation, simulation.here():
        timer = VirtualTimer(simulation)
        timer.wait(2.0)
        meter = NvmlMeter(environ={})
        timing = probe(meter, Busy(timer, WATTS), timer).timing
        queries = [Query(str(number), {}, None) for number in range(100)]
        yielded = measure(
            Work(timer),
            queries,
            meter,
            PROTOCOL,
            Silent(),
            timings=(timing,),
            timer=timer,
        )
        found = analyse(yielded.trace, sensor_of(meter))
        truth = simulation.truth()
        true_j = sum(truth.energy_j(s.start_us / 1e6, s.end_us / 1e6) for s in yielded.trace.windows())
        meter.close()
    per_query_j = found.totals.energy_per_query_j
    assert found.idle is not None
    return [
        (
            "Probe",
            (
                f"period {timing.period_us / 1e3:.0f} ms, delay {timing.delay_us / 1e3:.0f} ms, "
                f"settles in {timing.settle_us / 1e3:.0f} ms, {timing.coverage}"
            ),
        ),
        ("Queries, windows", f"{found.totals.queries} in {len(found.windows)}"),
        ("At rest, before and after", f"{found.idle.before_w:.2f} W, {found.idle.after_w:.2f} W"),
        ("Energy per query, gross", f"{per_query_j:.3f} J"),
        *(
            (f"by `{name}`", f"{joules:.3f} J")
            for name, joules in found.estimates.items()
            if name != "bracket"
        ),
        *((f"`{term.name}`", f"{term.relative:.3%}") for term in found.budget),
        ("Combined standard uncertainty", f"{combined(found.budget):.3%}"),
        ("Interval (k = 2)", f"{per_query_j:.3f} J ± {per_query_j * expanded(found.budget):.3f} J"),
        ("True", f"{true_j / found.totals.queries:.3f} J"),
    ]


def table() -> str:
    """In Markdown."""
    lines = [f"| {name} | {value} |" for name, value in rows()]
    return "\n".join(["| | |", "|---|---|", *lines])


if __name__ == "__main__":
    print(table())
