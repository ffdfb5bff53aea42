"""The sweep: square waves of duty cycles from 5 to 95 % and periods from 10 ms to 2 s, and what is read meanwhile."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.gpu_bundle.sensing import (
    Levels,
    counter_lag_s,
    power_lag_s,
    share_seen,
    spread_of,
    steps_of,
)
from joulemark import workloads
from joulemark.errors import ReadingMissing
from joulemark.meters import timer as timers
from joulemark.meters.nvml.meter import NvmlMeter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from joulemark.meters.meter import Meter, Reading
    from joulemark.meters.timer import Timer

PERIODS_S = (0.1, 0.01, 1.0, 0.03, 2.0, 0.3)
DUTIES = (0.5, 0.05, 0.95, 0.25, 0.75)
"""The most telling first: time may run out."""
READ_EVERY_S = 0.002
CELL_S = 2.2
SETTLE_S = 0.3
LEVEL_S = 4.0
LEVEL_AFTER_S = 1.5
AVERAGE, AVERAGE_S = "gpu-power-average", 1.0
"""Its readings are means of a second: those of the first one still show what was before."""
LONG_PERIOD_S = 1.0
"""From so long a period on the edges are far enough apart to show a lag."""


@dataclass
class Readings:
    """Columns of what was read: microseconds of the run, mJ, mW of each gauge (0 where it gave nothing), stamps."""

    t_us: list[int] = field(default_factory=list)
    counter_mj: list[int] = field(default_factory=list)
    gauges_mw: dict[str, list[int]] = field(default_factory=dict)
    stamp_us: list[int] = field(default_factory=list)
    latency_us: list[int] = field(default_factory=list)
    missing: int = 0

    def add(self, reading: Reading, names: tuple[str, ...]) -> None:
        """One reading of a meter whose gauges are called so."""
        self.t_us.append(reading.ticks[0].t_us)
        self.counter_mj.append(reading.ticks[0].value)
        for name, tick in zip(names, reading.gauges, strict=True):
            self.gauges_mw.setdefault(name, []).append(0 if tick is None else tick.value)
        stamp_us, latency_us = reading.stamp or (0, 0)
        self.stamp_us.append(stamp_us)
        self.latency_us.append(latency_us)


class Sweep:
    """One meter and one kernel; `cells` and `readings` are what there is so far."""

    def __init__(self, meter: Meter, kernel: Any, timer: Timer, *, deadline_s: float) -> None:
        self._meter, self._kernel, self._timer, self._deadline_s = meter, kernel, timer, deadline_s
        self._names = tuple(info.name for info in meter.gauges)
        self.readings = Readings()
        self.pulses: list[tuple[float, float]] = []
        self.cells: list[dict[str, Any]] = []
        self.report: dict[str, Any] = {"cells": self.cells, "ended": "complete"}

    def run(self, save: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Levels first, then cell by cell until the time is up; `save` is told the report after each."""
        with self._timer.background(READ_EVERY_S, self._read):
            rest, load = self._level(0.0), self._level(LEVEL_S)
            levels = {
                name: Levels(rest_w=self._power_w(name, *rest), load_w=self._power_w(name, *load))
                for name in ("counter", *self._names)
            }
            self.report["levels"] = {name: asdict(level) for name, level in levels.items()}
            self.report["steps"] = self._steps(rest, load)
            for period_s in PERIODS_S:
                for duty in DUTIES:
                    if self._now_s() + CELL_S + 2 * period_s > self._deadline_s:
                        self.report["ended"] = "time-used-up"
                        return self.report
                    self.cells.append(self._cell(period_s, duty, levels))
                    self.report["summary"] = self._summary()
                    save(self.report)
        return self.report

    def _read(self) -> None:
        try:
            self.readings.add(self._meter.read(self._timer.now), self._names)
        except ReadingMissing:
            self.readings.missing += 1

    def _now_s(self) -> float:
        return self._timer.now() / 1e6

    def _pulse(self, seconds: float) -> None:
        begin_s = self._now_s()
        self._kernel.run(seconds)
        self.pulses.append((begin_s, self._now_s()))

    def _level(self, load_s: float) -> tuple[float, float]:
        """A long rest or a long load: the times between which the sensor shows nothing else."""
        begin_s = self._now_s()
        if load_s:
            self._pulse(load_s)
        else:
            self._timer.wait(LEVEL_S)
        return begin_s + LEVEL_AFTER_S, self._now_s()  # what a mean of a second shows after that is the level

    def _cell(self, period_s: float, duty: float, levels: dict[str, Levels]) -> dict[str, Any]:
        """A rest, then whole periods; what each sensor saw of the load in them."""
        self._timer.wait(SETTLE_S + max(period_s, 0.5))
        first, begin_s = len(self.pulses), self._now_s()
        for number in range(1, max(round(CELL_S / period_s), 2) + 1):
            self._pulse(duty * period_s)
            self._timer.wait(begin_s + number * period_s - self._now_s())
        end_s = self._now_s()
        self._timer.wait(LEVEL_AFTER_S if period_s >= LONG_PERIOD_S else SETTLE_S)
        pulses = self.pulses[first:]
        on_s = sum(off_s - on_s for on_s, off_s in pulses)
        summary: dict[str, Any] = {
            "period_s": period_s,
            "duty": duty,
            "seconds": end_s - begin_s,
            "on_s": on_s,
            "pulses": len(pulses),
            "begin_s": begin_s,
            "seen": {
                name: share_seen(
                    self._energy_j(name, begin_s, end_s), seconds=end_s - begin_s, on_s=on_s, levels=level
                )
                for name, level in levels.items()
            },
        }
        if period_s >= LONG_PERIOD_S:
            summary["lag_s"] = self._lags(pulses, begin_s, end_s + LEVEL_AFTER_S, levels)
        return summary

    def _lags(
        self, pulses: list[tuple[float, float]], begin_s: float, end_s: float, levels: dict[str, Levels]
    ) -> dict[str, float]:
        lags = {}
        for name, level in levels.items():
            t_s, values = self._between(name, begin_s, end_s)
            if len(t_s) < 10 or level.load_w <= level.rest_w:
                continue
            lag_of = counter_lag_s if name == "counter" else power_lag_s
            lags[name] = lag_of(t_s, values / 1e3, pulses, level)
        return lags

    def _between(
        self, name: str, begin_s: float, end_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times and values (mJ or mW) between two times; a gauge without those readings in which it gave nothing."""
        t_s = np.array(self.readings.t_us) / 1e6
        column = self.readings.counter_mj if name == "counter" else self.readings.gauges_mw[name]
        values = np.array(column, dtype=np.float64)
        inside = (t_s >= begin_s) & (t_s <= end_s) & ((values > 0) | (name == "counter"))
        return t_s[inside], values[inside]

    def _energy_j(self, name: str, begin_s: float, end_s: float) -> float:
        late_s = AVERAGE_S if name == AVERAGE else 0.0
        t_s, values = self._between(name, begin_s + late_s, end_s)
        if len(t_s) < 2:
            return float("nan")
        if name == "counter":
            moved = np.flatnonzero(np.diff(values)) + 1
            if len(moved) < 2:
                return float("nan")
            first, last = moved[0], moved[-1]
            rise_j = (values[last] - values[first]) / 1e3
            return float(rise_j / (t_s[last] - t_s[first]) * (end_s - begin_s))
        return float(values.mean() / 1e3 * (end_s - begin_s))

    def _power_w(self, name: str, begin_s: float, end_s: float) -> float:
        return self._energy_j(name, begin_s, end_s) / (end_s - begin_s)

    def _steps(self, rest: tuple[float, float], load: tuple[float, float]) -> dict[str, Any]:
        summary: dict[str, Any] = {}
        for name in ("counter", *self._names):
            for kind, span in (("rest", rest), ("load", load)):
                t_s, values = self._between(name, *span)
                summary.setdefault(name, {})[kind] = asdict(steps_of(t_s, values.astype(np.int64)))
        return summary

    def _summary(self) -> dict[str, Any]:
        summary = {}
        for name in ("counter", *self._names):
            shares = [cell["seen"][name] for cell in self.cells]
            finite = [share for share in shares if share is not None and np.isfinite(share)]
            lags = [cell["lag_s"][name] for cell in self.cells if name in cell.get("lag_s", {})]
            summary[name] = {
                "seen": spread_of(finite) if finite else None,
                "lag_s": float(np.median(lags)) if lags else None,
            }
        return summary


def sweep(
    device: str, *, seconds: float, save: Callable[[dict[str, Any]], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report and the raw columns. Raises AgentError or WorkloadError."""
    timer = timers.RealTimer()
    meter = NvmlMeter()
    try:
        kernel = workloads.busy_kernel(device)
        run = Sweep(meter, kernel, timer, deadline_s=timer.now() / 1e6 + seconds)
        report = run.run(save)
        return {**report, "missing_readings": run.readings.missing}, {
            **asdict(run.readings),
            "pulses_s": [[round(edge_s, 6) for edge_s in pulse] for pulse in run.pulses],
        }
    finally:
        meter.close()
