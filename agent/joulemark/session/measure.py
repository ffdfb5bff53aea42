"""One job under the meter: warm-up, idle, windows with rests between, idle. What comes out is raw.

The control kernel runs behind the warm-up and behind the last window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from msgspec.structs import replace

from joulemark.energy.analysis import mean_of_parts, window_work_j
from joulemark.energy.errors import EnergyError
from joulemark.energy.gaps import has_gap
from joulemark.energy.precision import relative_half_width
from joulemark.energy.steady import MIN_JUDGEMENTS, PART_S, STRETCHES, WarmUpPart, is_steady
from joulemark.energy.streams import SCOPES
from joulemark.errors import MeterFailed
from joulemark.meters.meter import sensor_of
from joulemark.meters.sampler import CLOSELY_S, Sampler
from joulemark.meters.timer import RealTimer, boot_ns
from joulemark.record.trace import BusyKind, Queries, Span, Trace, answer_digest
from joulemark.session.passes import answers_vary, first_pass, sum_known
from joulemark.session.progress import WindowState
from joulemark.session.query_turns import QueryTurns
from joulemark.session.readings import readings_unusable, require_moved
from joulemark.session.rests import RestPlan, require_ticks
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.meters.meter import Meter, Tick
    from joulemark.meters.sampler import Look
    from joulemark.meters.timer import Timer
    from joulemark.record.control import ControlTime
    from joulemark.record.trace import IdleKind, Population, Timing
    from joulemark.session.control_runs import ControlOutcome, ControlRuns
    from joulemark.session.progress import Watch
    from joulemark.suite import Protocol
    from joulemark.workloads import Output, Query, TimedWork

ASLEEP_US = 50_000
"""The two clocks that tell a sleep are read one after the other, and no machine sleeps for so short a time."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A job's raw yield. `outputs` are the answers of the first pass over the sample, or over what ran of it, in order.

    `flags` are those that the trace does not show by itself. `started_ns` and `ended_ns` are of the clock that counts
    since the machine was started (`meters.timer.boot_ns`). `control` is None of a job without a control kernel.
    """

    trace: Trace
    outputs: tuple[Output, ...]
    tokens: tuple[int | None, ...]
    input_tokens: tuple[int | None, ...]
    flags: tuple[str, ...]
    started_ns: int
    ended_ns: int
    control: ControlOutcome | None = None


@dataclass(frozen=True, kw_only=True)
class _Window:
    span: Span
    queries: Queries
    outputs: tuple[Output, ...]
    tokens: int | None
    input_tokens: int | None


def measure(
    workload: TimedWork,
    queries: Sequence[Query],
    meter: Meter,
    protocol: Protocol,
    watch: Watch,
    *,
    timings: Sequence[Timing | None] | None = None,
    timer: Timer | None = None,
    population: Population | None = None,
    control: ControlRuns | None = None,
) -> Measurement:
    """Run the protocol once. Idle is read only where the meter knows it.

    `population` says of `queries`, where windows run parts, what is known of all of them; they are then in the order
    that was drawn.

    `timings` has an entry for each stream of the meter: how its counter keeps time, or None for one that needs no
    settling. Raises MeasurementImpossible before anything runs where this protocol cannot be measured by this meter,
    and with the readings so far MeterFailed, or ReadingsUnusable where they say nothing about energy. Raises ValueError
    for a protocol that runs parts without a population.
    """
    if protocol.runs_parts and (population is None or population.queries != len(queries)):
        raise ValueError(_("a protocol that runs parts needs the data of all queries"))
    require_ticks(protocol, settles=any(timings or ()))
    job = _Job(
        workload=workload,
        queries=queries,
        meter=meter,
        protocol=protocol,
        watch=watch,
        timings=tuple(timings or [None] * len(meter.streams)),
        timer=timer or RealTimer(),
        population=population,
        control=control,
    )
    try:
        return job.run()
    except MeterFailed as error:
        error.trace = job.trace()
        raise
    except EnergyError as error:
        raise readings_unusable(str(error), job.trace()) from error


class _Job:
    """The state of one measurement: spans and windows so far."""

    def __init__(
        self,
        *,
        workload: TimedWork,
        queries: Sequence[Query],
        meter: Meter,
        protocol: Protocol,
        watch: Watch,
        timings: tuple[Timing | None, ...],
        timer: Timer,
        population: Population | None,
        control: ControlRuns | None,
    ) -> None:
        self._workload, self._queries, self._meter, self._control = workload, queries, meter, control
        self._protocol, self._watch = protocol, watch
        self._timings, self._timer, self._population = timings, timer, population
        self._timing = next((timing for timing in timings if timing is not None), None)
        closely_s = CLOSELY_S if self._timing is None else min(CLOSELY_S, self._timing.period_us / 1e7)
        self._rests = RestPlan.of(protocol, self._timing, counter_period_s=meter.period_s)
        self._sampler = Sampler(meter, timer, closely_s=closely_s)
        self._turns = QueryTurns(
            protocol,
            queries,
            workload,
            timer,
            settled_period_s=None if self._timing is None else self._timing.period_us / 1e6,
            counter_period_s=meter.period_s,
        )
        self._spans: list[Span] = []
        self._windows: list[_Window] = []
        self._flags: set[str] = set()
        self._quiet_us = 0
        self._rested_behind: Span | None = None
        self._query_s = 0.0
        self._half_width: float | None = None

    def run(self) -> Measurement:
        """Run the whole protocol: warm-up, rests and windows; returns what was measured."""
        started_ns = boot_ns()
        with self._sampler:
            self._warm_up()
            asleep_us = self._timer.asleep_us()
            self._run_control("first")
            if self._meter.knows_idle:
                self._idle("idle-before")
            while not self._enough():
                self._announce()
                self._rest()
                self._window()
            self._run_control("last")
            if self._meter.knows_idle:
                self._idle("idle-after")
            self._sampler.edge()
            if self._timer.asleep_us() - asleep_us > ASLEEP_US:
                self._flags.add("suspended")
        trace = self.trace()
        headline = [stream for stream in trace.streams if stream.scope in SCOPES[self._meter.scope]]
        if any(has_gap(trace, stream) for stream in headline):  # here it is known that readings were to come
            self._flags.add("missing-reading")
        if self._sampler.missing:
            self._flags.add("missing-reading")
        outputs = [window.outputs for window in self._windows]
        first = first_pass(outputs, queries=len(self._queries))
        if answers_vary(first, outputs):
            self._flags.add("outputs-vary")
        return Measurement(
            trace=replace(
                trace,
                answers=b"".join(answer_digest(output.query_id, output.value) for output in first),
            ),
            outputs=first,
            tokens=tuple(window.tokens for window in self._windows),
            input_tokens=tuple(window.input_tokens for window in self._windows),
            flags=tuple(sorted(self._flags)),
            started_ns=started_ns,
            ended_ns=boot_ns(),
            control=None if self._control is None else self._control.outcome(),
        )

    def trace(self) -> Trace:
        """The readings so far."""
        return Trace(
            version=1,
            streams=self._sampler.streams(self._timings),
            spans=tuple(self._spans),
            queries=tuple(window.queries for window in self._windows),
            gauges=self._sampler.gauges(),
            mode=self._protocol.mode,
            population=self._population,
        )

    def _announce(self) -> None:
        self._watch.stage(
            "window",
            total=None if self._protocol.runs_parts else len(self._queries),
            live=self._sampler.live,
            left_s=self._left_s(),
            window=WindowState.of(self._protocol, len(self._windows) + 1, self._half_width),
        )

    def _enough(self) -> bool:
        """At least `windows_min`; then until the mean is known well enough, or windows or time are used up."""
        protocol, count = self._protocol, len(self._windows)
        if count < protocol.windows_min:
            return False
        if count >= protocol.windows_max or self._timer.now() >= protocol.budget_s * 1e6:
            return True
        self._rest()  # the last window's energy is known once the counter has settled
        trace = self.trace()
        work_j = window_work_j(trace, sensor_of(self._meter))
        if protocol.runs_parts:
            self._half_width = mean_of_parts(trace, work_j).relative_half_width
            return self._half_width < protocol.half_width_target
        per_query = [
            joules / len(window.queries.duration_us)
            for joules, window in zip(work_j, self._windows, strict=True)
        ]
        self._half_width = relative_half_width(per_query)
        return self._half_width < protocol.half_width_target

    def _left_s(self) -> float | None:
        """The longest time that the windows can still take, by those that are done; None before the first."""
        windows, protocol = self._windows, self._protocol
        if not windows:
            return None
        each_s = sum(window.span.end_us - window.span.start_us for window in windows) / len(windows) / 1e6
        each_s += self._rests.rest_s
        least, most = (
            max(limit - len(windows), 1) * each_s for limit in (protocol.windows_min, protocol.windows_max)
        )
        return max(least, min(most, protocol.budget_s - self._timer.now() / 1e6))

    def _warm_up(self) -> None:
        """The workload itself: some queries, and on until it is steady where the protocol says so."""
        protocol, start_us = self._protocol, self._timer.now()
        self._watch.stage("warm-up", total=protocol.warmup_queries, live=self._sampler.live)
        parts: list[WarmUpPart] = []
        temperatures_c: list[float] = []
        begun = self._sampler.edge()
        answered = judgements = 0
        for query in self._turns.of_warm_up():
            self._workload.answer(query)
            self._watch.answered()
            answered += 1
            now_us = self._timer.now()
            if protocol.warmup_s and now_us - begun[0].t_us >= PART_S * 1e6:
                self._workload.synchronise()
                ended = self._sampler.edge()
                parts.append(self._part(begun, ended))
                temperature_c = self._sampler.live().temperature_c
                temperatures_c += [] if temperature_c is None else [temperature_c]
                begun = ended
                if answered < protocol.warmup_queries or len(parts) < STRETCHES:
                    continue
                judgements += 1
                if is_steady(parts, temperatures_c):
                    break
                if now_us - start_us >= protocol.warmup_s * 1e6 and judgements >= MIN_JUDGEMENTS:
                    self._flags.add("not-steady")
                    break
        self._workload.synchronise()
        end_us = max(self._timer.now(), start_us + 1)
        self._query_s = (end_us - start_us) / 1e6 / answered if answered else 0.0
        self._sampler.edge()
        self._spans.append(Span(kind="warm-up", start_us=start_us, end_us=end_us))
        self._quiet_us = end_us

    def _run_control(self, when: ControlTime) -> None:
        """The control kernel, where the job has one: loading it is a warm-up of its own, which needs no rest first."""
        if self._control is not None:
            self._watch.stage("control", total=None, live=self._sampler.live)
            begin = (
                self._settled_rest if when == "last" else lambda: max(self._timer.now(), self._quiet_us + 1)
            )
            self._control.run(when, begin=begin, rest=self._settled_rest, end=self._end_work)

    def _settled_rest(self) -> int:
        self._rest()
        return self._end_rest()

    def _end_work(self, kind: BusyKind, start_us: int) -> None:
        """What began at `start_us` has ended, and the counter is read."""
        end_us = max(self._timer.now(), start_us + 1)
        self._sampler.edge()
        self._spans.append(Span(kind=kind, start_us=start_us, end_us=end_us))
        self._quiet_us = end_us

    def _part(self, first: Sequence[Tick], last: Sequence[Tick]) -> WarmUpPart:
        info, before, after = self._meter.streams[0], first[0], last[0]
        rise = after.value - before.value
        rise = rise % info.wraps_at if info.wraps_at else rise
        return WarmUpPart(energy_j=rise * info.joules_per_unit, seconds=(after.t_us - before.t_us) / 1e6)

    def _idle(self, kind: IdleKind) -> None:
        """Wait with the model resident, once the counter has settled."""
        self._watch.stage(kind, total=None, live=self._sampler.live)
        if self._timing is not None:
            self._rest()  # before and after begin equally late behind the work
            self._end_rest()
        self._sampler.edge(look=self._look("before"))
        start_us = self._timer.now()
        self._sampler.rest(
            self._rests.idle_s,
            thin_s=self._rests.thin_s,
            changes=self._rests.idle_changes,
            still_s=self._rests.still_s,
        )
        end_us = max(self._timer.now(), start_us + 1)
        self._sampler.edge(look=self._look("after"))
        self._spans.append(Span(kind=kind, start_us=start_us, end_us=end_us))
        self._quiet_us = end_us

    def _rest(self) -> None:
        """As long as the counter needs to settle, and until it has shown the power at rest; once is enough."""
        last = self._spans[-1]
        if self._timing is None or last.kind not in get_args(BusyKind) or last is self._rested_behind:
            return
        since_s = (self._timer.now() - last.end_us) / 1e6
        self._sampler.rest(
            max(self._rests.rest_s - since_s, 0.0),
            changes=self._rests.rest_changes,
            settle_s=max(self._timing.settle_us / 1e6 - since_s, 0.0),
            still_s=self._rests.still_s,
        )
        self._rested_behind = last

    def _look(self, when: Look) -> Look | None:
        """A processor's state is a count, which is read at the edges; a GPU's would only take time there."""
        return when if self._timing is None else None

    def _end_rest(self) -> int:
        """Now; what was quiet until now becomes a span."""
        now_us = self._timer.now()
        if now_us > self._quiet_us:
            self._spans.append(Span(kind="rest", start_us=self._quiet_us, end_us=now_us))
        return now_us

    def _align(self) -> None:
        """To a tick, and from there to this window's own phase of the counter."""
        if self._timing is None:
            return
        self._sampler.next_change(within_s=self._rests.still_s)
        if self._protocol.mode == "throughput":
            self._timer.wait(self._turns.phase_of_window(len(self._windows)) * self._timing.period_us / 1e6)

    def _window(self) -> None:
        """One window: its queries, each in its turn, between two edges of the counter."""
        self._workload.synchronise()
        self._align()
        before = self._sampler.edge(look="before")[0] if self._timing is None else self._sampler.last()[0]
        start_us = self._end_rest() if self._timing else self._timer.now()
        outputs: list[Output] = []
        gaps: list[int] = []
        durations: list[int] = []
        last_us = start_us
        for query in self._turns.of_window(len(self._windows), start_us=start_us, query_s=self._query_s):
            query_us = self._timer.now()
            outputs.append(self._workload.answer(query))
            end_us = self._timer.now()
            gaps.append(query_us - last_us)
            durations.append(end_us - query_us)
            last_us = end_us
            self._watch.answered()
        self._workload.synchronise()
        end_us = self._timer.now()
        ticks = self._sampler.edge(look=self._look("after"))
        shows_all = self._timing is None  # what is read at a window's edges alone is all there
        require_moved(self._meter, before, ticks[0], seconds=(end_us - start_us) / 1e6, shows_all=shows_all)
        window = _Window(
            span=Span(kind="window", start_us=start_us, end_us=end_us),
            queries=Queries(duration_us=tuple(durations), gap_us=tuple(gaps)),
            outputs=tuple(outputs),
            tokens=sum_known(output.output_tokens for output in outputs),
            input_tokens=sum_known(output.input_tokens for output in outputs),
        )
        self._spans.append(window.span)
        self._windows.append(window)
        self._quiet_us = end_us
