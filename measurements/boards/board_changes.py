"""What became of a board between two moments: values and ranks that changed, came or went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.boards.models import NAMED_BY
from measurements.boards.queries import read_ranked_rows
from measurements.boards.series import PublisherSeries

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.boards.board_row import BoardRow
    from measurements.boards.series import Series
    from measurements.catalog.models import Task

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


@dataclass(frozen=True, kw_only=True)
class BoardChanges:
    """What changed of a board; `rows` are all that it had at `at`, the later of the two moments at which it had any."""

    at: datetime
    rows: list[BoardRow]
    changed: list[ChangedRow]


def board_changes(*, series: Series, task: Task, since: datetime, until: datetime) -> BoardChanges | None:
    """The changed rows between two moments, in the board's order at the later one, those that went last.

    None where the board had no row at either; a published series is there from its last import on.
    """
    before, after = (_rows(series, task, at) for at in (since, until))
    if not before and not after:
        return None
    keys = [*after, *(key for key in before if key not in after)]
    pairs = [ChangedRow(before=before.get(key), after=after.get(key)) for key in keys]
    return BoardChanges(
        at=until if after else since,
        rows=list((after or before).values()),
        changed=[pair for pair in pairs if _compared_fields(pair.before) != _compared_fields(pair.after)],
    )


def _rows(series: Series, task: Task, at: datetime) -> dict[Key, BoardRow]:
    if isinstance(series, PublisherSeries) and series.facts.imported_at > at:
        return {}
    rows = read_ranked_rows(series, task, at=at)
    return {tuple(getattr(row, name) for name in NAMED_BY): row for row in rows}


def _compared_fields(row: BoardRow | None) -> object:
    """What of a row is compared: its value with the interval, and its rank."""
    return row and (row.energy_per_query_j, row.low_j, row.high_j, row.rank, row.rank_worst)
