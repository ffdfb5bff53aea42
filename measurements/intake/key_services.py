"""Keys at the door: enrolled by themselves, rotated by the old one, revoked by themselves or a sister.

Each write is idempotent by the digest of the bytes received: the same bytes, the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from joulemark.record.codec import encode
from joulemark.record.display_name import fault_of_name
from joulemark.record.keys import key_id
from joulemark.record.messages import Enrolment
from joulemark.record.requests import REVOCATION_TYPE, ROTATION_TYPE, Revocation, Rotation
from measurements.contributors.models import Contributor, Key, KeyState
from measurements.contributors.services import (
    add_key,
    is_name_of_another,
    rename,
    revoke_key,
    rotate_key,
)
from measurements.intake.door import (
    check_clock,
    mark_envelope_seen,
    open_enrolment,
    open_envelope,
    record_envelope,
    require_active,
    was_recorded,
)
from measurements.intake.idempotency import again_if_raced
from measurements.intake.models import SeenEnvelope, Submission
from measurements.intake.refusals import BadRequest, Conflict, Forbidden
from measurements.intake.signals import key_distrusted
from measurements.ledger.facts import RowFacts
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf


@again_if_raced
def accept_enrolment(*, data: bytes, simulated: bool = False) -> Key:
    """Know a key by its self-signed enrolment. Enrolling again may change the name shown; a replay changes nothing.

    `simulated`: a crowd that this platform makes up itself, whose names say so. Raises BadRequest (JM-NAME) or Conflict
    (JM-NAME-TAKEN) for a name that would pass for somebody else's.
    """
    enrolment, digest = open_enrolment(data)
    seen = SeenEnvelope.objects.select_related("key__contributor").filter(sha256=digest).first()
    if seen is not None:
        return seen.key
    check_clock(enrolment.issued_at)
    with transaction.atomic():
        key = _enrol(enrolment, reserved_names=simulated)
        mark_envelope_seen(sha256=digest, key=key, nonce=enrolment.nonce)
    return key


def _enrol(enrolment: Enrolment, *, reserved_names: bool) -> Key:
    new_id = key_id(enrolment.public_key)
    key = Key.objects.select_related("contributor").filter(key_id=new_id).first()
    if key is not None:
        require_active(key)
        if key.contributor.display_name != enrolment.display_name:
            _check_name(enrolment.display_name, key.contributor, reserved_names=reserved_names)
            rename(contributor=key.contributor, display_name=enrolment.display_name)
        return key
    _check_name(enrolment.display_name, None, reserved_names=reserved_names)
    key = add_key(key_id=new_id, public_key=enrolment.public_key, display_name=enrolment.display_name)
    append_leaf(kind=LeafKind.KEY_ENROLLED, subject=new_id, facts=enrolled_facts(key))
    return key


def _check_name(name: str | None, contributor: Contributor | None, *, reserved_names: bool) -> None:
    """Raises BadRequest (JM-NAME) or Conflict (JM-NAME-TAKEN) for a name that `contributor` may not have."""
    if name is None:
        return
    fault = None if reserved_names else fault_of_name(name)
    if fault is not None:
        raise BadRequest("JM-NAME", fault)
    if is_name_of_another(name, contributor=contributor):
        raise Conflict(
            "JM-NAME-TAKEN",
            "Another contributor has this name, or one that looks like it; choose another, or none. If that is you "
            "under a key that you have lost, a moderator can take the name from it.",
        )


def enrolled_facts(key: Key) -> RowFacts:
    """The facts of a new key for the log."""
    return {"contributor": key.contributor.pseudonym, "public_key": key.public_key}


@again_if_raced
def rotate(*, data: bytes) -> Key:
    """Replace a contributor's key by a new one, which has signed too. Returns the new key.

    Idempotent: a repeated request, in the same bytes or others, returns the key that took over, if it names that one.
    """
    opened = open_envelope(data, kind=Rotation, payload_type=ROTATION_TYPE, scope="request")
    request, old = opened.message, opened.key
    new, _digest = open_enrolment(encode(request.new_key))
    new_id = key_id(new.public_key)
    if old.replaced_by is not None and old.replaced_by_id == new_id:
        return old.replaced_by
    with transaction.atomic():
        record_envelope(opened, audience=request.audience, issued_at=request.issued_at, nonce=request.nonce)
        check_clock(new.issued_at)
        if Key.objects.filter(key_id=new_id).exists():
            raise Conflict(
                "JM-KEY-KNOWN", "The new key is enrolled already: make a fresh one and rotate to that."
            )
        locked_key = Key.objects.select_for_update(of=("self",)).select_related("contributor").get(pk=old.pk)
        require_active(locked_key)
        key = rotate_key(old=locked_key, new_id=new_id, new_public_key=new.public_key, at=timezone.now())
        append_leaf(kind=LeafKind.KEY_ENROLLED, subject=new_id, facts=enrolled_facts(key))
        append_leaf(kind=LeafKind.KEY_ROTATED, subject=locked_key.key_id, facts=rotated_facts(locked_key))
    return key


def rotated_facts(key: Key) -> RowFacts:
    """The facts of a rotated key for the log."""
    return {"to": key.replaced_by_id or "", "at": key.ended_at}


@dataclass(frozen=True, kw_only=True)
class RevokedKey:
    """A key as revoked, and how many results are judged again."""

    key: Key
    judged_again: int


@again_if_raced
def revoke(*, data: bytes) -> RevokedKey:
    """Revoke a key, by its own signature or that of another active key of the contributor."""
    opened = open_envelope(data, kind=Revocation, payload_type=REVOCATION_TYPE, scope="request")
    request = opened.message
    key = Key.objects.filter(key_id=request.key_id, contributor=opened.key.contributor_id).first()
    if key is None:
        raise Forbidden("JM-KEY-OTHER", "That key is not one of yours; name one by its 64 hex digits.")
    if was_recorded(opened):
        return RevokedKey(key=key, judged_again=distrusted(key))
    with transaction.atomic():
        record_envelope(opened, audience=request.audience, issued_at=request.issued_at, nonce=request.nonce)
        locked_key = Key.objects.select_for_update(of=("self",)).get(pk=key.pk)
        revoke_key(key=locked_key, at=timezone.now(), since=request.since)
        append_leaf(kind=LeafKind.KEY_REVOKED, subject=locked_key.key_id, facts=revoked_facts(locked_key))
        transaction.on_commit(lambda: key_distrusted.send(sender=Key, key_id=locked_key.key_id))
    return RevokedKey(key=locked_key, judged_again=distrusted(locked_key))


def revoked_facts(key: Key) -> RowFacts:
    """The facts of a revoked key for the log."""
    return {"at": key.ended_at, "untrusted_since": key.untrusted_since}


def distrusted(key: Key) -> int:
    """The number of results of a revoked key that were received at or after the time of its distrust."""
    if key.state != KeyState.REVOKED:
        return 0
    return Submission.objects.filter(key=key, received_at__gte=key.untrusted_since).count()
