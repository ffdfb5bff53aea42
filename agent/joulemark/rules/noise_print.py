"""A fingerprint of a run's noise, which no two runs share and which an edited copy of a trace keeps.

The same query takes a little longer in one of two windows, at random. Which one, over many queries, is a pattern of
bits that identifies the run and not the work. Moving ticks, scaling energies or shifting times leaves it unchanged; two
honest runs agree in about half of the bits.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.percentiles import median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.record.trace import Trace

BITS = 256
LEAST = 64
"""Minimum number of pairs of durations: with fewer, two fingerprints could be alike by chance."""
MOST_TIES = 0.25
"""Maximum share of equal durations; above it the clock is too coarse, or the trace has no noise."""
ALIKE = 0.85
"""Share of equal bits from which two fingerprints are of one run: 11 standard deviations from chance with 256 bits."""


def noise_print(trace: Trace) -> bytes:
    """The fingerprint, 32 bytes; empty if the trace has too little noise."""
    windows = [
        np.maximum(np.asarray(queries.duration_us, dtype=np.float64), 1.0) for queries in trace.queries
    ]
    pairs = [
        (earlier, later) for earlier, later in pairwise(windows) if len(earlier) == len(later) and len(later)
    ]
    if sum(len(later) for _, later in pairs) < LEAST:
        return b""
    if np.mean(np.concatenate([earlier == later for earlier, later in pairs])) > MOST_TIES:
        return b""
    longer = [np.log(later / earlier) for earlier, later in pairs]
    noise = np.concatenate([logs - median(logs) for logs in longer])
    chosen = noise[np.linspace(0, len(noise) - 1, BITS).astype(int)]
    return np.packbits(chosen > 0).tobytes()


def rows_of(prints: Sequence[bytes]) -> NDArray[np.uint64]:
    """Fingerprints as rows of one array, for `likeness`; none of them may be empty."""
    return np.frombuffer(b"".join(prints), dtype=np.uint64).reshape(len(prints), BITS // 64)


def likeness(noise: bytes, others: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Shares of bits that a fingerprint has in common with each of `others` (from `rows_of`); 0 if it is empty."""
    if not noise:
        return np.zeros(len(others))
    differ = np.bitwise_count(others ^ np.frombuffer(noise, dtype=np.uint64))
    shares: NDArray[np.float64] = 1 - differ.sum(axis=1, dtype=np.float64) / BITS
    return shares
