"""The receiver of review's signal: queue a refresh of the touched cells, in one message."""

from __future__ import annotations

from measurements.boards.tasks import refresh_cells
from measurements.ledger.outgoing import OUTGOING


def on_states_changed(*, result_ids: list[str], **_: object) -> None:
    """Queue a refresh of the results' cells; while the queue cannot be reached, the sweep will find them."""
    OUTGOING.send(refresh_cells, result_ids, subject=f"cells of {len(result_ids)} results")
