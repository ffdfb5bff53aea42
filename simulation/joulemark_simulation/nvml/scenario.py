"""What a simulated card draws, how its sensors look at it and what goes wrong with it; the file that the library reads.

All times are seconds of the simulation's clock, from its beginning at 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from math import inf
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark_simulation.nvml.cards import Card

ERRORS = {
    "uninitialized": 1,
    "invalid argument": 2,
    "not supported": 3,
    "no permission": 4,
    "already initialized": 5,
    "not found": 6,
    "insufficient size": 7,
    "insufficient power": 8,
    "driver not loaded": 9,
    "timeout": 10,
    "irq issue": 11,
    "library not found": 12,
    "function not found": 13,
    "corrupted inforom": 14,
    "gpu lost": 15,
    "reset required": 16,
    "operating system": 17,
    "version mismatch": 18,
    "in use": 19,
    "memory": 20,
    "no data": 21,
    "vgpu ecc not supported": 22,
    "insufficient resources": 23,
    "frequency not supported": 24,
    "argument version mismatch": 25,
    "deprecated": 26,
    "not ready": 27,
    "gpu not found": 28,
    "invalid state": 29,
    "unknown": 999,
}
"""Every nvmlReturn_t but success (nvml.h, nvmlReturn_enum)."""
ANSWERS = {"zeros": 0, "ones": 1, "stuck": 2, "backwards": 3, "garbage": 4}
"""Kinds of an answer that is not the truth: all bits 0, all bits 1, the first one again and again, less with each call,
bytes by chance."""
REASONS = {
    "sw power cap": 0x4,
    "hw slowdown": 0x8,
    "sync boost": 0x10,
    "sw thermal": 0x20,
    "hw thermal": 0x40,
    "power brake": 0x80,
    "board limit": 0x200,
    "reliability": 0x400,
    "a later driver's": 0x4000,
}
ENERGY = "nvmlDeviceGetTotalEnergyConsumption"
ALL = "*"


@dataclass(frozen=True)
class Load:
    """The card draws `watts` from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    watts: float


@dataclass(frozen=True, kw_only=True)
class Idle:
    """What the card draws without a load: `watts`, and `extra_w` more on a warm card, which decays with `decay_s`.

    Warmth goes towards 1 under load with time constant `warm_s` (0: at once) and towards 0 after it.
    """

    watts: float = 60.0
    extra_w: float = 0.0
    decay_s: float = 10.0
    warm_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process on the card from `start_s` to `end_s`."""

    pid: int
    start_s: float = 0.0
    end_s: float = inf
    memory_mib: int = 1024
    kind: Literal["compute", "graphics"] = "compute"


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """The clocks are held back from `start_s` to `end_s`, for a reason of REASONS. The power stays as scripted."""

    reason: str
    start_s: float = 0.0
    end_s: float = inf


@dataclass(frozen=True, kw_only=True)
class LimitChange:
    """The power limit becomes `watts` at `start_s`."""

    watts: float
    start_s: float


@dataclass(frozen=True, kw_only=True)
class Pause:
    """The counter tells nothing new from `start_s` to `end_s`; then it has counted all the same."""

    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A function gives an error of ERRORS from `start_s` to `end_s`.

    `function` is NVML's name as the binding binds it (`nvmlDeviceGetCount_v2`), `nvmlInit` for every form of it,
    `POWER_INSTANT` or `POWER_AVERAGE` for that field alone (`POWER_MEMORY`, `POWER_MODULE`: of that scope), or ALL.
    A failure of ENERGY is one of its field too.
    `card` is the number of the one card that fails so, or None for every one.
    """

    function: str
    error: str
    start_s: float = 0.0
    end_s: float = inf
    card: int | None = None


@dataclass(frozen=True, kw_only=True)
class WrongAnswer:
    """A function succeeds and answers something of ANSWERS from `start_s` to `end_s`. `function` as in Failure."""

    function: str
    answer: str
    start_s: float = 0.0
    end_s: float = inf
    card: int | None = None


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """The errors that power and counter share. `noise_w` is of the sensor, rms, one draw for each of its updates.

    It is a function of `seed` and the update's number, has mean zero and is no part of the truth.
    `gain` multiplies what the sensor sees and drifts by `gain_drift_per_h` an hour, `offset_w` is added to it; it never
    tells less than nothing. `counter_gain` multiplies what the counter adds of that, so that it disagrees with the
    power.
    """

    noise_w: float = 0.0
    seed: int = 1
    gain: float = 1.0
    gain_drift_per_h: float = 0.0
    offset_w: float = 0.0
    counter_gain: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One card, or `gpus` of its kind of which only number `active` carries the load."""

    card: Card
    loads: tuple[Load, ...] = ()
    by_activity: bool = False  # loads are those that the test marks on the clock, and no scripted ones
    idle: Idle = Idle()
    sensor: Sensor = Sensor()
    gpus: int = 1
    active: int = 0
    processes: tuple[Process, ...] = ()
    throttles: tuple[Throttle, ...] = ()
    limit_changes: tuple[LimitChange, ...] = ()
    failures: tuple[Failure, ...] = ()
    wrong_answers: tuple[WrongAnswer, ...] = ()
    call_costs_s: dict[str, float] = field(default_factory=dict)  # by function's name, or ALL
    costs_sleep: bool = False  # under a real clock: a call waits, and leaves its core to others
    counter_reset_s: float = inf
    counter_pauses: tuple[Pause, ...] = ()

    def __post_init__(self) -> None:
        """Loads must be in order and apart, or neither the library nor the truth could say what is drawn."""
        if self.by_activity and self.loads:
            raise ValueError("A scenario has scripted loads or marked ones, not both.")
        ends = [0.0, *(load.end_s for load in self.loads)]
        for end_s, load in zip(ends, self.loads, strict=False):
            if not end_s <= load.start_s < load.end_s:
                raise ValueError(f"{load} begins before the load before it ends, or is empty.")

    def text(self) -> str:
        """The file: one `key value` a line."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterable[str]:
        own = {item.name: getattr(self.card, item.name) for item in fields(self.card)}
        for key, value in own.items():
            yield f"{key} {value if isinstance(value, str) else repr(float(value))}"
        yield f"gpus {self.gpus}"
        yield f"active {self.active}"
        yield f"activity {int(self.by_activity)}"
        yield f"cost_sleeps {int(self.costs_sleep)}"
        yield f"idle_w {self.idle.watts!r}"
        yield f"idle_extra_w {self.idle.extra_w!r}"
        yield f"decay_s {self.idle.decay_s!r}"
        yield f"warm_s {self.idle.warm_s!r}"
        yield f"noise_w {self.sensor.noise_w!r}"
        yield f"seed {self.sensor.seed}"
        yield f"gain {self.sensor.gain!r}"
        yield f"gain_drift_per_s {self.sensor.gain_drift_per_h / 3600!r}"
        yield f"offset_w {self.sensor.offset_w!r}"
        yield f"counter_gain {self.sensor.counter_gain!r}"
        yield f"counter_reset_s {self.counter_reset_s!r}"
        for load in self.loads:
            yield f"load {load.start_s!r} {load.end_s!r} {load.watts!r}"
        yield from self._rules()

    def _rules(self) -> Iterable[str]:
        """Each is `kind name value start end more`; the first that fits a name and a time counts, so ALL is last."""
        for run in self.processes:
            yield f"process {run.kind} {run.pid} {run.start_s!r} {run.end_s!r} {run.memory_mib}"
        for throttle in self.throttles:
            yield f"throttle reason {REASONS[throttle.reason]} {throttle.start_s!r} {throttle.end_s!r} 0"
        for change in sorted(self.limit_changes, key=lambda change: -change.start_s):
            yield f"limit limit {change.watts!r} {change.start_s!r} inf 0"
        for pause in self.counter_pauses:
            yield f"pause counter 0 {pause.start_s!r} {pause.end_s!r} 0"
        for failure in sorted(self.failures, key=lambda failure: failure.function == ALL):
            yield f"error {failure.function} {ERRORS[failure.error]} {_times(failure)}"
        for wrong in self.wrong_answers:
            yield f"answer {wrong.function} {ANSWERS[wrong.answer]} {_times(wrong)}"
        for function, cost_s in sorted(self.call_costs_s.items(), key=lambda cost: cost[0] == ALL):
            yield f"cost {function} {cost_s!r} 0 inf 0"


def _times(rule: Failure | WrongAnswer) -> str:
    return f"{rule.start_s!r} {rule.end_s!r} {-1 if rule.card is None else rule.card}"


def square(*, on_s: float, off_s: float, times: int, watts: float, start_s: float = 0.0) -> tuple[Load, ...]:
    """Loads of `on_s` with pauses of `off_s` between them, `times` of them."""
    starts = (start_s + number * (on_s + off_s) for number in range(times))
    return tuple(Load(begin_s, begin_s + on_s, watts) for begin_s in starts)


def scripted(card: Card, *loads: Load, **changes: Any) -> Scenario:
    """A scenario of these loads and nothing unusual but `changes`."""
    return replace(Scenario(card=card, loads=loads), **changes)
