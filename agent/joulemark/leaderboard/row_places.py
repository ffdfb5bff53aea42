"""The places of rows under the same conditions: ranks, and the metrics by which a row is on the front or beaten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from joulemark.consensus.rank import Standing, ranks
from joulemark.leaderboard.fronts import Contender, fronts

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class RowPlace:
    """What of a row depends on the other rows under its conditions.

    The true rank lies between `rank` and `rank_worst`, None without an interval. `front` are the metrics by which no
    other row surely uses less energy and surely scores better, `beaten` those by which one does.
    """

    rank: int | None
    rank_worst: int | None
    front: list[str]
    beaten: list[str]


class RankedRow(Contender, Protocol):
    """A row that is ranked: a contender with the name of its model."""

    @property
    def model(self) -> str:
        """The slug of the model."""


def board_order(row: RankedRow) -> tuple[float, str]:
    """Sorts rows under the same conditions as a board lists them: least energy first."""
    return row.energy_per_query_j, row.model


def places(ordered: Sequence[RankedRow]) -> list[RowPlace]:
    """The place of each row among these, which have the same conditions and are in `board_order`."""
    unbeaten, beaten = fronts(ordered)
    return [
        RowPlace(
            rank=None if rank is None else rank.best,
            rank_worst=None if rank is None else rank.worst,
            front=of_row,
            beaten=not_of_row,
        )
        for rank, of_row, not_of_row in zip(
            ranks([_standing(row) for row in ordered]), unbeaten, beaten, strict=True
        )
    ]


def _standing(row: RankedRow) -> Standing:
    low_j, high_j = row.comparable_j or (None, None)
    return Standing(energy_per_query_j=row.energy_per_query_j, low_j=low_j, high_j=high_j)
