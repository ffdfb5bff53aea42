"""What the sensors of a machine can tell and how often: the GPU's counter and power readings, and RAPL."""

from __future__ import annotations

from contextlib import closing
from statistics import median
from typing import TYPE_CHECKING

from joulemark.errors import MeterUnavailable, ReadingMissing
from joulemark.meters.check import Check, not_available
from joulemark.meters.nvml.clock import CalendarClock
from joulemark.meters.nvml.readings import AVERAGE, INSTANT, GpuReadings
from joulemark.meters.nvml.samples import PowerSamples
from joulemark.meters.update_period import update_period_s
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from joulemark.meters.meter import GaugeInfo, Meter, Reading, Tick
    from joulemark.meters.nvml.card import Card
    from joulemark.meters.timer import Timer

COST_CALLS = 50
DEAR_MS = 5.0
BETWEEN_READS_S = 0.001
LOOK_S = 3.0
PERIODS = ("counter-period-ms", "power-instant-period-ms", "power-average-period-ms")


def checks(card: Card, timer: Timer) -> Iterator[Check]:
    """In order: the counter, what a reading costs, how often each value moves, the ring of samples.

    Raises MeterFailed when the GPU is gone.
    """
    clock = CalendarClock()
    try:
        readings = GpuReadings(card, clock)
    except MeterUnavailable as error:
        yield not_available("energy-counter", error.reason, error.sentence, mend=error.mend)
        for name in ("reading-cost-ms", *PERIODS):
            yield not_available(name, error.reason, _("Without an energy counter nothing can be read."))
    else:
        sentence = _("The GPU has an energy counter ({provenance}).").format(provenance=readings.provenance)
        yield Check(name="energy-counter", value=True, state="ok", sentence=sentence)
        yield _cost(readings, timer)
        yield from _periods(readings, timer)
    yield _samples(PowerSamples(card, clock))


def rapl(open_rapl: Callable[[], Meter]) -> Check:
    """Whether the processor's counters can be read, and the memory's."""
    try:
        with closing(open_rapl()) as meter:
            scope, why_no_dram = meter.scope, meter.absent.get("dram")
    except MeterUnavailable as error:
        return not_available("rapl", error.reason, error.sentence, mend=error.mend)
    if why_no_dram is not None:
        sentence = _("RAPL measures the processor's energy but not the memory's ({why_no_dram}).").format(
            why_no_dram=why_no_dram
        )
        return Check(name="rapl", value=scope, state="ok", sentence=sentence, reason=why_no_dram)
    sentence = _("RAPL measures the energy of the processor and of its memory.")
    return Check(name="rapl", value=scope, state="ok", sentence=sentence)


def _cost(readings: GpuReadings, timer: Timer) -> Check:
    name, costs_us = "reading-cost-ms", []
    for _call in range(COST_CALLS):
        before_us = timer.now()
        if _read(readings, timer):
            costs_us.append(timer.now() - before_us)
    if not costs_us:
        return not_available(
            name, ReadingMissing.code, _("All {cost_calls} readings failed.").format(cost_calls=COST_CALLS)
        )
    cost_ms = median(costs_us) / 1000
    if cost_ms <= DEAR_MS:
        return Check(
            name=name,
            value=cost_ms,
            state="ok",
            sentence=_("A reading takes {cost_ms:.2g} ms.").format(cost_ms=cost_ms),
        )
    sentence = _("A reading takes {cost_ms:.2g} ms, so the edges of windows are less certain.").format(
        cost_ms=cost_ms
    )
    return Check(name=name, value=cost_ms, state="warning", sentence=sentence)


def _periods(readings: GpuReadings, timer: Timer) -> Iterator[Check]:
    """Reads every millisecond for 3 s, as a reading is dense enough then for any period that is known of GPUs."""
    seen: list[Reading] = []
    end_us = timer.now() + round(LOOK_S * 1e6)
    while timer.now() < end_us:
        reading = _read(readings, timer)
        if reading:
            seen.append(reading)
        timer.wait(BETWEEN_READS_S)
    counter, *gauges = PERIODS
    yield _period(counter, _("The energy counter"), [reading.ticks[0] for reading in seen])
    for name, info, what in zip(
        gauges, (INSTANT, AVERAGE), (_("Instantaneous power"), _("Mean power")), strict=True
    ):
        if info in readings.gauges:
            yield _period(name, what, _gauge(readings, info, seen))
        else:
            yield not_available(
                name, readings.absent[info.name], _("{what} is not reported.").format(what=what)
            )


def _gauge(readings: GpuReadings, info: GaugeInfo, seen: Sequence[Reading]) -> list[Tick]:
    place = readings.gauges.index(info)
    return [tick for reading in seen if (tick := reading.gauges[place]) is not None]


def _period(name: str, what: str, ticks: Sequence[Tick]) -> Check:
    period_s = update_period_s(ticks)
    if period_s is None:
        return not_available(
            name,
            "no-change-seen",
            _("{what} hardly changed in {look_s:g} s.").format(what=what, look_s=LOOK_S),
        )
    period_ms = period_s * 1000
    return Check(
        name=name,
        value=period_ms,
        state="ok",
        sentence=_("{what} is updated every {period_ms:.3g} ms.").format(what=what, period_ms=period_ms),
    )


def _samples(ring: PowerSamples) -> Check:
    if ring.reason is not None:
        return not_available(
            "power-samples", ring.reason, _("The driver stores no power samples of its own.")
        )
    sentence = _("The driver stores power samples of its own.")
    return Check(name="power-samples", value=True, state="ok", sentence=sentence)


def _read(readings: GpuReadings, timer: Timer) -> Reading | None:
    try:
        return readings.read(timer.now)
    except ReadingMissing:
        return None
