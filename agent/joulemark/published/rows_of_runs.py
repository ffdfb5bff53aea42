"""Rows of CodeCarbon's logs with the run and phase of each; of a run that was logged as it went on, the last state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.published.errors import BadRow
from joulemark.published.figures import LeftOut
from joulemark.published.table import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.published.figures import InputFile
    from joulemark.published.names import NameMap
    from joulemark.published.table import TableForm, TableRow


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A row. `phase` is None for a whole run; `run_id` is None in logs that have none (CodeCarbon 1.x).

    `inflated`: its energies contain a PUE other than 1.
    """

    row: TableRow
    run_id: str | None
    phase: str | None
    inflated: bool


def logged_rows(
    files: Sequence[InputFile], names: NameMap, problems: list[BadRow], form: TableForm
) -> list[Logged]:
    """The rows of all files; one that cannot be read is added to `problems`. Raises UnreadableInput."""
    logged = []
    for file in files:
        for row in read_table(file, names.columns, problems, form):
            try:
                logged.append(_logged(row, names.phase))
            except BadRow as error:
                problems.append(error)
    return logged


def _logged(row: TableRow, phase: str | None) -> Logged:
    return Logged(
        row=row,
        run_id=row.text("run_id"),
        phase=row.needed_text("task_name") if row.has("task_name") else phase,
        inflated=row.number("pue") not in {None, 1.0},
    )


def latest_states(rows: list[Logged], problems: list[BadRow]) -> tuple[list[Logged], list[LeftOut]]:
    """The last row of each run and phase. CodeCarbon's `flush` writes a run's energy so far, later ones with more.

    Two rows of one run that are not such states are the same run twice, which is a problem.
    """
    latest: dict[object, Logged] = {}
    earlier = []
    for logged in rows:
        key = (logged.run_id, logged.phase) if logged.run_id else tuple(logged.row.cells.items())
        before = latest.get(key)
        if before is not None:
            if not _goes_on(before.row, logged.row):
                problems.append(BadRow(logged.row.where, f"the same run as {before.row.where}", rule="twice"))
                continue
            earlier.append(
                LeftOut(
                    where=before.row.where,
                    what=before.row.words("project_name") or "a run",
                    reason="an earlier state of a run that goes on",
                )
            )
        latest[key] = logged
    return list(latest.values()), earlier


def _goes_on(before: TableRow, after: TableRow) -> bool:
    """Whether `after` is a later state of the same run: longer, and with no less energy."""
    try:
        return all(
            (after.number(column) or 0) > (before.number(column) or 0)
            for column in ("duration", "energy_consumed")
        )
    except BadRow:
        return False
