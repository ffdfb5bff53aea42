"""Tickets that a restore lost: made again from their entries of the log, once somebody shows the nonce and the seed.

The entry has all of a ticket but these two, and of them a digest: whoever names them was given the ticket.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from joulemark.log.challenge import challenge_digest
from measurements.catalog.models import Job
from measurements.intake.log_gate import are_rows_lost
from measurements.intake.models import Ticket
from measurements.ledger.models import Leaf, LeafKind

if TYPE_CHECKING:
    from measurements.intake.door import OpenedBundle


def ticket_in_log(opened: OpenedBundle) -> Ticket | None:
    """The ticket that a bundle names, stored again from its leaf; None where no lost entry is of it, or of its job.

    Raises IntegrityError when another process has stored it this moment.
    """
    named = opened.statement.predicate.ticket
    if named is None or not are_rows_lost():
        return None
    leaves = Leaf.objects.filter(
        kind=LeafKind.RUN_STARTED, subject=opened.key.key_id, index__isnull=False, ticket__isnull=True
    )
    for leaf in leaves.filter(body__contains=named.id):
        facts = leaf.entry().facts
        job = _job(str(facts["suite"]), str(facts["workload"]))
        if (facts["ticket"], facts["challenge_sha256"]) != (
            named.id,
            challenge_digest(named.nonce, named.sample_seed),
        ) or job is None:
            continue
        return Ticket.objects.create(
            id=named.id,
            nonce=named.nonce,
            sample_seed=named.sample_seed,
            request_sha256=str(facts["request_sha256"]),
            key=opened.key,
            job=job,
            device_tag=str(facts["device_tag"]),
            network=str(facts.get("network", "")),
            issued_at=datetime.fromisoformat(str(facts["at"])),
            expires_at=datetime.fromisoformat(str(facts["expires_at"])),
            leaf=leaf,
        )
    return None


def _job(suite_digest: str, workload: str) -> Job | None:
    task, dataset, model = workload.split("/")
    return Job.objects.filter(
        suite__digest=suite_digest, dataset__task__slug=task, dataset__slug=dataset, model__slug=model
    ).first()
