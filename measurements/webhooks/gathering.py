"""From rows to messages: what happened since the last time becomes an event, and a delivery for each endpoint.

The rows are the truth: each source is read from a cursor on, and cursor, events and deliveries are committed together.
So nothing is lost with a queue, and nothing is told twice however often this runs. Leaves are read in the order of the
log up to the last checkpoint, cells in the order of their boards' versions, both of which are orders of commits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from measurements.boards.models import BoardVersion, CellRevision
from measurements.ledger.models import Checkpoint, Leaf
from measurements.webhooks.models import (
    EventCursor,
    EventKind,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

BATCH = 500
"""Rows of one source that one round reads; the next round goes on."""
KIND_OF_LEAF = {"verdict": EventKind.RESULT_JUDGED, "release": EventKind.RELEASE_PUBLISHED}


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """Something that happened. `subject` tells it from every other event of its kind."""

    kind: EventKind
    subject: str
    at: datetime
    data: dict[str, Any]

    @property
    def message_id(self) -> str:
        """The same for the same event, whoever makes it and however often."""
        return "msg_" + hashlib.sha256(f"{self.kind}\0{self.subject}".encode()).hexdigest()[:32]

    @property
    def body(self) -> str:
        """The JSON that is sent: type, timestamp and data, as Standard Webhooks has them."""
        fields = {"type": self.kind.value, "timestamp": self.at.isoformat(), "data": self.data}
        return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


ReadEvents = Callable[[int, int], tuple[list[NewEvent], int]]
"""Gives the events of a source between two positions, as far as it comes, and how far that is."""


def gather_events() -> int:
    """Turn what happened since the last time into events and deliveries; how many events are new.

    Without an endpoint nothing is gathered, and the first one is told of what happens from then on.
    """
    if not WebhookEndpoint.objects.filter(disabled_at__isnull=True).exists():
        EventCursor.objects.all().delete()
        return 0
    begins_now = not EventCursor.objects.exists()
    sources: list[tuple[str, int, ReadEvents]] = [
        ("leaves", _signed_size(), _events_of_leaves),
        ("checkpoints", _signed_size(), _event_of_checkpoint),
    ]
    for suite_id, grade, version in BoardVersion.objects.values_list("suite_id", "grade", "version"):
        sources.append((f"board {suite_id} {grade}", version, _CellEvents(suite_id=suite_id, grade=grade)))
    return sum(_gather(name, end, read, begins_now=begins_now) for name, end, read in sources)


def record_event(event: NewEvent, *, endpoints: Sequence[WebhookEndpoint] | None = None) -> bool:
    """Store an event with its deliveries, in the caller's transaction; whether it is new. Not where nobody wants it.

    `endpoints`: those that are told; by default all that are enabled and want its kind.
    """
    if endpoints is None:
        enabled = WebhookEndpoint.objects.filter(disabled_at__isnull=True)
        endpoints = [endpoint for endpoint in enabled if event.kind in endpoint.kinds]
    if not endpoints:
        return False
    row, is_new = WebhookEvent.objects.get_or_create(
        message_id=event.message_id,
        defaults={
            "kind": event.kind,
            "subject": event.subject,
            "body": event.body,
            "happened_at": event.at,
        },
    )
    if not is_new:
        return False
    now = timezone.now()
    WebhookDelivery.objects.bulk_create(
        [WebhookDelivery(endpoint=endpoint, event=row, next_at=now) for endpoint in endpoints],
        ignore_conflicts=True,
    )
    return True


def _gather(source: str, end: int, read: ReadEvents, *, begins_now: bool) -> int:
    """Read a source from its cursor on up to `end`; how many events are new.

    A source without a cursor is read from its beginning, such as a new board, or from `end` on where all begin now.
    """
    with transaction.atomic():
        cursor, _is_new = EventCursor.objects.select_for_update().get_or_create(
            source=source, defaults={"position": end if begins_now else 0}
        )
        if cursor.position >= end:
            return 0
        events, position = read(cursor.position, end)
        n_new = sum(record_event(event) for event in events)
        cursor.position = position
        cursor.save(update_fields=["position"])
    return n_new


def _signed_size() -> int:
    return Checkpoint.objects.values_list("size", flat=True).last() or 0


def _events_of_leaves(start: int, end: int) -> tuple[list[NewEvent], int]:
    """Of entries that a checkpoint covers, so that whoever is told can ask for a proof."""
    stop = min(start + BATCH, end)
    leaves = Leaf.objects.between(start, stop).filter(kind__in=KIND_OF_LEAF)
    return [_event_of_leaf(leaf) for leaf in leaves], stop


def _event_of_leaf(leaf: Leaf) -> NewEvent:
    entry = leaf.entry()
    kind = KIND_OF_LEAF[leaf.kind]
    data: dict[str, Any] = {"subject": leaf.subject, "leaf_index": leaf.index, "facts": entry.facts}
    if kind is EventKind.RESULT_JUDGED:
        data = {
            "result_id": leaf.subject,
            "leaf_index": leaf.index,
            "facts": entry.facts,
            "url": f"{settings.ORIGIN}/api/v1/results/{leaf.subject}",
        }
    return NewEvent(kind=kind, subject=f"leaf {leaf.index}", at=leaf.logged_at, data=data)


def _event_of_checkpoint(_start: int, end: int) -> tuple[list[NewEvent], int]:
    """Of the last one alone: it stands for those before it."""
    checkpoint = Checkpoint.objects.get(size=end)
    event = NewEvent(
        kind=EventKind.CHECKPOINT_SIGNED,
        subject=f"size {end}",
        at=checkpoint.signed_at,
        data={
            "size": end,
            "root": checkpoint.root,
            "note": checkpoint.note,
            "url": f"{settings.ORIGIN}/log/checkpoint",
        },
    )
    return [event], end


@dataclass(frozen=True, kw_only=True)
class _CellEvents:
    """Reads the changed cells of one board, in the order of its versions."""

    suite_id: int
    grade: str

    def __call__(self, start: int, end: int) -> tuple[list[NewEvent], int]:
        revisions = list(
            CellRevision.objects.filter(
                suite=self.suite_id, grade=self.grade, version__gt=start, version__lte=end
            )
            .with_names()
            .order_by("version")[:BATCH]
        )
        stop = revisions[-1].version if len(revisions) == BATCH else end
        return [_event_of_cell(revision) for revision in revisions], stop


def _event_of_cell(revision: CellRevision) -> NewEvent:
    """A cell with its value before; energies in joules a query, null with the reason where there is none."""
    of_cell = CellRevision.objects.filter(**revision.key.columns, version__lt=revision.version)
    before = of_cell.order_by("-updated_at", "-version").first()
    data = {
        "series": revision.suite.slug,
        "board_version": revision.version,
        "task": revision.dataset.task.slug,
        "dataset": revision.dataset.slug,
        "model": revision.model.slug,
        "hardware": revision.hardware_class.public_slug,
        "grade": revision.grade,
        "scope": revision.scope,
        "stratum": revision.stratum,
        "tier": revision.tier,
        "unit": "J/query",
        "gone": revision.gone,
        "energy": None if revision.gone else revision.energy_per_query_j,
        "energy_low": None if revision.gone else revision.low_j,
        "energy_high": None if revision.gone else revision.high_j,
        "no_energy": "gone" if revision.gone else "",
        "no_interval": "gone" if revision.gone else revision.no_interval,
        "energy_before": None if before is None or before.gone else before.energy_per_query_j,
        "n_results": revision.n_results,
        "n_contributors": revision.n_contributors,
        "n_devices": revision.n_devices,
    }
    subject = f"board {revision.suite_id} {revision.grade} version {revision.version}"
    return NewEvent(kind=EventKind.CELL_MOVED, subject=subject, at=revision.updated_at, data=data)
