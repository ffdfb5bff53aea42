"""What runs behind a request. A message is a nudge: what is lost here, the sweep finds."""

from __future__ import annotations

from celery import shared_task

from measurements.answer_cache.table_versions import fold_versions
from measurements.boards import services
from measurements.boards.latest_results import refresh_latest_results
from measurements.review.cell_turns import pause_s
from measurements.summaries.power_curves import derive_waiting_curves
from measurements.summaries.rule_counts import count_new_verdicts


@shared_task(name="boards.refresh_cells")
def refresh_cells(result_ids: list[str]) -> None:
    """Recompute the cells of these results, each once, where their turn has come."""
    services.refresh_cells_of(result_ids=result_ids, every_s=pause_s())
    if not pause_s():  # without a beat nobody else writes it before the sweep
        refresh_latest_results()


@shared_task(name="boards.refresh_due")
def refresh_due() -> None:
    """Recompute the cells that are marked, where their turn has come; write which results came last."""
    refresh_latest_results()
    services.refresh_due_cells(every_s=pause_s())


@shared_task(name="boards.sweep")
def sweep() -> None:
    """Forget old views and fold versions; count verdicts; recompute stale cells and what a lost message has left.

    Raises what one of them raised, after all others.
    """
    services.forget_old_views()
    refresh_latest_results()
    services.refresh_due_cells(every_s=pause_s())
    fold_versions()
    count_new_verdicts()
    derive_waiting_curves()
    services.refresh_stale_cells()
