"""Meters that poll `nvmlDeviceGetPowerUsage`: a loop in a thread, as many programs have, and one sample a second."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

import pynvml

from benchmarks.meters.tool import Measured, in_windows

if TYPE_CHECKING:
    from random import Random

    from benchmarks.meters.virtual import VirtualTime, Window
    from benchmarks.meters.workloads import Workload


class Samples:
    """What a polling thread has seen: times in seconds and watts."""

    def __init__(self, time: VirtualTime) -> None:
        """None yet."""
        pynvml.nvmlInit()
        self._gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
        self._time = time
        self.at_s: list[float] = []
        self.watts: list[float] = []

    def take(self) -> None:
        """One more, of now."""
        self.watts.append(pynvml.nvmlDeviceGetPowerUsage(self._gpu) / 1000)
        self.at_s.append(self._time.now_s())

    def held_j(self, window: Window) -> float:
        """Joules of `window` when each sample holds until the next."""
        start_s, end_s = window
        first, last = bisect_right(self.at_s, start_s), bisect_left(self.at_s, end_s)
        edges_s = [start_s, *self.at_s[first:last], end_s]
        watts = self.watts[first - 1 : last]
        return sum(
            power * (after - before) for power, (before, after) in zip(watts, pairwise(edges_s), strict=True)
        )

    def mean_w(self, window: Window) -> float | None:
        """The mean of the samples in `window`, if there are any."""
        start_s, end_s = window
        inside = self.watts[bisect_left(self.at_s, start_s) : bisect_right(self.at_s, end_s)]
        return fmean(inside) if inside else None


class Polling:
    """A thread that reads the power all the time, each `period_s`; each reading counts until the next."""

    def __init__(self, name: str, period_s: float) -> None:
        """A loop with that period."""
        self.name = name
        self._period_s = period_s

    def measure(self, time: VirtualTime, workload: Workload, rng: Random) -> Measured:
        """The integral of the held readings over the windows."""
        samples = Samples(time)
        with time.every(self._period_s, samples.take):
            windows = in_windows(time, workload, rng).truth_windows
        return Measured(energy_j=sum(map(samples.held_j, windows)), truth_windows=windows)


class EverySecond:
    """As CarbonTracker measures epochs: a sample a second while one runs, their mean times its duration.

    An epoch too short to have a sample takes the mean of the next that has one, or of the last.
    """

    name = "poll 1 s"

    def measure(self, time: VirtualTime, workload: Workload, rng: Random) -> Measured:
        """Each window is an epoch. Nothing can be said when no sample fell into any."""
        samples = Samples(time)
        with time.every(1.0, samples.take):
            time.pass_for(rng.uniform(0, 1))  # the thread's beat has nothing to do with the work's
            windows = in_windows(time, workload, rng).truth_windows
        means_w = [samples.mean_w(window) for window in windows]
        following_w = next((one for one in reversed(means_w) if one is not None), None)
        if following_w is None:
            note = "No sample fell into any repetition: they are shorter than the second between samples."
            return Measured(energy_j=None, truth_windows=windows, note=note)
        energy_j = 0.0
        for (start_s, end_s), mean_w in zip(reversed(windows), reversed(means_w), strict=True):
            following_w = following_w if mean_w is None else mean_w
            energy_j += following_w * (end_s - start_s)
        return Measured(energy_j=energy_j, truth_windows=windows)
