"""Receivers of review's signals: mark touched cells, queue their refresh, and count wishes."""

from __future__ import annotations

from collections.abc import Collection

from measurements.boards.job_needs import JobKey, refresh_replications_wanted
from measurements.boards.models import DueRefresh
from measurements.boards.tasks import refresh_cells
from measurements.ledger.outgoing import OUTGOING
from measurements.review.cell_key import CellKey


def on_cells_touched(*, cells: Collection[CellKey], **_: object) -> None:
    """Mark cells as due, within the transaction that changes their results."""
    DueRefresh.objects.mark(cells)


def on_cells_compared(*, cells: Collection[CellKey], **_: object) -> None:
    """Count anew how many results of their jobs ask for a repetition."""
    refresh_replications_wanted({JobKey.of(cell) for cell in cells})


def on_states_changed(*, result_ids: list[str], **_: object) -> None:
    """Queue a refresh of the results' cells; while the queue cannot be reached, the sweep will find them."""
    OUTGOING.send(refresh_cells, result_ids, subject=f"cells of {len(result_ids)} results")
