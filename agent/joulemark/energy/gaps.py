"""Stretches of a run in which a stream was not read: machine asleep, process stopped, sensor silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.columns import int64

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from joulemark.record.trace import Stream, Trace

LONGEST_GAP_S = 1.0
"""Beside the work the meter is read ten times a second; ten readings in a row are not missed by chance."""
LONGEST_HOST_GAP_S = 1.5
"""The same where the processor that reads does the work too: its readings wait for a turn."""
EDGE_US = 20_000
"""A tick so near to the edge of a span was read for that edge."""
GAP_PERIODS = 3.0
"""Only changes of a counter are kept: one that moves slowly has gaps of its own period."""


def gap_flags(trace: Trace, headline: Collection[str] | None) -> set[str]:
    """The flags of streams that were silent for too long; beside the scopes of `headline` (None: all) another one.

    A trace whose ticks all lie at the edges of its spans is of an agent that read nothing in between: it is not judged.
    """
    if not trace.gauges and not any(_is_read_inside(trace, stream) for stream in trace.streams):
        return set()
    return {
        "missing-reading" if headline is None or stream.scope in headline else "missing-reading-beside"
        for stream in trace.streams
        if has_gap(trace, stream)
    }


def _is_read_inside(trace: Trace, stream: Stream) -> bool:
    """Whether a tick lies within a span, apart from its edges."""
    t_us = _times_us(stream)
    return any(
        bool(((t_us > span.start_us + EDGE_US) & (t_us < span.end_us - EDGE_US)).any())
        for span in trace.spans
        if span.kind != "warm-up"
    )


def has_gap(trace: Trace, stream: Stream) -> bool:
    """Whether a stream was silent for too long in what was measured: windows, rests and idle spans, and between them.

    What happens in the warm-up changes no number. The streams of a trace are read together, so the slowest counter's
    period holds for all.
    """
    periods_s = [counter.timing.period_us / 1e6 for counter in trace.streams if counter.timing is not None]
    on_gpu = any(counter.scope == "gpu" for counter in trace.streams)
    least_s = LONGEST_GAP_S if on_gpu else LONGEST_HOST_GAP_S
    limit_s = max(least_s, GAP_PERIODS * max(periods_s, default=0.0))
    measured = [span for span in trace.spans if span.kind != "warm-up"]
    if not measured:
        return False
    begin_us, end_us = measured[0].start_us, measured[-1].end_us
    t_us = _times_us(stream)
    inside = np.clip(t_us, begin_us, end_us)
    edges_us = np.concatenate(([begin_us], inside, [end_us]))
    silent = np.flatnonzero(np.diff(edges_us) > limit_s * 1e6)
    warm_ups = [span for span in trace.spans if span.kind == "warm-up"]
    for place in silent:
        first_us, last_us = float(edges_us[place]), float(edges_us[place + 1])
        excused_us = sum(
            max(min(span.end_us, last_us) - max(span.start_us, first_us), 0.0) for span in warm_ups
        )
        if last_us - first_us - excused_us > limit_s * 1e6:
            return True
    return False


def _times_us(stream: Stream) -> NDArray[np.float64]:
    """When the stream was read, in microseconds on the trace's clock."""
    return int64(stream.t_us, of=stream.name).astype(np.float64).cumsum()
