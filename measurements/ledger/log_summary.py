"""The log at a glance: the latest checkpoints, who witnessed them, and gaps that restores have left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Max

from measurements.ledger.checkpoint_times import uncosigned_since
from measurements.ledger.models import Checkpoint, Cosignature, LogGap

if TYPE_CHECKING:
    from datetime import datetime

LATEST = 20


@dataclass(frozen=True, kw_only=True)
class WitnessRecord:
    """A witness by its verifier key, with the checkpoints that it has co-signed.

    `waits_since` is when the first checkpoint was signed that it has not co-signed; None while it has the last one.
    """

    key: str
    name: str
    n_checkpoints: int
    last_size: int | None
    last_at: datetime | None
    waits_since: datetime | None


@dataclass(frozen=True, kw_only=True)
class LogSummary:
    """`checkpoints` are the latest, the last one first; `n_checkpoints` counts all."""

    checkpoints: list[Checkpoint]
    n_checkpoints: int
    witnesses: list[WitnessRecord]
    gaps: list[LogGap]

    @property
    def latest(self) -> Checkpoint | None:
        """The last checkpoint that was signed."""
        return self.checkpoints[0] if self.checkpoints else None


def read_log_summary() -> LogSummary:
    """What the log's page shows, in four queries and one for each witness."""
    latest = Checkpoint.objects.annotate(n_witnesses=Count("cosignatures")).order_by("-size")[:LATEST]
    return LogSummary(
        checkpoints=list(latest),
        n_checkpoints=Checkpoint.objects.count(),
        witnesses=_witness_records(),
        gaps=list(LogGap.objects.select_related("leaf")),
    )


def _witness_records() -> list[WitnessRecord]:
    """Those that the settings name, then former ones, of which none waits."""
    counted = {
        row["witness"]: row
        for row in Cosignature.objects.order_by()
        .values("witness")
        .annotate(n=Count("pk"), size=Max("checkpoint"), at=Max("added_at"))
    }
    current = [key.encode() for key in settings.LOG_WITNESSES]
    return [
        WitnessRecord(
            key=key,
            name=key.partition("+")[0],
            n_checkpoints=row["n"] if row else 0,
            last_size=row["size"] if row else None,
            last_at=row["at"] if row else None,
            waits_since=uncosigned_since(row["size"] if row else 0) if key in current else None,
        )
        for key in dict.fromkeys([*current, *counted])
        for row in [counted.get(key)]
    ]
