"""What runs behind a request. A message is a nudge: what is lost here, the sweep finds."""

from __future__ import annotations

from celery import shared_task

from measurements.boards import services


@shared_task(name="boards.refresh_cell")
def refresh_cell(result_id: str) -> None:
    """Recompute the cell of one result."""
    services.refresh_cell_of(result_id=result_id)


@shared_task(name="boards.sweep")
def sweep() -> None:
    """Recompute the cells that a lost message has left stale."""
    services.refresh_stale_cells()
