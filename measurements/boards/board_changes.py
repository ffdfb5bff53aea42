"""What became of a board between two moments: values and ranks that changed, came or went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.boards.models import NAMED_BY
from measurements.boards.queries import NotKept, read_board

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.boards.board_row import BoardRow
    from measurements.boards.queries import Board

Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChangedRow:
    """A row at both moments; None where the board did not have it."""

    before: BoardRow | None
    after: BoardRow | None

    @property
    def row(self) -> BoardRow:
        """The later of the two, for its names."""
        row = self.after or self.before
        assert row is not None  # noqa: S101 - a changed row was there at least once
        return row

    @property
    def ratio(self) -> float | None:
        """The later value over the earlier one; None where there are not both."""
        if self.before is None or self.after is None:
            return None
        return self.after.energy_per_query_j / self.before.energy_per_query_j


def board_changes(
    *, series_slug: str, task_slug: str, since: datetime, until: datetime
) -> tuple[Board, list[ChangedRow]] | None:
    """The board at the later moment and its changed rows, in that board's order, those that went last.

    None where no board was there at either moment; a published series is there from its last import on.
    """
    boards = [_board_at(series_slug, task_slug, at) for at in (since, until)]
    board = boards[1] or boards[0]
    if board is None:
        return None
    before, after = (_rows(each) for each in boards)
    keys = [*after, *(key for key in before if key not in after)]
    pairs = [ChangedRow(before=before.get(key), after=after.get(key)) for key in keys]
    return board, [pair for pair in pairs if _compared_fields(pair.before) != _compared_fields(pair.after)]


def _board_at(series_slug: str, task_slug: str, at: datetime) -> Board | None:
    try:
        return read_board(series_slug=series_slug, task_slug=task_slug, at=at)
    except NotKept:
        return None


def _rows(board: Board | None) -> dict[Key, BoardRow]:
    return {tuple(getattr(row, name) for name in NAMED_BY): row for row in board.rows} if board else {}


def _compared_fields(row: BoardRow | None) -> object:
    """What of a row is compared: its value with the interval, and its rank."""
    return row and (row.energy_per_query_j, row.low_j, row.high_j, row.rank, row.rank_worst)
