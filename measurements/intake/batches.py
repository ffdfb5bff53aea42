"""Many bundles in one request: each is judged at the door for itself, and those that pass are stored together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Q

from joulemark.record.bundle import Bundle
from joulemark.record.errors import RecordError
from joulemark.record.limits import MAX_BATCH_BUNDLES
from measurements.contributors.models import Key
from measurements.intake.door import OpenedBundle, parsed_bundle, require_enrolled, verified_bundle
from measurements.intake.group_commit import Gathering
from measurements.intake.models import Submission, Ticket
from measurements.intake.rates import over, spend
from measurements.intake.refusals import BadRequest, Refusal, refusal_for
from measurements.intake.services import Arrived, accept_result, nudge, require_ticket, store

Made = TypeVar("Made")
Outcome = tuple[Submission, bool] | Refusal
"""A submission and whether it is new, or why there is none."""


def split(data: bytes) -> list[bytes]:
    """The bundles of a batch: each ends with the newline that ends a bundle. Raises BadRequest (JM-BATCH)."""
    bodies = data.splitlines(keepends=True)
    if not 1 <= len(bodies) <= MAX_BATCH_BUNDLES:
        raise BadRequest(
            "JM-BATCH",
            f"A batch has 1 to {MAX_BATCH_BUNDLES} bundles, one a line; this one has {len(bodies)}.",
        )
    return bodies


def accept_results(*, bodies: Sequence[bytes]) -> list[Outcome]:
    """As `accept_result` for each, in order; what is refused does not hold the others up."""
    opened = _opened(bodies)
    arrived = _with_tickets(bodies, opened)
    new = _within_rates(_once([one for one in arrived if isinstance(one, Arrived)]))
    stored = _stored(new)
    if stored is None:  # some were here before
        stored = _stored(_unknown(new)) or {}
    spend("result", Counter(row.key_id for row in stored.values()))
    told: set[str] = set()
    return [_outcome(one, stored, told) for one in arrived]


def accept_gathered(*, data: bytes) -> tuple[Submission, bool]:
    """As `accept_result`; what several threads of this process are handed at once is stored in one transaction.

    Raises Refusal or RecordError.
    """
    outcome = _GATHERING.ask(data)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def _alone(data: bytes) -> Outcome:
    return accept_result(data=data)


def _together(bodies: Sequence[bytes]) -> list[Outcome]:
    return accept_results(bodies=bodies)


MOMENT_S = 0.004
"""As long as a commit takes to be on disk: who comes within it is stored as soon as with a commit of its own."""

_GATHERING: Gathering[bytes, Outcome] = Gathering(
    alone=_alone, together=_together, most=MAX_BATCH_BUNDLES, moment_s=MOMENT_S
)


def _stored(new: Mapping[str, Arrived]) -> dict[str, Submission] | None:
    """All of them by result id once they are on disk; None, and nothing stored, when one was here before."""
    if not new:
        return {}
    try:
        with transaction.atomic():
            stored = {row.pk: row for row in store(list(new.values()))}
            for result_id in stored:
                transaction.on_commit(partial(nudge, result_id))
    except IntegrityError:
        return None
    return stored


def _outcome(one: Arrived | Refusal, stored: Mapping[str, Submission], told: set[str]) -> Outcome:
    if isinstance(one, Refusal):
        return one
    result_id = one.opened.sha256
    if result_id in stored:
        created = result_id not in told
        told.add(result_id)
        return stored[result_id], created
    try:
        return accept_result(data=one.data, opened=one.opened)
    except Refusal as refusal:
        return refusal


def _opened(bodies: Sequence[bytes]) -> list[OpenedBundle | Refusal]:
    """Each bundle verified; keys are looked up once."""
    parsed = [_caught(partial(parsed_bundle, body)) for body in bodies]
    named = {one.envelope.key_id for one in parsed if isinstance(one, Bundle)}
    keys = Key.objects.named(named)
    return [one if isinstance(one, Refusal) else _caught(partial(_verified, one, keys)) for one in parsed]


def _with_tickets(
    bodies: Sequence[bytes], opened: Sequence[OpenedBundle | Refusal]
) -> list[Arrived | Refusal]:
    named = [one.statement.predicate.ticket for one in opened if isinstance(one, OpenedBundle)]
    tickets = Ticket.objects.in_bulk([ticket.id for ticket in named if ticket is not None])
    return [
        one if isinstance(one, Refusal) else _caught(partial(_arrived, body, one, tickets))
        for body, one in zip(bodies, opened, strict=True)
    ]


def _verified(bundle: Bundle, keys: Mapping[str, Key]) -> OpenedBundle:
    return verified_bundle(bundle, key=require_enrolled(keys.get(bundle.envelope.key_id)))


def _arrived(data: bytes, opened: OpenedBundle, tickets: Mapping[str, Ticket]) -> Arrived:
    named = opened.statement.predicate.ticket
    ticket = None if named is None else tickets.get(named.id)
    return Arrived(data, opened, require_ticket(opened, ticket))


def _once(arrived: Sequence[Arrived]) -> dict[str, Arrived]:
    """By result id, what comes first of those with the same bytes or ticket."""
    once: dict[str, Arrived] = {}
    used: set[str] = set()
    for one in arrived:
        ticket = None if one.ticket is None else one.ticket.pk
        if one.opened.sha256 not in once and ticket not in used:
            once[one.opened.sha256] = one
            if ticket is not None:
                used.add(ticket)
    return once


def _unknown(new: Mapping[str, Arrived]) -> dict[str, Arrived]:
    """Those of which neither bytes nor ticket were here before."""
    tickets = [one.ticket.pk for one in new.values() if one.ticket is not None]
    before = Submission.objects.filter(Q(pk__in=new) | Q(ticket__in=tickets)).values_list("pk", "ticket")
    known = {value for row in before for value in row}
    return {
        result_id: one
        for result_id, one in new.items()
        if result_id not in known and (one.ticket is None or one.ticket.pk not in known)
    }


def _within_rates(new: Mapping[str, Arrived]) -> dict[str, Arrived]:
    """Those whose keys have room for all of theirs; the others go through the single door, which says no to each."""
    wanted = Counter(one.opened.key.key_id for one in new.values())
    full = over("result", wanted)
    return {result_id: one for result_id, one in new.items() if one.opened.key.key_id not in full}


def _caught(make: Callable[[], Made]) -> Made | Refusal:
    """What `make` gives, or why it refuses."""
    try:
        return make()
    except Refusal as refusal:
        return refusal
    except RecordError as error:
        return refusal_for(error)
