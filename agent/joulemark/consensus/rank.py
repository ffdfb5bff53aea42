"""Ranks that claim no more than the data: models whose difference may be nothing share one.

Only values that can be compared are ranked together, and a value from a single source gets none, because
nobody has repeated it yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A value that wants a rank, in joules per query, with its 95 % interval; None without one: then no rank."""

    energy_per_query_j: float
    low_j: float | None
    high_j: float | None


@dataclass(frozen=True, kw_only=True)
class Rank:
    """1 is the least energy. `best` is one more than the models that are surely lower, `worst` counts all but those
    that are surely higher: the true place lies between. Models with the same `best` share it.
    """

    best: int
    worst: int


def surely_lower(standing: Standing, other: Standing) -> bool:
    """Whether the 95 % interval of the log difference of two values lies below 0.

    Had from the two intervals without a further assumption about their shape: the half-widths that face each other add
    as the legs of a right triangle (Zou and Donner 2008, doi:10.1002/sim.3095). What two cells have in common by the
    same contributor is not used, which errs on the wide side.
    """
    if standing.high_j is None or other.low_j is None:
        return False
    # logarithms first: the quotient of two energies may be too small for a float
    energy, of_other = log(standing.energy_per_query_j), log(other.energy_per_query_j)
    return of_other - energy > hypot(log(standing.high_j) - energy, of_other - log(other.low_j))


def ranks(standings: Sequence[Standing]) -> list[Rank | None]:
    """A rank for each standing, in the given order; None for one without an interval."""
    return [
        rank_among(standing, [*standings[:place], *standings[place + 1 :]])
        for place, standing in enumerate(standings)
    ]


def rank_among(standing: Standing, others: Sequence[Standing]) -> Rank | None:
    """The rank of one standing beside others, in as many steps as there are; None for one without an interval."""
    if standing.low_j is None:
        return None
    with_interval = [other for other in others if other.low_j is not None]
    return Rank(
        best=1 + sum(surely_lower(other, standing) for other in with_interval),
        worst=1 + len(with_interval) - sum(surely_lower(standing, other) for other in with_interval),
    )
