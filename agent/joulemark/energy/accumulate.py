"""A power reading as if it were a counter: each reading held since the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.changes import Changes
from joulemark.energy.errors import TraceIncomplete, TraceInconsistent
from joulemark.record.trace import from_deltas

if TYPE_CHECKING:
    from joulemark.record.trace import Gauge


def readings(gauge: Gauge) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """Times in seconds and values in the gauge's own unit. Raises TraceInconsistent or TraceIncomplete."""
    if len(gauge.t_us) != len(gauge.value):
        raise TraceInconsistent(f"Gauge {gauge.name} has {len(gauge.t_us)} times, {len(gauge.value)} values.")
    if not gauge.t_us:
        raise TraceIncomplete(f"Gauge {gauge.name} has no reading.")
    t_us, value = from_deltas(gauge.t_us), from_deltas(gauge.value)
    if min(gauge.t_us) < 0 or max(t_us) > 2**53 or max(map(abs, value)) > 2**53:
        raise TraceInconsistent(f"The times of gauge {gauge.name} run backwards, or a number is too large.")
    return np.array(t_us) / 1e6, np.array(value, dtype=np.float64)


def accumulate(gauge: Gauge) -> Changes:
    """The energy that a gauge in milliwatts amounts to, zero-order hold, a change for each reading.

    A reading tells of the time before it, so it is held from the reading before it on. Raises EnergyError.
    """
    t_s, milliwatts = readings(gauge)
    lengths = np.diff(t_s)
    energy_j = np.concatenate(([0.0], np.cumsum(lengths * milliwatts[1:] / 1e3)))
    return Changes(low_s=t_s, high_s=t_s, energy_j=energy_j)
