"""Everything about energy in a run's trace, computed once: agents state it and platforms recompute it."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, hypot
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy import budget
from joulemark.energy.accumulate import Gauges
from joulemark.energy.comparison import compare, disagreements
from joulemark.energy.errors import NotMeasurable, TraceIncomplete, TraceInconsistent
from joulemark.energy.estimators import average_windows_j, derived_windows, estimates, power_windows_j
from joulemark.energy.flags import flags
from joulemark.energy.idle import difference_u_w, idle_power
from joulemark.energy.pauses import Pauses, pauses
from joulemark.energy.percentiles import percentiles
from joulemark.energy.population import Part, PopulationMean, population_mean
from joulemark.energy.rests import periods_us, rests_w, tail_j
from joulemark.energy.streams import SCOPES, ReadStream, read_streams
from joulemark.record.statement import Totals
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.record.statement import Comparison, Idle, Sensor, Term
    from joulemark.record.trace import Timing, Trace


MOST_J = 1e15
"""The most that a record holds (`record.statement.Amount`)."""


@dataclass(frozen=True, kw_only=True)
class WindowEnergy:
    """One window: seconds on the trace's clock, joules; net is None where idle power is unknown."""

    start_s: float
    end_s: float
    queries: int
    gross_j: float
    net_j: float | None


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """A run in numbers. `estimates` are joules per query by estimator, `not_estimated` why one is missing.

    `comparisons` sets each other estimator beside the headline, with the interval that both leave open.
    net = gross - idle power x duration, with idle power the mean of before and after. `flags` are those that the trace
    shows. `budget` is empty for an estimate. `mean_power_w` is the power at which the energy of the queries was drawn
    while they ran, None where there is none. `rests_w`: mean power of each settled rest beside a window, over the
    streams; `periods_us`: how often each settling counter is seen to move in the rests, by its name. `streams`,
    `gauges` and `latencies_s` (of all queries, in order) are what it was all read from, decoded.

    `of_parts` is there where the windows ran parts of a population: energies per query are then means over all of it.
    """

    windows: tuple[WindowEnergy, ...]
    idle: Idle | None
    totals: Totals
    estimates: dict[str, float]
    not_estimated: dict[str, str]
    comparisons: tuple[Comparison, ...]
    budget: tuple[Term, ...]
    mean_power_w: float | None
    flags: tuple[str, ...]
    rests_w: tuple[float, ...]
    periods_us: dict[str, int]
    streams: tuple[ReadStream, ...]
    gauges: Gauges
    latencies_s: NDArray[np.float64]
    of_parts: PopulationMean | None = None


def analyse(trace: Trace, sensor: Sensor, *, board_name: str = "") -> Analysis:
    """Energies, totals, estimators, budget and flags of a run, over the streams of `sensor.scope`.

    `board_name` is the device's, by which its sensor's error is looked up; one of a design that nobody has measured
    where it is empty. Raises EnergyError.
    """
    streams = read_streams(trace, sensor)
    between = pauses(trace, streams)
    work_j = _work_j(streams, between)
    idle = idle_power(trace, streams)
    windows = _windows(trace, streams, idle)
    asked_s, gauges = latencies(trace), Gauges(trace)
    of_parts = mean_of_parts(trace, work_j) if trace.population is not None else None
    totals = _totals(trace, windows, work_j, asked_s, of_parts)
    powers_j = power_windows_j(trace, streams, gauges)
    averages_j = average_windows_j(trace, streams, gauges)
    derived = derived_windows(trace, streams)
    by_estimator, not_estimated = estimates(
        trace, streams, between, derived=derived, powers_j=powers_j, averages_j=averages_j
    )
    if of_parts is not None:
        by_estimator = {name: joules * of_parts.factor for name, joules in by_estimator.items()}
    mean_power_w = _mean_power_w(trace, work_j, asked_s)
    method = _budget(trace, sensor, streams, work_j, between, asked_s, gauges, of_parts)
    comparisons = compare(
        trace, streams, method, gauges, derived=derived, powers_j=powers_j, averages_j=averages_j
    )
    return Analysis(
        windows=windows,
        idle=idle,
        totals=totals,
        estimates=by_estimator,
        not_estimated=not_estimated,
        comparisons=comparisons,
        budget=method
        + (
            ()
            if mean_power_w is None
            else budget.sensor_terms(sensor, board_name=board_name, mean_power_w=mean_power_w)
        ),
        mean_power_w=mean_power_w,
        flags=flags(
            trace,
            idle=idle,
            disagree=bool(disagreements(comparisons)),
            gauges=gauges,
            idle_u_w=difference_u_w(trace, streams),
            headline=SCOPES[sensor.scope],
        ),
        rests_w=rests_w(streams),
        periods_us=periods_us(streams),
        streams=streams,
        gauges=gauges,
        latencies_s=asked_s,
        of_parts=of_parts,
    )


def window_work_j(trace: Trace, sensor: Sensor) -> tuple[float, ...]:
    """Energy of the queries of each window so far, in joules; the idle after the last one may be missing.

    Raises EnergyError.
    """
    streams = read_streams(trace, sensor)
    return _work_j(streams, pauses(trace, streams))


def mean_of_parts(trace: Trace, work_j: Sequence[float]) -> PopulationMean:
    """Mean energy of a query over the trace's population, by windows of `work_j` joules.

    Raises TraceInconsistent for windows that cannot be parts of one, or a trace without a population.
    """
    population = trace.population
    if population is None:
        raise TraceInconsistent(_("The windows ran parts, and the trace does not say of what."))
    if trace.mode != "throughput":
        raise TraceInconsistent(
            _("Only windows whose queries follow each other at once are parts of a population.")
        )
    parts = [
        Part(
            energy_j=joules,
            seconds=span.seconds,
            durations_s=np.array(queries.duration_us, dtype=np.float64) / 1e6,
        )
        for joules, span, queries in zip(work_j, trace.windows(), trace.queries, strict=True)
    ]
    sizes = np.array(population.sizes, dtype=np.float64) if population.sizes else None
    return population_mean(parts, population=population.queries, sizes=sizes)


def latencies(trace: Trace) -> NDArray[np.float64]:
    """Duration of every query of every window, in seconds, in the order in which they ran."""
    columns = [np.array(queries.duration_us, dtype=np.float64) for queries in trace.queries]
    return np.concatenate(columns) / 1e6 if columns else np.empty(0)


def _work_j(streams: Sequence[ReadStream], between: Sequence[Pauses]) -> tuple[float, ...]:
    gross_j = zip(*(stream.energy_j for stream in streams), strict=True)
    return tuple(fsum(column) - pause.energy_j for column, pause in zip(gross_j, between, strict=True))


def _windows(trace: Trace, streams: Sequence[ReadStream], idle: Idle | None) -> tuple[WindowEnergy, ...]:
    idle_w = None if idle is None else (idle.before_w + idle.after_w) / 2
    gross_j = [fsum(column) for column in zip(*(stream.energy_j for stream in streams), strict=True)]
    _refuse_impossible(gross_j, settles=any(stream.settling is not None for stream in streams))
    return tuple(
        WindowEnergy(
            start_s=span.start_us / 1e6,
            end_s=span.end_us / 1e6,
            queries=len(queries.duration_us),
            gross_j=joules,
            net_j=None if idle_w is None else joules - idle_w * span.seconds,
        )
        for span, queries, joules in zip(trace.windows(), trace.queries, gross_j, strict=True)
    )


def _refuse_impossible(gross_j: Sequence[float], *, settles: bool) -> None:
    """Raises NotMeasurable for a window of no energy or less, or of more than a record can say.

    A counter that tells later than it settles, or goes on in jumps, gives a window what belongs to another. One that
    needs no settling and stands still gives 0, which `session.measure` refuses in its window and JM-ENERGY-ZERO here.
    """
    for number, joules in enumerate(gross_j, 1):
        if not 0 <= joules <= MOST_J or (settles and joules == 0):
            raise NotMeasurable(
                _(
                    "Not measurable: window {number} has {joules:.4g} J by this energy counter. Its work is too "
                    "short for the counter, or the counter tells it later than the probe found. Measure longer "
                    "windows, or run `joulemark doctor` to time the counter anew."
                ).format(number=number, joules=joules)
            )


def _totals(
    trace: Trace,
    windows: Sequence[WindowEnergy],
    work_j: Sequence[float],
    asked_s: NDArray[np.float64],
    of_parts: PopulationMean | None,
) -> Totals:
    """Sums over the windows, and the percentiles of latency (linear interpolation)."""
    queries = sum(window.queries for window in windows)
    if not queries:
        raise TraceIncomplete(_("The windows hold no query."))
    nets = [window.net_j for window in windows if window.net_j is not None]
    p50_s, p95_s = percentiles(asked_s, 0.5, 0.95)
    return Totals(
        queries=queries,
        duration_s=sum(span.end_us - span.start_us for span in trace.windows()) / 1e6,
        energy_gross_j=sum(window.gross_j for window in windows),
        energy_net_j=sum(nets) if len(nets) == len(windows) else None,
        energy_per_query_j=sum(work_j) / queries if of_parts is None else of_parts.per_query_j,
        latency_p50_s=p50_s,
        latency_p95_s=p95_s,
    )


def _budget(
    trace: Trace,
    sensor: Sensor,
    streams: Sequence[ReadStream],
    work_j: Sequence[float],
    between: Sequence[Pauses],
    asked_s: NDArray[np.float64],
    gauges: Gauges,
    of_parts: PopulationMean | None,
) -> tuple[Term, ...]:
    total_j = fsum(work_j)
    if total_j < 0:
        raise NotMeasurable(
            _(
                "Not measurable: the queries have {total_j:.4g} J by this energy counter, once the power at "
                "rest is taken off. Measure more of them, or longer ones."
            ).format(total_j=total_j)
        )
    if not total_j:
        return ()
    edge_j = [0.0] * len(work_j)
    idle_j, phase = fsum(pause.u_j for pause in between), 0.0
    for settling in (stream.settling for stream in streams if stream.settling is not None):
        edge_j = [hypot(*pair) for pair in zip(edge_j, settling.bracketed.edge_j, strict=True)]
        idle_j = hypot(idle_j, settling.bracketed.idle_j)
        phase = max(phase, _phase(trace, settling.timing, asked_s))
    counts = [max(len(queries.duration_us), 1) for queries in trace.queries]
    return budget.method_terms(
        sensor,
        per_query_j=[joules / count for joules, count in zip(work_j, counts, strict=True)],
        total_j=total_j,
        edge_j=edge_j,
        idle_j=idle_j,
        phase=phase,
        tail_j=tail_j(trace, streams, gauges),
        of_parts=of_parts,
    )


def _mean_power_w(trace: Trace, work_j: Sequence[float], asked_s: NDArray[np.float64]) -> float | None:
    """Energy of the queries over the time it is counted for: the windows, and in latency mode the queries alone.

    There the pauses' power was read by the same sensor and taken off, and its offset with it.
    """
    spent_s = fsum(s.seconds for s in trace.windows()) if trace.mode == "throughput" else float(asked_s.sum())
    total_j = fsum(work_j)
    return total_j / spent_s if total_j > 0 and spent_s > 0 else None


def _phase(trace: Trace, timing: Timing, asked_s: NDArray[np.float64]) -> float:
    spans = trace.windows()
    if trace.mode == "throughput":
        return budget.phase(timing, work_s=fsum(s.seconds for s in spans) / len(spans), times=len(spans))
    return budget.phase(timing, work_s=float(asked_s.mean()), times=len(asked_s))
