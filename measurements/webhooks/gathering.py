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
from django.db import models, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from measurements.boards.models import BoardVersion, CellRevision
from measurements.ledger.models import Checkpoint, Leaf
from measurements.review.cell_key import CELL_FIELDS
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
        """The same for the same event of this platform, however often it is made; another one for each platform."""
        digest = hashlib.sha256(f"{settings.ORIGIN}\0{self.kind}\0{self.subject}".encode())
        return f"msg_{digest.hexdigest()[:32]}"

    @property
    def body(self) -> str:
        """The JSON that is sent: type, timestamp and data, as Standard Webhooks has them."""
        fields = {"type": self.kind.value, "timestamp": self.at.isoformat(), "data": self.data}
        return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


ReadEvents = Callable[[int, int, frozenset[str]], tuple[list[NewEvent], int]]
"""Gives the events of a source between two positions and of some kinds, as far as it comes, and how far that is."""


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """A source of events of `kinds`, which has `end` for its last position now."""

    name: str
    kinds: frozenset[str]
    end: int
    read: ReadEvents


def gather_events() -> int:
    """Turn what happened since the last time into events and deliveries; how many events are new.

    Without an endpoint nothing is gathered, and the first one is told of what happens from then on.
    """
    endpoints = list(WebhookEndpoint.objects.filter(disabled_at__isnull=True))
    if not endpoints:
        EventCursor.objects.all().delete()
        return 0
    sources = _sources()
    if not EventCursor.objects.exists():
        # all at once, so that whoever dies here, or runs beside it, leaves no source to be read from its beginning
        EventCursor.objects.bulk_create(
            [EventCursor(source=source.name, position=source.end) for source in sources],
            ignore_conflicts=True,
        )
    return sum(_gather(source, endpoints) for source in sources)


def record_event(event: NewEvent, *, endpoints: Sequence[WebhookEndpoint]) -> bool:
    """Store an event with a delivery for each of `endpoints`, in the caller's transaction; whether it is new."""
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


def _sources() -> list[EventSource]:
    size = Checkpoint.objects.values_list("size", flat=True).last() or 0
    boards = BoardVersion.objects.values_list("suite_id", "grade", "version")
    return [
        EventSource(name="leaves", kinds=frozenset(KIND_OF_LEAF.values()), end=size, read=_events_of_leaves),
        EventSource(
            name="checkpoints",
            kinds=frozenset({EventKind.CHECKPOINT_SIGNED}),
            end=size,
            read=_event_of_checkpoint,
        ),
        *(
            EventSource(
                name=f"board {suite_id} {grade}",
                kinds=frozenset({EventKind.CELL_MOVED}),
                end=version,
                read=_CellEvents(suite_id=suite_id, grade=grade),
            )
            for suite_id, grade, version in boards
        ),
    ]


def _gather(source: EventSource, endpoints: Sequence[WebhookEndpoint]) -> int:
    """Read a source from its cursor on; how many events are new. One without a cursor, as a new board, from its start.

    What no endpoint asks for is passed over unread.
    """
    kinds = source.kinds.intersection(kind for endpoint in endpoints for kind in endpoint.kinds)
    with transaction.atomic():
        cursor, _is_new = EventCursor.objects.select_for_update().get_or_create(
            source=source.name, defaults={"position": 0}
        )
        if cursor.position >= source.end:
            return 0
        events, position = source.read(cursor.position, source.end, kinds) if kinds else ([], source.end)
        n_new = sum(
            record_event(event, endpoints=[row for row in endpoints if event.kind in row.kinds])
            for event in events
        )
        cursor.position = position
        cursor.save(update_fields=["position"])
    return n_new


def _events_of_leaves(start: int, end: int, kinds: frozenset[str]) -> tuple[list[NewEvent], int]:
    """Of entries that a checkpoint covers, so that whoever is told can ask for a proof."""
    stop = min(start + BATCH, end)
    of_leaves = [leaf_kind for leaf_kind, kind in KIND_OF_LEAF.items() if kind in kinds]
    leaves = Leaf.objects.between(start, stop).filter(kind__in=of_leaves)
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


def _event_of_checkpoint(_start: int, end: int, _kinds: frozenset[str]) -> tuple[list[NewEvent], int]:
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

    def __call__(self, start: int, end: int, _kinds: frozenset[str]) -> tuple[list[NewEvent], int]:
        revisions = list(
            CellRevision.objects.filter(
                suite=self.suite_id, grade=self.grade, version__gt=start, version__lte=end
            )
            .with_names()
            .annotate(id_before=Subquery(_revisions_before().values("pk")[:1]))
            .order_by("version")[:BATCH]
        )
        stop = revisions[-1].version if len(revisions) == BATCH else end
        before = CellRevision.objects.in_bulk({revision.id_before for revision in revisions} - {None})
        return [_event_of_cell(revision, before.get(revision.id_before)) for revision in revisions], stop


def _revisions_before() -> models.QuerySet[CellRevision]:
    """The revisions of the same cell before the one of the outer query, the last one first."""
    of_cell = {field: OuterRef(field) for field in CELL_FIELDS}
    return CellRevision.objects.filter(**of_cell, version__lt=OuterRef("version")).order_by(
        "-updated_at", "-version"
    )


def _event_of_cell(revision: CellRevision, before: CellRevision | None) -> NewEvent:
    """A cell with its value before; energies in joules a query, null with the reason where there is none."""
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
    # a database that was restored counts its versions, and numbers its suites, once more
    board = f"board {revision.suite.digest} {revision.grade}"
    subject = f"{board} version {revision.version} {revision.updated_at.isoformat()}"
    return NewEvent(kind=EventKind.CELL_MOVED, subject=subject, at=revision.updated_at, data=data)
