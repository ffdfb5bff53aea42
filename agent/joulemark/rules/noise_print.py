"""A print of a run's noise: what two runs never share, and what an edited copy of a trace keeps.

The same query, asked in two windows, takes a little longer in one of them, by chance. Which one, over many queries, is
a pattern of bits that says nothing of the work and everything of the run. Moving ticks, scaling energies or shifting
times leaves it as it is; two honest runs agree in about half of the bits.
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
"""Pairs of answers below which there is no print: chance could make two of them alike."""
MOST_TIES = 0.25
"""Share of pairs of the same length above which there is none: a clock that is too coarse, or a trace without noise."""
ALIKE = 0.85
"""Share of equal bits from which two prints are of one run: of 256 bits by chance that is 11 standard deviations."""


def noise_print(trace: Trace) -> bytes:
    """32 bytes, or none where the trace has too little noise to tell."""
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
    """Prints as rows that can be compared together; none of them is empty."""
    return np.frombuffer(b"".join(prints), dtype=np.uint64).reshape(len(prints), BITS // 64)


def likeness(noise: bytes, others: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Share of equal bits of a print with each of `others`, as `rows_of` gives them; 0 where it is none."""
    if not noise:
        return np.zeros(len(others))
    differ = np.bitwise_count(others ^ np.frombuffer(noise, dtype=np.uint64))
    shares: NDArray[np.float64] = 1 - differ.sum(axis=1, dtype=np.float64) / BITS
    return shares
