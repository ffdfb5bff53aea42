"""Many bundles in one request: each is verified on its own, and those that pass are stored together."""

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
from measurements.concurrency.message_headers import current_request_id
from measurements.contributors.models import Key
from measurements.intake.door import OpenedBundle, parsed_bundle, require_enrolled, verified_bundle
from measurements.intake.group_commit import Gathering
from measurements.intake.models import Submission, Ticket
from measurements.intake.rates import consume_quota, over_quota
from measurements.intake.refusals import BadRequest, Refusal, refusal_for
from measurements.intake.services import Arrived, accept_result, nudge, require_ticket, store_bundles

Value = TypeVar("Value")
Outcome = tuple[Submission, bool] | Refusal
"""A submission and whether it is new, or why there is none."""


def split_batch(data: bytes) -> list[bytes]:
    """The bundles of a batch: each ends with the newline that ends a bundle. Raises BadRequest (JM-BATCH)."""
    bodies = data.splitlines(keepends=True)
    if not 1 <= len(bodies) <= MAX_BATCH_BUNDLES:
        raise BadRequest(
            "JM-BATCH",
            f"A batch has 1 to {MAX_BATCH_BUNDLES} bundles, one a line; this one has {len(bodies)}.",
        )
    return bodies


def accept_results(*, bodies: Sequence[bytes], request_ids: Sequence[str] = ()) -> list[Outcome]:
    """As `accept_result` for each, in order; a refusal does not affect the others.

    `request_ids` names the request that brought each; by default all came with the one under way.
    """
    opened = _opened(bodies)
    request_ids = request_ids or [current_request_id()] * len(bodies)
    arrived = _with_tickets(bodies, opened, request_ids)
    new = _within_rates(_once([arrival for arrival in arrived if isinstance(arrival, Arrived)]))
    stored = _stored(new)
    if stored is None:  # some were here before
        stored = _stored(_unknown(new)) or {}
    consume_quota("result", Counter(row.key_id for row in stored.values()))
    answered: set[str] = set()
    return [_outcome(arrival, stored, answered) for arrival in arrived]


def accept_gathered(*, data: bytes) -> tuple[Submission, bool]:
    """As `accept_result`; bundles that several threads of this process receive at once are stored in one transaction.

    Raises Refusal or RecordError.
    """
    outcome = _GATHERING.ask((data, current_request_id()))
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


Upload = tuple[bytes, str]
"""The bytes of a bundle, and the id of the request that brought them."""


def _alone(upload: Upload) -> Outcome:
    return accept_result(data=upload[0])


def _together(uploads: Sequence[Upload]) -> list[Outcome]:
    return accept_results(bodies=[body for body, _ in uploads], request_ids=[id_ for _, id_ in uploads])


MOMENT_S = 0.004
"""As long as a commit takes to be on disk: who comes within it is stored as soon as with a commit of its own."""

_GATHERING: Gathering[Upload, Outcome] = Gathering(
    alone=_alone, together=_together, most=MAX_BATCH_BUNDLES, moment_s=MOMENT_S
)


def _stored(new: Mapping[str, Arrived]) -> dict[str, Submission] | None:
    """The submissions by result id once they are on disk; None, and nothing stored, when one existed before."""
    if not new:
        return {}
    try:
        with transaction.atomic():
            stored = {row.pk: row for row in store_bundles(list(new.values()))}
            for submission in stored.values():
                transaction.on_commit(partial(nudge, submission))
    except IntegrityError:
        return None
    return stored


def _outcome(arrival: Arrived | Refusal, stored: Mapping[str, Submission], answered: set[str]) -> Outcome:
    if isinstance(arrival, Refusal):
        return arrival
    result_id = arrival.opened.sha256
    if result_id in stored:
        created = result_id not in answered
        answered.add(result_id)
        return stored[result_id], created
    try:
        return accept_result(data=arrival.data, opened=arrival.opened)
    except Refusal as refusal:
        return refusal


def _opened(bodies: Sequence[bytes]) -> list[OpenedBundle | Refusal]:
    """Each bundle verified; keys are looked up once."""
    parsed = [_caught(partial(parsed_bundle, body)) for body in bodies]
    named = {bundle.envelope.key_id for bundle in parsed if isinstance(bundle, Bundle)}
    keys = Key.objects.named(named)
    return [
        bundle if isinstance(bundle, Refusal) else _caught(partial(_verified, bundle, body, keys))
        for bundle, body in zip(parsed, bodies, strict=True)
    ]


def _with_tickets(
    bodies: Sequence[bytes], opened: Sequence[OpenedBundle | Refusal], request_ids: Sequence[str]
) -> list[Arrived | Refusal]:
    named = [bundle.statement.predicate.ticket for bundle in opened if isinstance(bundle, OpenedBundle)]
    tickets = Ticket.objects.in_bulk([ticket.id for ticket in named if ticket is not None])
    return [
        bundle
        if isinstance(bundle, Refusal)
        else _caught(partial(_arrived, body, bundle, tickets, request_id))
        for body, bundle, request_id in zip(bodies, opened, request_ids, strict=True)
    ]


def _verified(bundle: Bundle, data: bytes, keys: Mapping[str, Key]) -> OpenedBundle:
    return verified_bundle(bundle, data=data, key=require_enrolled(keys.get(bundle.envelope.key_id)))


def _arrived(data: bytes, opened: OpenedBundle, tickets: Mapping[str, Ticket], request_id: str) -> Arrived:
    named = opened.statement.predicate.ticket
    ticket = None if named is None else tickets.get(named.id)
    return Arrived(data, opened, require_ticket(opened, ticket), request_id)


def _once(arrived: Sequence[Arrived]) -> dict[str, Arrived]:
    """The bundles by result id; of those with the same bytes or ticket the first."""
    once: dict[str, Arrived] = {}
    used: set[str] = set()
    for arrival in arrived:
        ticket = None if arrival.ticket is None else arrival.ticket.pk
        if arrival.opened.sha256 not in once and ticket not in used:
            once[arrival.opened.sha256] = arrival
            if ticket is not None:
                used.add(ticket)
    return once


def _unknown(new: Mapping[str, Arrived]) -> dict[str, Arrived]:
    """The bundles of which neither bytes nor ticket were stored before."""
    tickets = [arrival.ticket.pk for arrival in new.values() if arrival.ticket is not None]
    before = Submission.objects.filter(Q(pk__in=new) | Q(ticket__in=tickets)).values_list("pk", "ticket")
    stored = {value for row in before for value in row}
    return {
        result_id: arrival
        for result_id, arrival in new.items()
        if result_id not in stored and (arrival.ticket is None or arrival.ticket.pk not in stored)
    }


def _within_rates(new: Mapping[str, Arrived]) -> dict[str, Arrived]:
    """Bundles of keys whose quota allows all of theirs; the others go through `accept_result`, which refuses each."""
    uploads = Counter(arrival.opened.key.key_id for arrival in new.values())
    full = over_quota("result", uploads)
    return {result_id: arrival for result_id, arrival in new.items() if arrival.opened.key.key_id not in full}


def _caught(make: Callable[[], Value]) -> Value | Refusal:
    """The value of `make`, or its refusal."""
    try:
        return make()
    except Refusal as refusal:
        return refusal
    except RecordError as error:
        return refusal_for(error)
