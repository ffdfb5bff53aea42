"""What became of a board between two moments: values and ranks that changed, came or went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from measurements.boards.board_pages import GROUP_FIELDS
from measurements.boards.models import NAMED_BY
from measurements.boards.queries import ranked_revisions, read_ranked_rows
from measurements.boards.series import PublisherSeries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from measurements.boards.board_row import BoardRow
    from measurements.boards.series import Series, SuiteSeries
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
    """What changed of a board; `scopes` are those of all its rows at `at`, the later of the moments when it had any."""

    at: datetime
    scopes: tuple[str, ...]
    changed: list[ChangedRow]


def board_changes(*, series: Series, task: Task, since: datetime, until: datetime) -> BoardChanges | None:
    """The changed rows between two moments, in the board's order at the later one, those that went last.

    None where the board had no row at either; a published series is there from its last import on. A place depends on
    the rows under the same conditions alone: of volunteers' cells, groups that stood as they do are not read.
    """
    if isinstance(series, PublisherSeries):
        rows = [
            read_ranked_rows(series, task) if series.facts.imported_at <= at else [] for at in (since, until)
        ]
        return _compared(since, until, _by_name(rows[0]), _by_name(rows[1]), [_scopes(each) for each in rows])
    stood = [_revisions(series, task, at) for at in (since, until)]
    moved = {of_group for _, of_group in {*stood[0]} ^ {*stood[1]}}
    before, after = (
        _by_name(ranked_revisions(series, [pk for pk, of_group in revisions if of_group in moved]))
        for revisions in stood
    )
    scopes = [tuple(sorted({of_group[-2] for _, of_group in revisions})) for revisions in stood]
    return _compared(since, until, before, after, scopes)


def _compared(
    since: datetime,
    until: datetime,
    before: dict[Key, BoardRow],
    after: dict[Key, BoardRow],
    scopes: Sequence[tuple[str, ...]],
) -> BoardChanges | None:
    """The changes among rows at two moments; `scopes` are those of all rows at each, none where there was no row."""
    if not any(scopes):
        return None
    keys = [*after, *(key for key in before if key not in after)]
    pairs = [ChangedRow(before=before.get(key), after=after.get(key)) for key in keys]
    return BoardChanges(
        at=until if scopes[1] else since,
        scopes=scopes[1] or scopes[0],
        changed=[pair for pair in pairs if _compared_fields(pair.before) != _compared_fields(pair.after)],
    )


def _revisions(series: SuiteSeries, task: Task, at: datetime) -> list[tuple[int, tuple[Any, ...]]]:
    """What stood on a board at a time: the primary key of each revision with its conditions."""
    rows = series.cells(at=at, tasks=[task]).order_by().values_list("pk", *GROUP_FIELDS)
    return [(pk, tuple(conditions)) for pk, *conditions in rows]


def _by_name(rows: Iterable[BoardRow]) -> dict[Key, BoardRow]:
    return {tuple(getattr(row, name) for name in NAMED_BY): row for row in rows}


def _scopes(rows: Iterable[BoardRow]) -> tuple[str, ...]:
    return tuple(sorted({row.scope for row in rows}))


def _compared_fields(row: BoardRow | None) -> object:
    """What of a row is compared: its value with the interval, and its rank."""
    return row and (row.energy_per_query_j, row.low_j, row.high_j, row.rank, row.rank_worst)
