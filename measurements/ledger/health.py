"""Is the log well? Which leaves no checkpoint covers yet, and whether anything is in the way of the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone

from measurements.ledger.checkpoint_times import uncosigned_since
from measurements.ledger.copies import log_copies
from measurements.ledger.errors import Damaged
from measurements.ledger.models import Checkpoint, CopyState, Cosignature, Leaf, LogHead, WitnessState
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
class CopyHealth:
    """A copy of the log off this machine: how many leaves its checkpoint covers, and why it is behind, if it is."""

    name: str
    size: int
    fault: str


def copies() -> list[CopyHealth]:
    """Every copy that is configured, as the sequencer left it last."""
    states = CopyState.objects.in_bulk([copy.place_id for copy in log_copies()])
    return [
        CopyHealth(name=copy.name, size=state.size, fault=state.fault)
        if (state := states.get(copy.place_id))
        else CopyHealth(name=copy.name, size=0, fault="Nothing was handed to it yet.")
        for copy in log_copies()
    ]


@dataclass(frozen=True, kw_only=True)
class WitnessHealth:
    """A witness that the settings name: `size` entries of its last cosignature, 0 where there is none.

    `age_s` is that cosignature's age, None where there is none. `late_s`: for how long a checkpoint has stood that it
    has not cosigned, 0 while it has the last one. `fault`: why the last request to it failed; empty for one that is not
    asked, or did.
    """

    name: str
    size: int
    age_s: float | None
    late_s: float
    fault: str


def witnesses() -> list[WitnessHealth]:
    """Every witness that the settings name."""
    keys = [key.encode() for key in settings.LOG_WITNESSES]
    if not keys:
        return []
    now = timezone.now()
    states = WitnessState.objects.in_bulk(keys)
    return [_witness_health(key, now=now, fault=states[key].fault if key in states else "") for key in keys]


def _witness_health(witness: str, *, now: datetime, fault: str) -> WitnessHealth:
    """Two reads by an index, however long the log is."""
    last = (
        Cosignature.objects.filter(witness=witness)
        .order_by("-checkpoint_id")
        .values_list("checkpoint_id", "added_at")
        .first()
    )
    size = last[0] if last else 0
    since = uncosigned_since(size)
    return WitnessHealth(
        name=witness.partition("+")[0],
        size=size,
        age_s=max((now - last[1]).total_seconds(), 0.0) if last else None,
        late_s=max((now - since).total_seconds(), 0.0) if since else 0.0,
        fault=fault,
    )


def is_outdated() -> bool:
    """Whether the database was restored and waits for `manage.py resume_log`: then nothing is received either."""
    return LogHead.objects.filter(outdated=True).exists()


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
    return LogHead.objects.exclude(fault="", outdated=False).exists()
