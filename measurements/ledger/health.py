"""Is the log well? Which leaves no checkpoint covers yet, and whether anything is in the way of the next one."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Min

from measurements.ledger.errors import Damaged
from measurements.ledger.models import Checkpoint, Leaf, LogHead
from measurements.ledger.published import read_published


def unsigned_leaves() -> tuple[int, datetime | None]:
    """How many leaves no checkpoint covers, and the time of the oldest; None where there is none."""
    last = Checkpoint.objects.last()
    signed = last.size if last else 0
    count, times = 0, []
    for leaves in (Leaf.objects.waiting(), Leaf.objects.filter(index__gte=signed)):  # an index for each
        totals = leaves.order_by().aggregate(n=Count("pk"), oldest=Min("logged_at"))
        count += totals["n"]
        times += [totals["oldest"]] if totals["oldest"] else []
    return count, min(times, default=None)


def is_broken() -> bool:
    """Whether the sequencer refuses to sign, or what is published is no checkpoint of this log."""
    try:
        read_published()
    except Damaged:
        return True
    return LogHead.objects.exclude(fault="").exists()
