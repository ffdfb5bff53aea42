"""Is the log well? Which leaves no checkpoint covers yet, and whether anything is in the way of the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min
from django.utils import timezone

from measurements.ledger.errors import Damaged
from measurements.ledger.models import Checkpoint, Leaf, LogHead
from measurements.ledger.published import read_published


def unsigned_leaves(*, at_most: int) -> tuple[int, datetime | None]:
    """How many leaves no checkpoint covers, of at most `at_most`, and the earliest time of these; None without any."""
    last = Checkpoint.objects.last()
    signed = last.size if last else 0
    count, times = 0, []
    waiting, placed = Leaf.objects.waiting().order_by("id"), Leaf.objects.filter(index__gte=signed)
    for leaves in (waiting, placed.order_by("index")):  # an index for each
        counted = leaves[:at_most].aggregate(n=Count("pk"), earliest=Min("logged_at"))
        count += counted["n"]
        times += [counted["earliest"]] if counted["n"] else []
    return min(count, at_most), min(times, default=None)


@dataclass(frozen=True, kw_only=True)
class LastCheckpoint:
    """How many leaves were signed last, and how long ago, in seconds."""

    size: int
    age_s: float


def last_checkpoint() -> LastCheckpoint | None:
    """What was signed last; None before the first checkpoint."""
    last = Checkpoint.objects.values_list("size", "signed_at").last()
    if last is None:
        return None
    return LastCheckpoint(size=last[0], age_s=max((timezone.now() - last[1]).total_seconds(), 0.0))


def is_broken() -> bool:
    """Whether the sequencer refuses to sign, or what is published is no checkpoint of this log."""
    try:
        read_published()
    except Damaged:
        return True
    return LogHead.objects.exclude(fault="").exists()
