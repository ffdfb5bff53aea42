"""Whether a warm-up has reached its steady state."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PART_S = 10.0
"""A part of the warm-up lasts so long, and until the query that runs then has its answer."""
STRETCHES = 3
MIN_JUDGEMENTS = 1 + STRETCHES
"""A warm-up that could have been steady is judged so often before it is given up, however little time it has: with long
queries the first judgement is due when the time is over, and one degree of the thermometer or one part that scatters
spoils as many as a judgement looks at."""
SPREAD = 0.01
DRIFT_C = 0.5
"""Three equal stretches of one part or more whose mean powers agree within 1 %, while the temperature moved less than
0.5 C a part in the last three parts."""
PARTS_SPREAD = 0.05
"""Single parts may differ by as much as a counter that moves every 250 ms, the slowest that is known, can make of equal
ones: up to one of its periods at either edge."""


@dataclass(frozen=True, kw_only=True)
class WarmUpPart:
    """What the counter rose by between the part's edges, in joules, and their distance in seconds."""

    energy_j: float
    seconds: float


def is_steady(parts: Sequence[WarmUpPart], temperatures_c: Sequence[float]) -> bool:
    """Whether the warm-up so far ends steadily; `temperatures_c` at the end of each part.

    A part alone is known no better than its counter's period and its few queries allow; of two equal ones the counter
    may give one more, and the other less by the same. So where single parts scatter, longer stretches are compared:
    what scatters is averaged, and what drifts has more time to show it. The limit is the same for all lengths.
    A device without a thermometer has no temperatures and is judged by its power alone.
    """
    warmth = temperatures_c[-STRETCHES:]
    if len(warmth) == STRETCHES and abs(warmth[-1] - warmth[0]) >= DRIFT_C * (STRETCHES - 1):
        return False
    return any(_agree(parts[-STRETCHES * size :], size) for size in range(1, len(parts) // STRETCHES + 1))


def _agree(parts: Sequence[WarmUpPart], size: int) -> bool:
    """Whether three stretches of `size` parts do."""
    single_w = [_power_w([part]) for part in parts]
    powers_w = [_power_w(parts[first : first + size]) for first in range(0, len(parts), size)]
    return min(single_w) > 0 and _within(SPREAD, powers_w) and _within(PARTS_SPREAD, single_w)


def _within(share: float, powers_w: Sequence[float]) -> bool:
    return max(powers_w) - min(powers_w) <= share * fsum(powers_w) / len(powers_w)


def _power_w(parts: Sequence[WarmUpPart]) -> float:
    return fsum(part.energy_j for part in parts) / fsum(part.seconds for part in parts)
