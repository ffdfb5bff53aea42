"""One trial: a card with its chances drawn from a seed, a workload on it, and how far each tool is off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum, isfinite
from random import Random
from typing import TYPE_CHECKING

import pynvml

from benchmarks.meters import tools
from benchmarks.meters.virtual import VirtualTime
from benchmarks.meters.workloads import workloads
from joulemark_simulation.nvml.cards import CARDS
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import ALL, ENERGY, Idle, Scenario, Sensor

if TYPE_CHECKING:
    from benchmarks.meters.tool import Tool
    from benchmarks.meters.workloads import Workload
    from joulemark_simulation.nvml.cards import Card

MODES = ("full", "part-time", "lag 130 ms", "blur 1 s")
IDLE_W = {"A100": 60.0, "H100": 60.0, "V100": 40.0, "GA102": 30.0}
NOISE_W = 1.0  # rms, of each update of a sensor
CALL_COSTS_S = {
    ENERGY: 0.0002,
    ALL: 0.00005,
}  # of every tool's calls; the counter is the slow one, as on real cards
REST_S = 2.0  # idle before the measurement begins


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How far `tool` was off in one trial: `error` is reported / true - 1, or None, and then `note` says why.

    `session_s` are the simulated seconds from the start of its measuring to its end, None where it did not measure.
    """

    mode: str
    tool: str
    error: float | None
    note: str | None
    session_s: float | None


def with_counter(card: Card, mode: str) -> Card:
    """The card with an energy counter of that mode."""
    return {
        "full": card.full,
        "part-time": card.part_time,
        "lag 130 ms": card.lagging,
        "blur 1 s": card.blurred,
    }[mode]()


def one_trial(profile: str, number: int, trial: int) -> list[Outcome]:
    """Trial `trial` of workload `number` on `profile`: every mode of the counter and every tool, with the same chances.

    A tool that polls power does the same whatever the counter is: it is measured once and stands in every mode.
    """
    workload = workloads(CARDS[profile])[number]
    seed = f"{profile}/{trial}"
    outcomes: list[Outcome] = []
    for mode in MODES:
        card = with_counter(CARDS[profile], mode)
        outcomes += [
            _outcome(tool, mode, _scenario(card, profile, seed), workload, seed) for tool in tools.counting()
        ]
    for tool in tools.polling():
        alone = _outcome(tool, MODES[0], _scenario(CARDS[profile].full(), profile, seed), workload, seed)
        outcomes += [replace(alone, mode=mode) for mode in MODES]
    return outcomes


def _scenario(card: Card, profile: str, seed: str) -> Scenario:
    """The sensors' phases, the noise, and a warm card's extra power that comes and goes, all drawn from `seed`."""
    rng = Random(seed)  # noqa: S311 (chances, no secrets)
    card = replace(
        card,
        power_phase_s=rng.random() * card.power_period_s,
        counter_phase_s=rng.random() * card.counter_period_s,
    )
    idle = Idle(
        watts=IDLE_W[profile],
        extra_w=rng.uniform(3.0, 8.0),
        decay_s=rng.uniform(5.0, 20.0),
        warm_s=rng.uniform(0.0, 10.0),
    )
    return Scenario(
        card=card,
        by_activity=True,
        idle=idle,
        sensor=Sensor(noise_w=NOISE_W, seed=rng.randrange(1, 2**31)),
        call_costs_s=CALL_COSTS_S,
    )


def _outcome(tool: Tool, mode: str, scenario: Scenario, workload: Workload, seed: str) -> Outcome:
    _shut_down()
    with running(scenario) as simulation, simulation.here():
        time = VirtualTime(simulation)
        time.pass_for(REST_S)
        pauses = Random(f"pauses of {seed}")  # noqa: S311
        begin_s = time.now_s()
        measured = tool.measure(time, workload, pauses)
        session_s = time.now_s() - begin_s - measured.preparation_s
        truth = simulation.truth()
        true_j = fsum(truth.energy_j(*window) for window in measured.truth_windows)
    if measured.energy_j is not None and not isfinite(measured.energy_j):
        raise ValueError(f"{tool.name} gave {measured.energy_j} J with a counter of mode {mode} in {seed}.")
    error = None if measured.energy_j is None else measured.energy_j / true_j - 1
    return Outcome(
        mode=mode,
        tool=tool.name,
        error=error,
        note=measured.note,
        session_s=session_s if measured.truth_windows else None,
    )


def _shut_down() -> None:
    """Let go of the card of the trial before, however often the tool there asked for NVML."""
    try:
        while True:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError_Uninitialized:
        return
