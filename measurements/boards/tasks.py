"""What runs behind a request. A message is a nudge: what is lost here, the sweep finds."""

from __future__ import annotations

from celery import shared_task

from measurements.answer_cache.table_versions import fold_versions
from measurements.boards import services
from measurements.review.cell_turns import pause_s


@shared_task(name="boards.refresh_cells")
def refresh_cells(result_ids: list[str]) -> None:
    """Recompute the cells of these results, each once, where their turn has come."""
    services.refresh_cells_of(result_ids=result_ids, every_s=pause_s())


@shared_task(name="boards.refresh_due")
def refresh_due() -> None:
    """Recompute the cells that are marked, where their turn has come."""
    services.refresh_due_cells(every_s=pause_s())


@shared_task(name="boards.sweep")
def sweep() -> None:
    """Forget old views and fold versions; recompute stale cells, which a lost message has left.

    Raises what one of them raised, after all others.
    """
    services.forget_old_views()
    services.refresh_due_cells(every_s=pause_s())
    fold_versions()
    services.refresh_stale_cells()
