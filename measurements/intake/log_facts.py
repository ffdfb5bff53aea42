"""The facts of tickets, results and keys that the log records, computed from rows: on writing and on every audit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from django.db.models import Max

from joulemark.log.challenge import challenge_digest
from measurements.contributors.models import Key, KeyState
from measurements.intake.models import UNJUDGED, Submission, Ticket
from measurements.intake.suite_services import read_suites
from measurements.ledger.facts import RowFacts
from measurements.ledger.log_facts import Recorded, register
from measurements.ledger.models import Leaf, LeafKind

BUNDLES_PER_BATCH = 20
"""Bundles that are held in memory at once."""
ENDS = (LeafKind.KEY_ROTATED, LeafKind.KEY_REVOKED)
DECISIONS = (LeafKind.VERDICT, LeafKind.MODERATION, LeafKind.WITHDRAWAL)
"""Leaves that move a result to another state."""

Item = TypeVar("Item")


def ticket_facts(ticket: Ticket) -> RowFacts:
    """The facts of a ticket; of nonce and seed only a digest, for the volunteer must learn them first."""
    job = ticket.job
    facts: RowFacts = {
        "ticket": ticket.pk,
        "suite": job.suite.digest,
        "workload": f"{job.dataset.task.slug}/{job.dataset.slug}/{job.model.slug}",
        "challenge_sha256": challenge_digest(ticket.nonce, ticket.sample_seed),
        "request_sha256": ticket.request_sha256,
        "device_tag": ticket.device_tag,
        "at": ticket.issued_at,
        "expires_at": ticket.expires_at,
    }
    return {**facts, "network": ticket.network} if ticket.network else facts


def result_facts(submission: Submission) -> RowFacts:
    """The facts of a result beside its id, which is the digest of its bytes."""
    return {
        "key": submission.key_id,
        "ticket": submission.ticket_id or "",
        "trace_sha256": submission.trace_sha256,
        "at": submission.received_at,
    }


def read_tickets(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Tickets as they are now."""
    rows = Ticket.objects.select_related("job__suite", "job__dataset__task", "job__model").filter(
        leaf__in=leaves
    )
    return {row.leaf_id: Recorded(row.key_id, ticket_facts(row)) for row in rows}


def read_results(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Results as they are now, their bytes hashed again. One that has a state without a decision shows it."""
    decided = set(
        Leaf.objects.filter(subject__in=[leaf.subject for leaf in leaves], kind__in=DECISIONS).values_list(
            "subject", flat=True
        )
    )
    recorded: dict[int, Recorded] = {}
    for part in _parts(list(leaves), BUNDLES_PER_BATCH):
        subjects = {leaf.pk: leaf.subject for leaf in part}
        for row in Submission.objects.defer("receipt").filter(leaf__in=part):
            digest = hashlib.sha256(bytes(row.bundle)).hexdigest()
            facts = dict(result_facts(row))
            if row.state not in UNJUDGED and row.pk not in decided:
                facts["state"] = row.state
            recorded[row.leaf_id] = Recorded(digest if row.pk == subjects[row.leaf_id] else row.pk, facts)
    return recorded


def read_enrolled(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Keys as they are now. One that has ended without a leaf of it shows that."""
    from measurements.intake.key_services import enrolled_facts

    ended = _last_ends(leaves)
    recorded = {}
    for leaf, key in _keys(leaves):
        facts = dict(enrolled_facts(key))
        if key.state != KeyState.ACTIVE and key.pk not in ended:
            facts["state"] = key.state
        recorded[leaf.pk] = Recorded(key.pk, facts)
    return recorded


def read_rotated(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Keys that gave way, as they are now."""
    from measurements.intake.key_services import rotated_facts

    return _read_ended(leaves, rotated_facts)


def read_revoked(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Keys that were revoked, as they are now. Which moderator did it no table says."""
    from measurements.intake.key_services import revoked_facts

    return _read_ended(leaves, revoked_facts)


def _read_ended(leaves: Collection[Leaf], facts_of: Callable[[Key], RowFacts]) -> Mapping[int, Recorded]:
    """The row keeps how a key ended last: what an earlier leaf says of the time is overwritten there."""
    last = _last_ends(leaves)
    recorded = {}
    for leaf, key in _keys(leaves):
        logged, facts = leaf.entry().facts, dict(facts_of(key))
        if last.get(key.pk) != leaf.pk:
            facts |= {name: logged[name] for name in ("at", "untrusted_since") if name in logged}
        recorded[leaf.pk] = Recorded(
            key.pk, {**{name: logged[name] for name in logged if name not in facts}, **facts}
        )
    return recorded


def _keys(leaves: Collection[Leaf]) -> Iterator[tuple[Leaf, Key]]:
    rows = Key.objects.select_related("contributor").in_bulk([leaf.subject for leaf in leaves])
    return ((leaf, rows[leaf.subject]) for leaf in leaves if leaf.subject in rows)


def _last_ends(leaves: Collection[Leaf]) -> dict[str, int]:
    """The last leaf about the end of each key, by key."""
    ends = Leaf.objects.filter(subject__in=[leaf.subject for leaf in leaves], kind__in=ENDS)
    return dict(ends.order_by().values_list("subject").annotate(Max("id")))


def _parts(items: Sequence[Item], length: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + length] for start in range(0, len(items), length))


def register_readers() -> None:
    """Register the readers of the rows behind each kind of leaf."""
    register(LeafKind.RUN_STARTED, read_tickets)
    register(LeafKind.RESULT_RECEIVED, read_results)
    register(LeafKind.KEY_ENROLLED, read_enrolled)
    register(LeafKind.KEY_ROTATED, read_rotated)
    register(LeafKind.KEY_REVOKED, read_revoked)
    register(LeafKind.SUITE_PINNED, read_suites)
