"""Ours: the agent's own probe and session on the simulated card, as `joulemark run` goes about it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks.meters.tool import Measured
from benchmarks.meters.tools import OURS, OURS_QUERIES, SAME
from joulemark.energy.analysis import analyse
from joulemark.energy.errors import NotMeasurable
from joulemark.meters.meter import sensor_of
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.probe import probe
from joulemark.session.measure import measure
from joulemark.session.progress import Silent
from joulemark.suite import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from benchmarks.meters.virtual import VirtualTime, Window
    from benchmarks.meters.workloads import Workload
    from joulemark.energy.analysis import Analysis
    from joulemark.record.trace import Timing, Trace

IDLE_S = 30.0
TRAIN_WINDOWS = 8  # what docs/method.md advises for latency mode


class Timer:
    """The agent's timer over the benchmark's time."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def now(self) -> int:
        """Microseconds."""
        return round(self._time.now_s() * 1e6)

    def asleep_us(self) -> int:
        """It never sleeps."""
        return 0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        if seconds > 0:
            self._time.pass_for(seconds)

    @contextmanager
    def background(self, period_s: float, work: Callable[[], None]) -> Iterator[None]:
        """Beside whatever happens."""
        with self._time.every(period_s, work):
            yield


class Kernel:
    """What the probe keeps the card busy with: the power of the workload's first step."""

    def __init__(self, time: VirtualTime, watts: float) -> None:
        self._time, self._watts = time, watts

    def run(self, seconds: float) -> None:
        """Busy for so long."""
        self._time.load(self._watts, seconds)


@dataclass(frozen=True)
class _Output:
    query_id: str
    value: str = ""
    output_tokens: int | None = None
    input_tokens: int | None = None


class _Work:
    """The benchmark's workload as the agent's: a query is a repetition."""

    def __init__(self, time: VirtualTime, workload: Workload) -> None:
        self._time, self._workload = time, workload

    def answer(self, query: Any) -> _Output:
        self._workload.run_once(self._time)
        return _Output(query_id=query)

    def synchronise(self) -> None:
        """The card has finished when a repetition has."""


class Joulemark:
    """Probe, idle, repetitions at chosen phases with rests between, idle; energies by `bracket`.

    What is compared are the windows, pauses between the kernels of a train included, as in the train of the others.
    """

    name = OURS

    probed: ClassVar[dict[str, Timing]] = {}

    def measure(self, time: VirtualTime, workload: Workload, rng: Random) -> Measured:
        """Energy over the repetitions; None with its sentence where the agent says `not measurable`."""
        timer = Timer(time)
        meter = NvmlMeter(environ={})
        try:
            begin_s = time.now_s()
            timing = self._timing(meter, time, timer, workload)
            preparation_s = time.now_s() - begin_s
            yielded = measure(
                _Work(time, workload),  # type: ignore[arg-type]  # a workload of the benchmark, not of a suite
                _queries(workload),
                meter,
                _protocol(workload),
                Silent(),
                timings=(timing,),
                timer=timer,
            )
            energy_j, note = None, None
            try:
                energy_j = self._energy_j(analyse(yielded.trace, sensor_of(meter)))
            except NotMeasurable as error:
                note = str(error)
            return Measured(
                energy_j=energy_j,
                truth_windows=self._compared(yielded.trace),
                note=note,
                preparation_s=preparation_s,
            )
        finally:
            meter.close()

    def _energy_j(self, analysis: Analysis) -> float:
        return fsum(window.gross_j for window in analysis.windows)

    def _compared(self, trace: Trace) -> tuple[Window, ...]:
        return tuple((span.start_us / 1e6, span.end_us / 1e6) for span in trace.windows())

    def _timing(self, meter: NvmlMeter, time: VirtualTime, timer: Timer, workload: Workload) -> Timing:
        """One probe for each simulated card, kept for its other workloads, as the agent keeps it in a file."""
        card = time.card
        if card not in self.probed:
            self.probed[card] = probe(meter, Kernel(time, workload.steps[0][0]), timer).timing
        return self.probed[card]


class JoulemarkQueries(Joulemark):
    """What a result states per query, for trains: the kernels alone, without the pauses between them."""

    name = OURS_QUERIES

    def measure(self, time: VirtualTime, workload: Workload, rng: Random) -> Measured:
        """Energy over the kernels of a train. Elsewhere a window is a repetition: nothing is measured again."""
        if workload.fixed_pause_s is None:
            return Measured(energy_j=None, truth_windows=(), note=SAME)
        return super().measure(time, workload, rng)

    def _energy_j(self, analysis: Analysis) -> float:
        return analysis.totals.energy_per_query_j * analysis.totals.queries

    def _compared(self, trace: Trace) -> tuple[Window, ...]:
        return tuple(
            (start_us / 1e6, (start_us + duration_us) / 1e6)
            for span, queries in zip(trace.windows(), trace.queries, strict=True)
            for start_us, duration_us in zip(
                queries.starts_us(span.start_us), queries.duration_us, strict=True
            )
        )


def _windows(workload: Workload) -> int:
    """Bursts and answers: one for each. Square waves: some, in which each kernel chooses its start."""
    return workload.repetitions if workload.fixed_pause_s is None else TRAIN_WINDOWS


def _queries(workload: Workload) -> list[Any]:
    """Those of one window."""
    each, left = divmod(workload.repetitions, _windows(workload))
    if left:
        raise ValueError(f"{workload.name} cannot be shared evenly among {_windows(workload)} windows.")
    return list(range(each))


def _protocol(workload: Workload) -> Protocol:
    windows = _windows(workload)
    return Protocol(
        queries=len(_queries(workload)),
        windows_min=windows,
        windows_max=windows,
        warmup_queries=1,
        idle_s=IDLE_S,
        half_width_target=0.02,
        budget_s=3600.0,
        fill_windows=False,
        mode="throughput" if workload.fixed_pause_s is None else "latency",
    )
