"""One job under the meter: warm-up, idle, windows, idle. What comes out is raw; nothing is summed here."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import TYPE_CHECKING, Literal

from joulemark.energy.precision import relative_half_width
from joulemark.meters.meter import Meter, Now, Tick, run_clock
from joulemark.meters.sampler import Sampler
from joulemark.record.trace import Queries, Span, Trace, to_deltas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from joulemark.session.watch import Watch
    from joulemark.suite import Protocol
    from joulemark.workloads import Output, Query, Workload

COUNTER_PERIODS = 100
"""A window lasts at least this many periods of its counter: a late tick is then under 1 % of it."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A job's raw yield. `outputs` are the answers of the first pass over the sample, in order."""

    trace: Trace
    outputs: tuple[Output, ...]
    tokens: tuple[int | None, ...]
    flags: tuple[str, ...]
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class _Window:
    span: Span
    queries: Queries
    outputs: tuple[Output, ...]
    tokens: int | None
    energy_per_query_j: float


def measure(
    workload: Workload, queries: Sequence[Query], meter: Meter, protocol: Protocol, watch: Watch
) -> Measured:
    """Run the protocol once. Idle is read only where the meter knows it. Raises MeterFailed."""
    started_at = datetime.now(UTC)
    now = run_clock()
    spans: list[Span] = []
    windows: list[_Window] = []
    with Sampler(meter, now) as sampler:
        watch.stage("warm-up", total=protocol.warmup_queries, live_w=sampler.live_w)
        spans.append(_warm_up(workload, queries, protocol.warmup_queries, sampler, now, watch))
        if meter.knows_idle:
            spans.append(_idle("idle-before", protocol.idle_s, sampler, now, watch))
        while not _enough(windows, protocol, now):
            watch.stage(
                f"window {len(windows) + 1}",
                total=len(queries),
                live_w=sampler.live_w,
                left_s=_left_s(windows, protocol, now),
            )
            windows.append(_window(workload, queries, meter, sampler, now, watch.answered))
        spans += [window.span for window in windows]
        if meter.knows_idle:
            spans.append(_idle("idle-after", protocol.idle_s, sampler, now, watch))
    trace = Trace(
        version=1,
        streams=sampler.streams(),
        spans=tuple(spans),
        queries=tuple(window.queries for window in windows),
    )
    first = windows[0].outputs
    vary = any(_differ(first, window.outputs) for window in windows)
    return Measured(
        trace=trace,
        outputs=first[: len(queries)],
        tokens=tuple(window.tokens for window in windows),
        flags=("outputs-vary",) if vary else (),
        started_at=started_at,
        ended_at=datetime.now(UTC),
    )


def _enough(windows: Sequence[_Window], protocol: Protocol, now: Now) -> bool:
    """At least `windows_min`; then until the mean is known well enough, or windows or time are used up."""
    if len(windows) < protocol.windows_min:
        return False
    width = relative_half_width([window.energy_per_query_j for window in windows])
    spent = len(windows) >= protocol.windows_max or now() >= protocol.budget_s * 1e6
    return spent or width < protocol.half_width_target


def _left_s(windows: Sequence[_Window], protocol: Protocol, now: Now) -> float | None:
    """The longest that the windows can still take, judged by those that are done; None before the first."""
    if not windows:
        return None
    each_s = sum(one.span.end_us - one.span.start_us for one in windows) / len(windows) / 1e6
    least, most = (
        max(limit - len(windows), 1) * each_s for limit in (protocol.windows_min, protocol.windows_max)
    )
    return max(least, min(most, protocol.budget_s - now() / 1e6))


def _warm_up(
    workload: Workload, queries: Sequence[Query], count: int, sampler: Sampler, now: Now, watch: Watch
) -> Span:
    start_us = now()
    for query in islice(cycle(queries), count):
        workload.answer(query)
        watch.answered()
    workload.synchronise()
    end_us = max(now(), start_us + 1)
    sampler.edge()
    return Span(kind="warm-up", start_us=start_us, end_us=end_us)


def _idle(
    kind: Literal["idle-before", "idle-after"], seconds: float, sampler: Sampler, now: Now, watch: Watch
) -> Span:
    """Wait with the model resident; the sampler's thread goes on reading."""
    watch.stage(kind, total=None, live_w=sampler.live_w)
    sampler.edge()
    start_us = now()
    threading.Event().wait(seconds)
    end_us = max(now(), start_us + 1)
    sampler.edge()
    return Span(kind=kind, start_us=start_us, end_us=end_us)


def _window(
    workload: Workload,
    queries: Sequence[Query],
    meter: Meter,
    sampler: Sampler,
    now: Now,
    answered: Callable[[], None],
) -> _Window:
    """The whole sample back to back, again and again until the window is long enough for the counter."""
    least_us = math.ceil(COUNTER_PERIODS * meter.period_s * 1e6)
    starts: list[int] = []
    durations: list[int] = []
    outputs: list[Output] = []
    workload.synchronise()
    before = sampler.edge()
    start_us = now()
    while not outputs or now() - start_us < least_us:
        for query in queries:
            query_us = now()
            outputs.append(workload.answer(query))
            durations.append(now() - query_us)
            starts.append(query_us)
            answered()
    workload.synchronise()
    end_us = now()
    after = sampler.edge()
    tokens = [output.output_tokens for output in outputs if output.output_tokens is not None]
    return _Window(
        span=Span(kind="window", start_us=start_us, end_us=end_us),
        queries=Queries(start_us=to_deltas(starts), duration_us=tuple(durations)),
        outputs=tuple(outputs),
        tokens=sum(tokens) if len(tokens) == len(outputs) else None,
        energy_per_query_j=_joules(meter, before, after) / len(outputs),
    )


def _joules(meter: Meter, before: Sequence[Tick], after: Sequence[Tick]) -> float:
    joules = 0.0
    for info, first, last in zip(meter.streams, before, after, strict=True):
        rise = last.value - first.value
        joules += (rise % info.wraps_at if info.wraps_at else rise) * info.joules_per_unit
    return joules


def _differ(first: Sequence[Output], outputs: Sequence[Output]) -> bool:
    expected = {output.query_id: output.value for output in first}
    return any(expected[output.query_id] != output.value for output in outputs)
