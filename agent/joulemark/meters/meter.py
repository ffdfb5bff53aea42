"""The interface of every sensor and of every graphics processor, and the clock of their ticks.

Nothing above this package knows a vendor, a driver or the name that torch gives a device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from joulemark.record.statement import Sensor

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from joulemark.meters.check import Check
    from joulemark.meters.device import DeviceFacts
    from joulemark.meters.gpu import BrokenGpu, ControlReadings, GpuRuntime
    from joulemark.meters.timer import Timer
    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName
    from joulemark.record.trace import CountUnit, GaugeUnit, StreamScope

Now = Callable[[], int]
"""A clock: microseconds since the start of the run, never falling."""


class Tick(NamedTuple):
    """One reading of one stream: when, in microseconds, and the cumulative count in the stream's unit."""

    t_us: int
    value: int


class Stamp(NamedTuple):
    """A driver's stamp of one reading: its time in microseconds since 1970, and how long it took; 0 for nothing."""

    stamp_us: int
    latency_us: int


class Reading(NamedTuple):
    """One look at a meter: a tick of each stream, and of each fast gauge (None where it gave nothing).

    `stamp` is the driver's of the first stream, None where its readings carry none.
    """

    ticks: tuple[Tick, ...]
    gauges: tuple[Tick | None, ...] = ()
    stamp: Stamp | None = None


@dataclass(frozen=True, kw_only=True)
class GaugeInfo:
    """Something that is read and not counted, as the trace names it."""

    name: str
    unit: GaugeUnit


@dataclass(frozen=True, kw_only=True)
class StreamInfo:
    """What a stream is, as the trace names it. Joules = count x `joules_per_unit`."""

    name: str
    scope: StreamScope
    unit: CountUnit
    joules_per_unit: float
    wraps_at: int | None


class Meter(Protocol):
    """A source of cumulative energy counts."""

    @property
    def name(self) -> MeterName:
        """The sensor's name in the record."""

    @property
    def grade(self) -> Grade:
        """The grade: `measured` or `estimated`."""

    @property
    def scope(self) -> Scope:
        """What part of the machine the counts cover."""

    @property
    def streams(self) -> tuple[StreamInfo, ...]:
        """The streams, in the order in which `read` returns their ticks."""

    @property
    def gauges(self) -> tuple[GaugeInfo, ...]:
        """The gauges of every reading, in the order of `Reading.gauges`."""

    @property
    def conditions(self) -> tuple[GaugeInfo, ...]:
        """What `look` tells, in its order: the state of the device, which changes slowly and costs more to read."""

    @property
    def absent(self) -> dict[str, str]:
        """Why a scope, a gauge or a condition is not read, by its name: `{"dram": "rapl-permission"}`."""

    @property
    def period_s(self) -> float:
        """How often the counter moves, at the slowest, in seconds."""

    @property
    def knows_idle(self) -> bool:
        """Whether the counter also rises while nothing is asked of the model."""

    @property
    def stated_watts(self) -> float | None:
        """Watts per busy core that an estimate assumes; None for a measurement."""

    @property
    def stated_watts_source(self) -> str | None:
        """Where `stated_watts` comes from; None for a measurement."""

    @property
    def provenance(self) -> str:
        """How the counts are obtained, for a reader."""

    @property
    def gpu(self) -> GpuMeter | None:
        """The graphics processor that it measures; None where it measures none."""

    def read(self, now: Now) -> Reading:
        """One tick for each stream and fast gauge, timed at the middle of its reading.

        Raises ReadingMissing when this one reading failed and the next may not, MeterFailed when it is over.
        """

    def look(self, now: Now) -> tuple[Tick | None, ...]:
        """One tick for each condition, None where it gave nothing; raises as `read` does."""

    def close(self) -> None:
        """Release the sensor."""


class GpuMeter(Meter, Protocol):
    """The energy counter of one graphics processor, and the processor itself."""

    @property
    def torch_device(self) -> str:
        """The type of torch's device that computes on it."""

    @property
    def probe_needed(self) -> bool:
        """Whether how its counter keeps time is unknown until it is probed."""

    @property
    def skipped(self) -> Sequence[BrokenGpu]:
        """The GPUs before it that were passed over because they cannot be measured."""

    def device(self) -> DeviceFacts:
        """The facts that the driver reports; one that it does not report is None with a reason."""

    def runtime(self) -> GpuRuntime:
        """What a computing library must agree with."""

    def pin(self, environ: MutableMapping[str, str]) -> None:
        """Show computing libraries this GPU alone; to be called before one of them looks for devices."""

    def checks(self, timer: Timer) -> Sequence[Check]:
        """What is looked at on a GPU at rest before a run, in order.

        Raises MeterUnavailable or MeterFailed when the GPU is gone.
        """

    def power_controls(self) -> ControlReadings:
        """The settings of its firmware for power and clocks now. Raises nothing."""


def timed(now: Now, read: Callable[[], int]) -> Tick:
    """The tick of one reading, timed at its middle."""
    before_us = now()
    value = read()
    return Tick((before_us + now()) // 2, value)


def sensor_of(meter: Meter) -> Sensor:
    """The meter as the record names it."""
    return Sensor(
        meter=meter.name,
        grade=meter.grade,
        scope=meter.scope,
        stated_watts=meter.stated_watts,
        stated_watts_source=meter.stated_watts_source,
    )
