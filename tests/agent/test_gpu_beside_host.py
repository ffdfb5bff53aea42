"""A GPU's meter with its host's beside it: what travels, what is said to be missing, what a failure costs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from joulemark.errors import MeterFailed, MeterUnavailable, ReadingMissing
from joulemark.meters.gpu_beside_host import GpuBesideHost
from joulemark.meters.meter import GaugeInfo, Now, Reading, StreamInfo, Tick
from joulemark.record.trace import HostScope

POWER = GaugeInfo(name="gpu-power-instant", unit="mW")


class FakeGpu:
    """One mJ and one mW a microsecond."""

    name = "nvml-counter"
    grade = "measured"
    scope = "gpu"
    period_s = 0.1
    knows_idle = True
    provenance = "a counter"
    streams: tuple[StreamInfo, ...] = (
        StreamInfo(name="gpu-board", scope="gpu", unit="mJ", joules_per_unit=1e-3, wraps_at=None),
    )
    gauges: tuple[GaugeInfo, ...] = (POWER,)
    conditions: tuple[GaugeInfo, ...] = (GaugeInfo(name="gpu-temperature", unit="C"),)
    absent: dict[str, str] = {"gpu-power-average": "not-offered-by-gpu"}

    def __init__(self) -> None:
        self.closed = False

    def read(self, now: Now) -> Reading:
        return Reading(ticks=(Tick(now(), now()),), gauges=(Tick(now(), 7),))

    def look(self, now: Now) -> tuple[Tick, ...]:
        return (Tick(now(), 40),)

    def power_samples(self, since_us: int) -> tuple[Tick, ...]:
        return (Tick(since_us + 1, 8),)

    def device(self) -> str:
        return "the GPU"

    def close(self) -> None:
        self.closed = True


class FakeHost(FakeGpu):
    """A package and its memory; each reading answers with the next of `script`: an error, or a count."""

    scope = "cpu+dram"
    provenance = "RAPL"
    gauges = ()
    conditions: tuple[GaugeInfo, ...] = ()
    absent = {}

    def look(self, now: Now) -> tuple[Tick, ...]:
        return ()

    def __init__(self, *script: int | Exception, scopes: tuple[HostScope, ...] = ("cpu", "dram")) -> None:
        super().__init__()
        self.script = list(script)
        self.streams = tuple(
            StreamInfo(name=scope, scope=scope, unit="uJ", joules_per_unit=1e-6, wraps_at=None)
            for scope in scopes
        )
        if "dram" not in scopes:
            self.absent = {"dram": "no-dram-counter"}

    def read(self, now: Now) -> Reading:
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reading(ticks=tuple(Tick(now(), answer) for _ in self.streams))


def beside(gpu: Any, open_host: Callable[[], Any]) -> GpuBesideHost:
    """The meter of these two, each of which has as much of a meter as it is asked for."""
    return GpuBesideHost(gpu, open_host)


def test_both_are_read_and_the_headline_is_the_gpus() -> None:
    gpu, host = FakeGpu(), FakeHost(30)
    meter = beside(gpu, lambda: host)
    assert (meter.scope, meter.widest_scope, meter.name) == ("gpu", "gpu+cpu+dram", "nvml-counter")
    assert (meter.provenance, meter.period_s, meter.grade, meter.knows_idle) == (
        "a counter; also RAPL",
        0.1,
        "measured",
        True,
    )
    assert (meter.stated_watts, meter.stated_watts_source) == (None, None)
    assert [info.scope for info in meter.streams] == ["gpu", "cpu", "dram"]
    assert meter.read(lambda: 5) == ((Tick(5, 5), Tick(5, 30), Tick(5, 30)), (Tick(5, 7),), None)
    assert (meter.gauges, meter.look(lambda: 5)) == ((POWER,), (Tick(5, 40),))
    assert (len(meter.conditions), meter.absent) == (1, FakeGpu.absent)
    meter.close()
    assert (gpu.closed, host.closed) == (True, True)


def test_a_host_without_memory_counters_says_so() -> None:
    meter = beside(FakeGpu(), lambda: FakeHost(30, scopes=("cpu",)))
    assert (meter.widest_scope, meter.absent["dram"]) == ("gpu", "no-dram-counter")
    assert len(meter.read(lambda: 5).ticks) == 2


def test_a_host_that_may_not_be_read_is_said_and_the_gpu_measures() -> None:
    def forbidden() -> FakeHost:
        raise MeterUnavailable("rapl-permission", "No.")

    gpu = FakeGpu()
    meter = beside(gpu, forbidden)
    assert meter.absent == {**FakeGpu.absent, "cpu": "rapl-permission", "dram": "rapl-permission"}
    assert (meter.widest_scope, meter.provenance) == ("gpu", "a counter")
    assert meter.read(lambda: 5).ticks == (Tick(5, 5),)
    meter.close()
    assert gpu.closed


def test_a_host_that_misses_a_reading_repeats_its_last_ticks() -> None:
    meter = beside(FakeGpu(), lambda: FakeHost(30, ReadingMissing("not now"), 60))
    ticks = [meter.read(partial(int, t_us)).ticks for t_us in (5, 6, 7)]
    assert [tick[1] for tick in ticks] == [Tick(5, 30), Tick(5, 30), Tick(7, 60)]
    assert [tick[0].t_us for tick in ticks] == [5, 6, 7]
    assert "cpu" not in meter.absent


def test_a_host_that_stops_stands_still_and_does_not_end_the_run() -> None:
    host = FakeHost(30, MeterFailed("gone"))
    meter = beside(FakeGpu(), lambda: host)
    ticks = [meter.read(partial(int, t_us)).ticks for t_us in (5, 6, 7)]
    assert [tick[1:] for tick in ticks] == [(Tick(5, 30), Tick(5, 30))] * 3
    assert {scope: meter.absent[scope] for scope in ("cpu", "dram")} == dict.fromkeys(
        ("cpu", "dram"), "rapl-stopped"
    )
    assert (meter.widest_scope, host.closed, len(meter.streams)) == ("gpu", True, 3)


@pytest.mark.parametrize("error", [ReadingMissing("not now"), MeterFailed("gone")])
def test_a_first_reading_that_fails_is_raised(error: MeterFailed) -> None:
    meter = beside(FakeGpu(), lambda: FakeHost(error))
    with pytest.raises(type(error)):
        meter.read(lambda: 0)


def test_a_hosts_conditions_stand_behind_the_gpus_and_are_none_once_it_is_over() -> None:
    class Watched(FakeHost):
        conditions = (GaugeInfo(name="cpu-own", unit="cpu-ms"), GaugeInfo(name="cpu-foreign", unit="cpu-ms"))

        def look(self, now: Now) -> tuple[Tick, ...]:
            return (Tick(now(), 1), Tick(now(), 2))

    host = Watched(3, MeterFailed("It is over."))
    meter = beside(FakeGpu(), lambda: host)
    meter.read(lambda: 5)
    assert [info.name for info in meter.conditions] == ["gpu-temperature", "cpu-own", "cpu-foreign"]
    assert meter.look(lambda: 5) == (Tick(5, 40), Tick(5, 1), Tick(5, 2))
    meter.read(lambda: 6)
    assert meter.look(lambda: 6) == (Tick(6, 40), None, None)
