"""Ranks that claim no more than the data: models whose observed ranges overlap share one.

Only values that can be compared are ranked together, and a value from a single source gets none, because
nobody has repeated it yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A value that wants a rank, in joules per query, with the range of its contributors."""

    energy_per_query_j: float
    low_j: float
    high_j: float
    single_source: bool


def ranks(standings: Sequence[Standing]) -> list[int | None]:
    """A rank for each standing, in the given order; 1 is the least energy, and None marks a single source.

    From the least energy on, a value shares the rank of the group before it while its range overlaps the
    range of that group's first member; the next group's rank counts everyone before it (1, 1, 3).
    """
    found: list[int | None] = [None] * len(standings)
    ranked = [index for index, standing in enumerate(standings) if not standing.single_source]
    ranked.sort(key=lambda index: (standings[index].energy_per_query_j, standings[index].high_j))
    first: Standing | None = None
    rank = 0
    for place, index in enumerate(ranked, start=1):
        standing = standings[index]
        if first is None or standing.low_j > first.high_j:
            first, rank = standing, place
        found[index] = rank
    return found
