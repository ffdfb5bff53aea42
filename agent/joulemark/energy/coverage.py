"""Whether a counter looks at the power all the time, or only a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.record.trace import Coverage

FULL_BELOW = 0.02
PART_TIME_ABOVE = 0.20
"""Of the spread of equal trains that begin at different phases; between the two nothing is said."""


def spread(energies_j: Sequence[float]) -> float:
    """(highest - lowest) / mean of trains of equal work, in joules."""
    return (max(energies_j) - min(energies_j)) * len(energies_j) / sum(energies_j)


def coverage(energies_j: Sequence[float]) -> Coverage:
    """What the spread of trains at evenly spread phases says."""
    relative_spread = spread(energies_j)
    if relative_spread < FULL_BELOW:
        return "full"
    return "part-time" if relative_spread > PART_TIME_ABOVE else "unknown"
