"""What is derived within a part: of cells that share suite version, grade, data set, hardware class and scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from joulemark.leaderboard.row_places import RankedRow, RowPlace, board_order, places

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

LARGE_PART_VALUES = 500
"""A part of more device values is derived by the sweep alone, not for a message or a page: 20 ms of work and more."""

UNKNOWN_KIND = "unknown"
"""Of a model of which nobody says whether it was made for one task."""

Row = TypeVar("Row")
Name = TypeVar("Name", bound="Hashable")


class StratumRow(RankedRow, Protocol):
    """A row that is ranked among those of its stratum."""

    @property
    def stratum(self) -> str:
        """Number format, batch size and the rest of the configuration."""


def meeting_rows(rows: Iterable[tuple[str, Row]]) -> list[Row]:
    """Of a part's rows with the kinds of their models, those that are compared; none where only one kind is known."""
    with_kind = [(kind, row) for kind, row in rows if kind != UNKNOWN_KIND]
    return [row for _, row in with_kind] if len({kind for kind, _ in with_kind}) > 1 else []


def places_in_part(rows: Iterable[tuple[StratumRow, Name]]) -> dict[Name, RowPlace]:
    """The place of each of a part's rows among those of its stratum, by the name that it comes with."""
    by_stratum: dict[str, list[tuple[StratumRow, Name]]] = {}
    for row, name in rows:
        by_stratum.setdefault(row.stratum, []).append((row, name))
    place_of_row: dict[Name, RowPlace] = {}
    for of_stratum in by_stratum.values():
        ordered = sorted(of_stratum, key=lambda entry: board_order(entry[0]))
        of_rows = places([row for row, _ in ordered])
        place_of_row |= {name: place for (_, name), place in zip(ordered, of_rows, strict=True)}
    return place_of_row
