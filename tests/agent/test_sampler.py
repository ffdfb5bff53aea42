"""The sampler: what it keeps of what it reads, what a failing meter does to a run, and what a watcher is shown."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.energy.counter import counter
from joulemark.errors import CounterReset, MeterFailed, ReadingMissing
from joulemark.meters.gpu_beside_host import GpuBesideHost
from joulemark.meters.meter import GaugeInfo, Reading, StreamInfo, Tick
from joulemark.meters.sampler import MISSING_US, RETRY_S, Sampler
from joulemark.meters.timer import RealTimer
from joulemark.record.statement import Grade, Scope
from joulemark.record.statement import Meter as MeterName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from joulemark.record.trace import Gauge, Stream

BOARD = StreamInfo(name="gpu-board", scope="gpu", unit="mJ", joules_per_unit=1e-3, wraps_at=None)
POWER = GaugeInfo(name="gpu-power-instant", unit="mW")
TEMPERATURE = GaugeInfo(name="gpu-temperature", unit="C")
PROCESSES = GaugeInfo(name="gpu-foreign-processes", unit="count")


class ByHand:
    """A timer whose time passes when somebody waits; what runs beside takes its turns meanwhile."""

    def __init__(self) -> None:
        self.t_us = 0
        self._turn: tuple[int, int, Callable[[], None]] | None = None

    def now(self) -> int:
        return self.t_us

    def asleep_us(self) -> int:
        """It never sleeps."""
        return 0

    def wait(self, seconds: float) -> None:
        end_us = self.t_us + round(seconds * 1e6)
        while self._turn and self._turn[0] <= end_us:
            due_us, period_us, work = self._turn
            self.t_us = due_us
            work()
            self._turn = (due_us + period_us, period_us, work)
        self.t_us = end_us

    @contextmanager
    def background(self, period_s: float, work: Callable[[], None]) -> Iterator[None]:
        self._turn = (self.t_us + round(period_s * 1e6), round(period_s * 1e6), work)
        try:
            yield
        finally:
            self._turn = None


def never(t_us: int) -> bool:
    return False


class Card:
    """A meter of 100 W whose counter steps every 100 ms; `fails` says when it gives `error` instead."""

    name: MeterName = "nvml-counter"
    grade: Grade = "measured"
    scope: Scope = "gpu"
    period_s = 0.1
    knows_idle = True
    stated_watts = None
    stated_watts_source = None
    gpu = None
    gauges: tuple[GaugeInfo, ...] = (POWER,)
    conditions: tuple[GaugeInfo, ...] = (TEMPERATURE, PROCESSES)
    absent: dict[str, str] = {}
    provenance = "a counter"

    def __init__(
        self,
        *,
        fails: Callable[[int], bool] = never,
        error: type[MeterFailed] = ReadingMissing,
        falls_us: int | None = None,
        wraps_at: int | None = None,
        state: tuple[int | None, ...] = (40, 0),
    ) -> None:
        self._fails, self._error, self._falls_us = fails, error, falls_us
        self.streams: tuple[StreamInfo, ...] = (replace(BOARD, wraps_at=wraps_at),)
        self.state = state

    def read(self, now: Callable[[], int]) -> Reading:
        t_us = now()
        if self._fails(t_us):
            raise self._error("no reading")
        mj = 10_000 * (1 + t_us // 100_000)
        if self._falls_us is not None and t_us >= self._falls_us:
            mj -= 10_000 * (1 + self._falls_us // 100_000)
        return Reading(ticks=(Tick(t_us, mj),), gauges=(Tick(t_us, 100_000),))

    def look(self, now: Callable[[], int]) -> tuple[Tick | None, ...]:
        if self._fails(now()):
            raise self._error("no condition")
        return tuple(None if value is None else Tick(now(), value) for value in self.state)

    def close(self) -> None: ...


class Host(Card):
    """A processor's meter that is over after `lasts_us`."""

    scope = "cpu"
    gauges = ()
    conditions = ()

    def __init__(self, lasts_us: int) -> None:
        super().__init__()
        self._lasts_us = lasts_us
        self.streams = (
            StreamInfo(name="cpu-0", scope="cpu", unit="uJ", joules_per_unit=1e-6, wraps_at=None),
        )

    def read(self, now: Callable[[], int]) -> Reading:
        if now() >= self._lasts_us:
            raise MeterFailed("gone")
        return Reading(ticks=(Tick(now(), now()),))

    def look(self, now: Callable[[], int]) -> tuple[Tick | None, ...]:
        return ()


def beside(gpu: Any, open_host: Callable[[], Host]) -> GpuBesideHost:
    """The meter of these two; of a GPU's, `gpu` has what every meter has."""
    return GpuBesideHost(gpu, open_host)


def times(column: Stream | Gauge) -> list[int]:
    """In milliseconds of the run."""
    return [t_us // 1000 for t_us in accumulate(column.t_us)]


def values(column: Stream | Gauge) -> list[int]:
    return list(accumulate(column.value))


def test_an_edge_is_kept_whether_or_not_the_counter_moved() -> None:
    timer = ByHand()
    with Sampler(Card(), timer, period_s=3600) as sampler:
        timer.wait(0.010)
        assert sampler.edge() == (Tick(10_000, 10_000),)
        timer.wait(0.010)
        sampler.edge()
    (stream,) = sampler.streams()
    assert (times(stream), values(stream)) == ([0, 10, 20], [10_000] * 3)


def test_beside_the_work_changes_are_kept_with_the_read_before_them() -> None:
    timer = ByHand()
    with Sampler(Card(), timer, period_s=0.030) as sampler:
        timer.wait(0.250)
    (stream,) = sampler.streams()
    assert times(stream) == [0, 90, 120, 180, 210]
    assert values(stream) == [10_000, 10_000, 20_000, 20_000, 30_000]
    (power, *_) = sampler.gauges()
    assert (power.name, times(power)) == ("gpu-power-instant", times(stream))


def test_at_rest_a_change_is_bracketed_by_close_reads() -> None:
    timer = ByHand()
    with Sampler(Card(), timer, period_s=3600, closely_s=0.004) as sampler:
        timer.wait(0.001)
        sampler.rest(0.210)
    (stream,) = sampler.streams()
    assert timer.now() == 211_000
    assert times(stream) == [0, 97, 101, 197, 201]


def test_thinned_changes_are_as_far_apart_as_was_asked_and_still_bracketed() -> None:
    timer = ByHand()
    with Sampler(Card(), timer, period_s=3600, closely_s=0.005) as sampler:
        timer.wait(0.002)
        sampler.rest(1.5, thin_s=0.5)
        sampler.edge()
    (stream,) = sampler.streams()
    assert times(stream) == [0, 497, 502, 997, 1002, 1497, 1502]
    assert values(stream) == [10_000, 50_000, 60_000, 100_000, 110_000, 150_000, 160_000]


def test_the_next_change_is_found_to_the_millisecond() -> None:
    timer = ByHand()
    with Sampler(Card(), timer, period_s=3600) as sampler:
        timer.wait(0.0305)
        assert sampler.next_change(within_s=2.0)
        assert timer.now() == 100_500
        assert not sampler.next_change(within_s=0.050)
        assert timer.now() == 150_500


def test_a_missing_reading_is_counted_and_the_run_goes_on() -> None:
    timer = ByHand()
    with Sampler(Card(fails=lambda t_us: 250_000 < t_us < 450_000), timer) as sampler:
        timer.wait(1.0)
        assert sampler.missing == 2
        assert sampler.live().flags == {"missing-reading"}
    (stream,) = sampler.streams()
    assert times(stream) == [0, 100, 200, 500, 600, 700, 800, 900, 1000]


def test_an_edge_that_gives_nothing_is_read_again() -> None:
    timer = ByHand()
    with Sampler(Card(fails=lambda t_us: 20_000 <= t_us < 45_000), timer, period_s=3600) as sampler:
        timer.wait(0.020)
        (tick,) = sampler.edge()
    assert 45_000 <= tick.t_us <= 45_000 + RETRY_S * 1e6
    assert sampler.missing == 3


@pytest.mark.parametrize("closely_s", [0.002, 0.005, 0.1])
def test_readings_that_stay_missing_end_the_run_however_often_they_are_tried(closely_s: float) -> None:
    timer = ByHand()
    sampler = Sampler(Card(fails=lambda t_us: t_us >= 1_000_000), timer, closely_s=closely_s, period_s=3600)

    def run() -> None:
        with sampler:
            sampler.rest(60.0)

    with pytest.raises(ReadingMissing, match="no reading"):
        run()
    assert timer.now() == pytest.approx(1_000_000 + MISSING_US, abs=closely_s * 1e6)


def test_readings_that_come_again_in_time_do_not_end_the_run() -> None:
    timer = ByHand()
    silent = range(1_000_000, 1_000_000 + MISSING_US)
    with Sampler(Card(fails=silent.__contains__), timer, period_s=3600) as sampler:
        sampler.rest(5.0)
    assert sampler.missing == MISSING_US // 5_000


def test_a_failure_beside_the_work_is_raised_by_the_next_call() -> None:
    timer = ByHand()

    def run() -> None:
        with Sampler(Card(fails=lambda t_us: t_us > 150_000, error=MeterFailed), timer) as sampler:
            timer.wait(1.0)
            for call in (sampler.edge, lambda: sampler.rest(0.1), lambda: sampler.next_change(within_s=0.1)):
                with pytest.raises(MeterFailed, match="no reading"):
                    call()

    with pytest.raises(MeterFailed, match="no reading"):
        run()


def test_a_failure_beside_the_work_is_raised_at_the_end_of_the_block() -> None:
    timer = ByHand()

    def run() -> None:
        with Sampler(Card(fails=lambda t_us: t_us > 150_000, error=MeterFailed), timer):
            timer.wait(1.0)

    with pytest.raises(MeterFailed, match="no reading"):
        run()


def test_another_error_of_the_block_is_not_hidden_by_the_meters() -> None:
    timer = ByHand()

    def run() -> None:
        with Sampler(Card(fails=lambda t_us: t_us > 150_000, error=MeterFailed), timer):
            timer.wait(1.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()


def test_a_counter_that_falls_ends_the_run_with_its_code() -> None:
    timer = ByHand()

    def run() -> None:
        with Sampler(Card(falls_us=450_000), timer):
            timer.wait(1.0)

    with pytest.raises(CounterReset, match="The counter gpu-board fell") as raised:
        run()
    assert raised.value.code == "counter-went-backwards"


def test_a_counter_that_is_said_to_wrap_may_fall() -> None:
    timer = ByHand()
    with Sampler(Card(falls_us=450_000, wraps_at=50_000), timer) as sampler:
        timer.wait(1.0)
    assert min(sampler.streams()[0].value) < 0


def test_a_host_that_stops_leaves_no_stream_and_costs_the_gpu_none() -> None:
    timer = ByHand()
    meter = beside(Card(), lambda: Host(lasts_us=500_000))
    with Sampler(meter, timer) as sampler:
        timer.wait(0.4)
        assert [stream.scope for stream in sampler.streams()] == ["gpu", "cpu"]
        timer.wait(0.6)
        assert [stream.scope for stream in sampler.streams()] == ["gpu"]
    assert times(sampler.streams()[0]) == list(range(0, 1001, 100))


def test_a_host_that_misses_readings_stands_still_and_can_be_decoded() -> None:
    class Sleepy(Host):
        def read(self, now: Callable[[], int]) -> Reading:
            if 300_000 <= now() < 600_000:
                raise ReadingMissing("not now")
            return super().read(now)

    timer = ByHand()
    with Sampler(beside(Card(), lambda: Sleepy(lasts_us=10**9)), timer) as sampler:
        timer.wait(1.0)
    gpu, host = sampler.streams()
    assert times(host) == [0, 100, 200, 200, 200, 200, 600, 700, 800, 900, 1000]
    assert len(host.t_us) == len(gpu.t_us)
    assert counter(host).difference(0, 1_000_000).units == 1_000_000
    assert sampler.missing == 0


def test_conditions_are_looked_at_once_a_second_and_a_missing_one_is_left_out() -> None:
    timer = ByHand()
    with Sampler(Card(state=(40, None)), timer) as sampler:
        timer.wait(3.0)
    degrees = next(gauge for gauge in sampler.gauges() if gauge.name == "gpu-temperature")
    assert (times(degrees), values(degrees)) == ([100, 1100, 2100], [40, 40, 40])
    assert [gauge.name for gauge in sampler.gauges()] == ["gpu-power-instant", "gpu-temperature"]


def test_a_watcher_is_shown_the_last_second() -> None:
    timer = ByHand()
    card = Card()
    with Sampler(card, timer) as sampler:
        assert (sampler.live().power_w, sampler.live().temperature_c, sampler.live().flags) == (
            None,
            None,
            set(),
        )
        timer.wait(0.5)
        assert (sampler.live().power_w, sampler.live().temperature_c) == (None, 40)
        card.state = (55, 2)
        timer.wait(1.5)
        assert sampler.live().power_w == pytest.approx(100.0, rel=1e-12)
        assert (sampler.live().temperature_c, sampler.live().flags) == (55, {"foreign-process"})


def test_watching_reads_nothing() -> None:
    timer = ByHand()
    reads: list[int] = []

    def noted(t_us: int) -> bool:
        reads.append(t_us)
        return False

    with Sampler(Card(fails=noted), timer) as sampler:
        timer.wait(2.0)
        seen = len(reads)
        sampler.live()
        assert len(reads) == seen


def test_on_the_machines_own_clock_a_thread_reads_beside_the_work() -> None:
    seen: list[int] = []
    read_often = Event()

    def fails(t_us: int) -> bool:
        seen.append(t_us)
        if len(seen) > 5:
            read_often.set()
        return False

    with Sampler(Card(fails=fails), RealTimer(), period_s=1e-4) as sampler:
        assert read_often.wait(timeout=30)
    ended = len(seen)
    assert seen == sorted(seen)
    assert counter(sampler.streams()[0]).units[0] == 0
    assert len(seen) == ended
