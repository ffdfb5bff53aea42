"""Zeus and CodeCarbon, unmodified, on the simulated card: what they read is what the theory of its counter says.

A counter with steps of 0.1 s is read `since_s` after a step, at the begin and at the end of a load of whole steps: it
then has seen the time from `since_s` before the load to `since_s` before its end, or what its mode makes of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, Card
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Scenario
from joulemark_simulation.nvml.smi import with_nvidia_smi

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDLE_W, LOAD_W, LOAD_S, STEP_S = 60.0, 300.0, 1.5, 0.1
TRUE_J = LOAD_W * LOAD_S
SINCE_S = (0.03, 0.05, 0.09)
MARGIN_J = 0.01  # millijoules of the counter, and kWh per joule as CodeCarbon rounds it

ZEUS = """
import contextlib
with contextlib.redirect_stdout(sys.stderr):
    from zeus.monitor import ZeusMonitor
monitor = ZeusMonitor(gpu_indices=[0], cpu_indices=[])
def begin():
    monitor.begin_window("load", sync_execution=False)
def end_j():
    return monitor.end_window("load", sync_execution=False).gpu_energy[0]
"""
CODECARBON = """
import contextlib
with contextlib.redirect_stdout(sys.stderr):
    from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(country_iso_code="FRA", output_methods=[], force_cpu_power=100, force_ram_power=10)
def begin():
    tracker.start_task()
def end_j():
    return tracker.stop_task().gpu_energy * 3.6e6
"""
MEASURE = f"""
answer = []
for number, since_s in enumerate({SINCE_S}):
    clock.advance_to(10.0 * (number + 1) + since_s)
    begin()
    with clock.load({LOAD_W}):
        clock.advance({LOAD_S})
    answer.append(end_j())
"""


@dataclass(frozen=True)
class Theory:
    """A counter, and the joules that it shows for the load when it is read so long after a step."""

    card: Card
    shown_j: Callable[[float], float]


def full_j(since_s: float) -> float:
    """The last `since_s` of the load are missed, as much idle before it is taken in."""
    return TRUE_J - (LOAD_W - IDLE_W) * since_s


def part_time_j(since_s: float) -> float:
    """Only the last 25 ms of each step count: idle that they touch before the load counts four times."""
    return TRUE_J - (LOAD_W - IDLE_W) * 4 * max(0.0, since_s - (STEP_S - 0.025))


def blurred_j(since_s: float) -> float:
    """Each step adds the mean of the second before it, which the load fills only after a second."""
    filled = sum(min(1.0, number * STEP_S - since_s) for number in range(1, 16))
    return IDLE_W * LOAD_S + (LOAD_W - IDLE_W) * STEP_S * filled


THEORIES = {
    "full": Theory(A100.full(), full_j),
    "part-time": Theory(A100.part_time(), part_time_j),
    "lag": Theory(A100.lagging(0.13), lambda since_s: full_j(since_s + 0.13)),
    "blur": Theory(A100.blurred(1.0), blurred_j),
}


@pytest.mark.parametrize("counter", list(THEORIES))
@pytest.mark.parametrize("peer", [ZEUS, CODECARBON], ids=["zeus", "codecarbon"])
def test_a_peer_reads_what_the_counter_shows(
    peer: str, counter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # none of the user's own settings
    theory = THEORIES[counter]
    scenario = Scenario(card=theory.card, by_activity=True, idle=Idle(watts=IDLE_W))
    with running(scenario) as simulation:
        read_j = ask(with_nvidia_smi(simulation, tmp_path), peer + MEASURE)
        truth = simulation.truth()
        true_j = [truth.energy_j(at_s, at_s + LOAD_S) for at_s in (10.03, 20.05, 30.09)]
    assert true_j == [pytest.approx(TRUE_J)] * len(SINCE_S)
    for since_s, joules in zip(SINCE_S, read_j, strict=True):
        shown_j = theory.shown_j(since_s)
        assert shown_j - MARGIN_J < joules < shown_j + MARGIN_J, f"off by {100 * (joules / TRUE_J - 1):.2f} %"
