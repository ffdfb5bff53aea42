"""Machines of honest sessions: clocks that jitter, GPUs of every known model, processors with RAPL or an estimate."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import inf
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from joulemark.meters import probe as probing
from joulemark.meters.cpu_time import CpuTimes, ProcessorTime
from joulemark.meters.estimate import EstimateMeter
from joulemark.meters.meter import Reading, StreamInfo, Tick
from joulemark.meters.rapl.meter import RaplMeter
from joulemark.rules.hardware import Gpu, gpus
from joulemark_simulation.card_sessions import READ_SHARE, probed
from joulemark_simulation.nvml.cards import CARDS
from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor
from joulemark_simulation.nvml.virtual import VirtualTimer

if TYPE_CHECKING:
    from joulemark.meters.meter import Now
    from joulemark.record.trace import Timing
    from joulemark_simulation.nvml.cards import Card

MODES = ("full", "part_time", "lagging", "blurred", "slow")
SLOW_S = 0.25
OFFSET_W = 6.5
"""Boards of one design scatter by so much (energy/data/boards.csv, five RTX 3090)."""
LIKE = {
    "v100": "V100",
    "t4": "V100",
    "a100": "A100",
    "a10": "GA102",
    "rtx-3090": "GA102",
    "rtx-a6000": "GA102",
}
"""Whose sensors a model has in the simulation, by the beginning of its id; the others have an H100's."""
NAMES = {
    "a100-sxm4-80gb": "NVIDIA A100-SXM4-80GB", "a100-sxm4-40gb": "NVIDIA A100-SXM4-40GB",
    "a100-pcie-80gb": "NVIDIA A100 80GB PCIe", "a100-pcie-40gb": "NVIDIA A100-PCIE-40GB",
    "h100-sxm": "NVIDIA H100 80GB HBM3", "h100-pcie": "NVIDIA H100 PCIe", "h100-nvl": "NVIDIA H100 NVL",
    "h200-sxm": "NVIDIA H200", "v100-sxm2-32gb": "Tesla V100-SXM2-32GB", "v100-sxm2-16gb": "Tesla V100-SXM2-16GB",
    "v100-pcie-32gb": "Tesla V100-PCIE-32GB", "v100-pcie-16gb": "Tesla V100-PCIE-16GB", "l4": "NVIDIA L4",
    "l40s": "NVIDIA L40S", "a10": "NVIDIA A10", "t4": "Tesla T4", "rtx-3090": "NVIDIA GeForce RTX 3090",
    "rtx-4090": "NVIDIA GeForce RTX 4090", "rtx-5090": "NVIDIA GeForce RTX 5090", "rtx-a6000": "NVIDIA RTX A6000",
    "rtx-6000-ada": "NVIDIA RTX 6000 Ada Generation", "b200": "NVIDIA B200",
}  # fmt: skip
"""How NVML calls each model of the facts file."""
UNKNOWN = Gpu(
    id="unknown", names=(), default_w=(200.0, 200.0), memory_bytes=(16e9, 16e9), source="none: made up"
)


class JitterTimer(VirtualTimer):
    """Whoever waits is woken a little late, by some ten microseconds and now and then by more."""

    def __init__(self, simulation: Any, rng: Random) -> None:
        super().__init__(simulation)
        self._rng = rng

    def wait(self, seconds: float) -> None:
        """Let time pass, and a little more."""
        late_s = self._rng.expovariate(1 / 60e-6) + (1e-3 if self._rng.random() < 0.01 else 0.0)
        super().wait(seconds + late_s if seconds > 0 else 0.0)


def card_of(gpu: Gpu, mode: str) -> Card:
    """A simulated card with the facts of this model and a counter of this mode."""
    card = _sensors(gpu, mode)
    low, high = gpu.memory_bytes or (card.memory_mib * 2**20,) * 2
    default_w = gpu.default_w[0] if gpu.default_w else card.default_limit_w
    return replace(
        card,
        name=NAMES.get(gpu.id, "NVIDIA GeForce RTX 9990"),
        memory_mib=round((low + high) / 2 / 2**20),
        limit_w=default_w,
        default_limit_w=default_w,
        max_limit_w=gpu.most_w or default_w,
    )


def _sensors(gpu: Gpu, mode: str) -> Card:
    card = CARDS[_like(gpu)]
    if mode == "slow":
        return replace(card.full(), counter_period_s=SLOW_S, counter_window_s=SLOW_S)
    changed: Card = getattr(card, mode)()
    return changed


def _like(gpu: Gpu) -> str:
    return next((like for start, like in LIKE.items() if gpu.id.startswith(start)), "H100")


def timing_of(gpu: Gpu, mode: str) -> Timing:
    """What the agent's own probe finds on such a card; once for each kind of sensor."""
    return _timing(_like(gpu), mode)


@cache
def _timing(like: str, mode: str) -> Timing:
    named = next(gpu for gpu in (*gpus(), UNKNOWN) if _like(gpu) == like)
    scenario = Scenario(
        card=_sensors(named, mode),
        by_activity=True,
        idle=Idle(watts=50.0, extra_w=5.0, decay_s=10.0, warm_s=5.0),
        sensor=Sensor(noise_w=1.0, seed=1),
    )
    probing.READ_EVERY_S = READ_SHARE * scenario.card.counter_period_s
    return probed(scenario).timing


def gpu_scenario(gpu: Gpu, mode: str, rng: Random) -> Scenario:
    """A card with its chances: phases, noise, gain, drift, power at rest, heat, and what a reading costs.

    Gains scatter by 2.5 %, which boards of one design do, and zeros by 6.5 W, though by no more than a quarter of the
    power at rest; 1 in 5 cards has a lowered limit. The facts' ranges at rest are of what owners read, so the reading
    is drawn from them, and what is true follows from gain and zero. Noise is at most a sixth of it: no sensor tells a
    board that gives power back.
    """
    card = card_of(gpu, mode)
    read_w = _idle_w(gpu, card, rng)
    offset_w = _offset_w(read_w)
    limit_w = card.limit_w * (rng.choice((0.6, 0.8)) if rng.random() < 0.2 else 1.0)
    placed = replace(
        card,
        limit_w=limit_w,
        power_phase_s=rng.random() * card.power_period_s,
        counter_phase_s=rng.random() * card.counter_period_s,
        counter_base_mj=rng.randrange(10**12),
        temperature_c=rng.uniform(25.0, 50.0),
        temperature_rise_c=rng.uniform(4.0, 35.0),
    )
    extra, decay_s, warm_s = rng.uniform(0.01, 0.12), rng.uniform(4.0, 25.0), rng.uniform(0.0, 12.0)
    noise_w, seed, gain = 10 ** rng.uniform(-1.0, 0.5), rng.randrange(1, 2**31), rng.gauss(1.0, 0.025)
    idle_w = (read_w - offset_w) / gain
    return Scenario(
        card=placed,
        by_activity=True,
        idle=Idle(watts=idle_w, extra_w=idle_w * extra, decay_s=decay_s, warm_s=warm_s),
        sensor=Sensor(
            noise_w=min(noise_w, read_w / 6),
            seed=seed,
            gain=gain,
            offset_w=offset_w,
            gain_drift_per_h=rng.uniform(-0.005, 0.005),
            counter_gain=rng.uniform(0.98, 1.02),
        ),
        call_costs_s={"*": 10 ** rng.uniform(-5.0, -3.3)},
    )


def _offset_w(read_w: float) -> float:
    """The zero of a board's sensor, drawn apart, so that a machine's other chances stay what they are."""
    offset_w = Random(f"zero of a sensor at {read_w:.6f} W").gauss(0.0, OFFSET_W)  # noqa: S311 - no secrets
    return max(-read_w / 4, min(offset_w, read_w / 4))


def _idle_w(gpu: Gpu, card: Card, rng: Random) -> float:
    """Inside the model's range by a fifth, for the gain and the warmth; of a model without one, of its limit."""
    low, high = gpu.idle_w or (0.05 * card.limit_w, 0.25 * card.limit_w)
    return rng.uniform(low * 1.2, min(high * 0.8, 0.5 * card.limit_w))


class HostClock:
    """A processor: its clock, the energy that it drew, and the time for which its cores were busy."""

    def __init__(self, rng: Random, *, idle_w: float, noise_w: float) -> None:
        self._rng, self._idle_w, self._noise_w = rng, idle_w, noise_w
        self._now_s, self._load_w, self._end_s = 0.0, 0.0, 0.0
        self.energy_j, self.busy_s = rng.uniform(0, 1000), rng.uniform(0, 10)
        self.foreign_s, self._foreign_cores = 0.0, rng.uniform(0.0, 0.02)

    def now_s(self) -> float:
        """Return the clock's time in seconds."""
        return self._now_s

    def advance_to(self, at_s: float) -> None:
        """Draw power until then; work ends where its end was marked."""
        if self._now_s < self._end_s < at_s:
            self._pass_to(self._end_s)
        self._pass_to(at_s)

    def load_on(self, watts: float) -> None:
        """From now on so much more."""
        self._load_w, self._end_s = watts, inf

    def load_off(self, *, at_s: float) -> None:
        """No more from then on, which may be ahead."""
        self._end_s = at_s

    def _pass_to(self, at_s: float) -> None:
        passed_s, load_w = at_s - self._now_s, self._load_w if self._now_s < self._end_s else 0.0
        wander_w = self._noise_w * self._rng.gauss(0, 1)
        self.energy_j += passed_s * max(self._idle_w + load_w + wander_w, 0.1)
        self.busy_s += passed_s * (1.0 if load_w else 0.002)
        self.foreign_s += passed_s * self._foreign_cores
        self._now_s = at_s


class SimulatedProcessorTime(ProcessorTime):
    """What the kernel tells of a HostClock, in its ticks of 10 ms."""

    def __init__(self, clock: HostClock, *, cores: float = 1.0) -> None:
        """While the clock is busy, the run is so on this many `cores`."""
        self._clock, self._started_s, self._cores = clock, clock.busy_s, cores

    def times(self) -> CpuTimes:
        """Milliseconds of the run, and of everybody else."""
        own_ms = round((self._clock.busy_s - self._started_s) * self._cores * 1e3)
        return CpuTimes(own_ms=own_ms, foreign_ms=round(self._clock.foreign_s * 100) * 10)


class SimulatedRapl(RaplMeter):
    """RAPL's one package, read from a HostClock; its counter wraps."""

    wraps_at = 262_143_328_850

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock
        self._processor = SimulatedProcessorTime(clock)
        self.absent = {"dram": "no-dram-counter"}
        self.scope = "cpu"
        self.streams = (
            StreamInfo(
                name="package-0", scope="cpu", unit="uJ", joules_per_unit=1e-6, wraps_at=self.wraps_at
            ),
        )

    def read(self, now: Now) -> Reading:
        """Microjoules, in the kernel's steps of 61."""
        units = int(self._clock.energy_j * 1e6 / 61) * 61 % self.wraps_at
        return Reading(ticks=(Tick(now(), units),))


class SimulatedEstimate(EstimateMeter):
    """CPU time read from a HostClock."""

    def __init__(self, clock: HostClock, *, cores: float) -> None:
        super().__init__(time_of=lambda: SimulatedProcessorTime(clock, cores=cores))
        self._clock, self._cores = clock, cores

    def read(self, now: Now) -> Reading:
        """CPU microseconds of all threads."""
        return Reading(ticks=(Tick(now(), int(self._clock.busy_s * self._cores * 1e6)),))


def host(rng: Random) -> tuple[HostClock, JitterTimer]:
    """A processor and its timer."""
    clock = HostClock(rng, idle_w=rng.uniform(3.0, 60.0), noise_w=rng.uniform(0.1, 2.0))
    return clock, JitterTimer(SimpleNamespace(clock=clock), rng)
