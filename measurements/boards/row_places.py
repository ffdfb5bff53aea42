"""The places of rows under the same conditions: ranks, and the metrics by which a row is on the front or beaten."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from joulemark.consensus.rank import Standing, ranks
from measurements.boards.board_row import Place
from measurements.boards.fronts import fronts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from measurements.boards.board_row import BoardRow


def board_order(row: BoardRow) -> tuple[float, str]:
    """Sorts rows under the same conditions as a board lists them: least energy first."""
    return row.energy_per_query_j, row.model


def places(ordered: Sequence[BoardRow]) -> list[Place]:
    """The place of each row among these, which have the same conditions and are in `board_order`."""
    unbeaten, beaten = fronts(ordered)
    return [
        Place(
            rank=None if rank is None else rank.best,
            rank_worst=None if rank is None else rank.worst,
            front=of_row,
            beaten=not_of_row,
        )
        for rank, of_row, not_of_row in zip(
            ranks([_standing(row) for row in ordered]), unbeaten, beaten, strict=True
        )
    ]


def ranked(rows: Iterable[BoardRow]) -> list[BoardRow]:
    """Rows under the same conditions in their order, each with its place among them."""
    ordered = sorted(rows, key=board_order)
    return [replace(row, **asdict(place)) for row, place in zip(ordered, places(ordered), strict=True)]


def _standing(row: BoardRow) -> Standing:
    low_j, high_j = row.comparable_j or (None, None)
    return Standing(energy_per_query_j=row.energy_per_query_j, low_j=low_j, high_j=high_j)
