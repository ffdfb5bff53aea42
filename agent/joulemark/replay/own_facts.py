"""What the rules are told of a result's own arrival, key and ticket, out of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from joulemark.log.challenge import challenge_digest
from joulemark.rules.case import Context, TicketFacts

if TYPE_CHECKING:
    from joulemark.record.statement import Statement
    from joulemark.replay.state_file import StateFile


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """How a result came, as its entry and those of its key and ticket say; `leaf` is its index in the log."""

    result_id: str
    written: int
    leaf: int
    key_id: str
    contributor: str | None
    public_key: str | None
    received_at: datetime
    trace_sha256: str
    ticket: str | None


ARRIVAL = """
SELECT a.result_id, a.written, a.leaf, a.key_id, k.contributor, k.public_key, a.received_at, a.trace_sha256, a.ticket
FROM arrivals a LEFT JOIN keys k ON k.key_id = a.key_id
"""


def arrival_of(state: StateFile, result_id: str) -> Arrival | None:
    """The arrival of a result, None where the log has none."""
    row = state.first(f"{ARRIVAL} WHERE a.result_id = ?", result_id)
    if row is None:
        return None
    names = tuple(Arrival.__dataclass_fields__)
    values = dict(zip(names, row, strict=True))
    return Arrival(**values | {"received_at": datetime.fromisoformat(values["received_at"])})


def own_context(state: StateFile, arrival: Arrival, statement: Statement, *, origin: str) -> Context:
    """The context of a result without that of others; its key is held to be trusted."""
    return Context(
        received_at=arrival.received_at,
        audience=origin,
        public_key=arrival.public_key,
        key_revoked=False,
        ticket=ticket_facts(state, arrival.ticket, statement),
        suite=None,
        same_trace_as=None,
    )


def ticket_facts(state: StateFile, ticket: str | None, statement: Statement) -> TicketFacts | None:
    """The ticket as it was issued.

    The log has of nonce and seed only a digest: those that the statement names are the ticket's if they have it.
    """
    if ticket is None:
        return None
    row = state.first(
        "SELECT workload, device, challenge, issued_at, expires_at FROM tickets WHERE ticket = ?", ticket
    )
    if row is None:
        return None
    workload, device, challenge, issued_at, expires_at = row
    task, dataset, model = [*workload.split("/"), "", ""][:3]
    stated = statement.predicate.ticket
    is_stated = stated is not None and challenge_digest(stated.nonce, stated.sample_seed) == challenge
    return TicketFacts(
        id=ticket,
        nonce=stated.nonce if stated is not None and is_stated else "",
        sample_seed=stated.sample_seed if stated is not None and is_stated else 0,
        task=task,
        dataset=dataset,
        model=model,
        device_tag=device,
        issued_at=datetime.fromisoformat(issued_at),
        expires_at=datetime.fromisoformat(expires_at),
    )
