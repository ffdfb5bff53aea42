"""The log at a glance: the latest checkpoints, who witnessed them, and gaps that restores have left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Max

from measurements.ledger.models import Checkpoint, Cosignature, LogGap

if TYPE_CHECKING:
    from datetime import datetime

LATEST = 20


@dataclass(frozen=True, kw_only=True)
class WitnessRecord:
    """A witness by its verifier key, with the checkpoints that it has co-signed."""

    key: str
    name: str
    n_checkpoints: int
    last_size: int | None
    last_at: datetime | None


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
    """What the log's page shows, in four queries."""
    latest = Checkpoint.objects.annotate(n_witnesses=Count("cosignatures")).order_by("-size")[:LATEST]
    counted = {
        row["witness"]: row
        for row in Cosignature.objects.order_by()
        .values("witness")
        .annotate(n=Count("pk"), size=Max("checkpoint"), at=Max("added_at"))
    }
    keys = dict.fromkeys([*(key.encode() for key in settings.LOG_WITNESSES), *counted])
    return LogSummary(
        checkpoints=list(latest),
        n_checkpoints=Checkpoint.objects.count(),
        witnesses=[
            WitnessRecord(
                key=key,
                name=key.partition("+")[0],
                n_checkpoints=counted[key]["n"] if key in counted else 0,
                last_size=counted[key]["size"] if key in counted else None,
                last_at=counted[key]["at"] if key in counted else None,
            )
            for key in keys
        ],
        gaps=list(LogGap.objects.select_related("leaf")),
    )
