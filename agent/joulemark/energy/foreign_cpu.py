"""Whether others worked on the processor while its energy was measured: by processor time, not by energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np

from joulemark.record.trace import IdleKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.energy.accumulate import Gauges, Readings
    from joulemark.record.trace import Span, Trace

OWN, FOREIGN = "cpu-own", "cpu-foreign"
MOST_SHARE = 0.10
"""Of all processor time in the windows. RAPL's own scale is known to 5 % (k = 1), and a foreign program draws about as
much in a second of processor time as a model does."""
LEAST_MS = 300.0
"""The kernel counts in ticks of up to 10 ms, and a daemon that wakes once is no company."""
MOST_IDLE_CORES = 0.25
"""Processors that others keep busy on average while the machine is said to rest."""


def has_company(trace: Trace, gauges: Gauges) -> bool:
    """Whether others took more than MOST_SHARE of the processor time in the windows, or worked in the idle spans.

    False where processor time was not read: nothing is known of it then. Raises EnergyError when a gauge is broken.
    """
    own, foreign = gauges.named(OWN), gauges.named(FOREIGN)
    if own is None or foreign is None:
        return False
    windows = trace.windows()
    foreign_ms, own_ms = _within(foreign, windows), _within(own, windows)
    if foreign_ms > LEAST_MS and foreign_ms > MOST_SHARE * (foreign_ms + max(own_ms, 0.0)):
        return True
    idle = [span for span in trace.spans if span.kind in get_args(IdleKind)]
    idle_ms = sum(span.seconds for span in idle) * 1e3
    at_rest_ms = _within(foreign, idle)
    return at_rest_ms > LEAST_MS and at_rest_ms > MOST_IDLE_CORES * idle_ms


def _within(read: Readings, spans: Iterable[Span]) -> float:
    """What a cumulative gauge rose by in the spans, in its unit; between two readings it rises evenly."""
    edges_s = np.array([(span.start_us / 1e6, span.end_us / 1e6) for span in spans])
    if not len(edges_s):
        return 0.0
    at_edges = np.interp(edges_s, *read)
    return float((at_edges[:, 1] - at_edges[:, 0]).sum())
