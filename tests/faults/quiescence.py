"""Does anything of the platform still wait? Asked of its tables and its queue, past every link."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.production import Production

QUEUES = ("log", "sweeps", "cells", "judging", "backlog", "releases")
UNJUDGED = "results without a verdict"
COUNTS = {
    UNJUDGED: "SELECT count(*) FROM intake_submission WHERE state IN ('received', 'checking')",
    "leaves without a place": 'SELECT count(*) FROM ledger_leaf WHERE "index" IS NULL',
    "leaves without a checkpoint": (
        "SELECT (SELECT count(*) FROM ledger_leaf) - (SELECT coalesce(max(size), 0) FROM ledger_checkpoint)"
    ),
    "cells to compare": "SELECT count(*) FROM review_duecomparison",
    "cells to refresh": "SELECT count(*) FROM boards_duerefresh",
}


def waiting(production: Production) -> dict[str, int]:
    """What waits, and how much of it; empty when nothing does."""
    with production.connect() as connection, production.queue() as queue:
        counts = {name: int(str(connection.execute(query).fetchone()[0])) for name, query in COUNTS.items()}  # type: ignore[index]
        counts |= {f"messages in {name}": int(queue.llen(name)) for name in QUEUES}
    return {name: count for name, count in counts.items() if count}
