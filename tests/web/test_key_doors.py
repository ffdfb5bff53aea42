"""Keys: one gives way to another of the same hands, one is believed no more, and no request works twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from msgspec.structs import replace
from pytest_django import DjangoCaptureOnCommitCallbacks

from joulemark.record import keys, requests
from joulemark.record.codec import decode, encode
from joulemark.record.messages import Enrolled, Ticket
from joulemark_simulation import records
from measurements.contributors.models import Contributor, Key
from measurements.contributors.services import revoke_key
from measurements.intake.door import Opened, open_envelope
from measurements.intake.models import Submission
from measurements.intake.models import Ticket as TicketRow
from measurements.ledger.models import Leaf
from measurements.review.models import Verdict
from tests.client_response import Post
from tests.web.test_intake_door import problem

pytestmark = pytest.mark.django_db


def id_of(number: int) -> str:
    return keys.key_id(keys.public_hex(records.signing_key(number)))


def rotation(old: int, new: int, **changes: Any) -> bytes:
    enrolment = changes.pop("new_key", None) or records.enrolment(key=records.signing_key(new))
    return encode(
        records.request(
            requests.Rotation,
            requests.ROTATION_TYPE,
            key=records.signing_key(old),
            new_key=enrolment,
            **changes,
        )
    )


def revocation(signed_by: int, key: int, **changes: Any) -> bytes:
    said = {"key_id": id_of(key), "reason": "lost", "since": None, **changes}
    return encode(
        records.request(
            requests.Revocation, requests.REVOCATION_TYPE, key=records.signing_key(signed_by), **said
        )
    )


def test_a_new_key_takes_over_and_the_contributor_stays(enrolled: Post) -> None:
    before = Contributor.objects.get()
    answer = enrolled("rotations", rotation(1, 2))
    assert answer.status_code == 201, answer.content
    said = decode(answer.content, Enrolled, what="answer")
    assert (said.key_id, said.contributor) == (id_of(2), before.pseudonym)
    old, new = Key.objects.get(pk=id_of(1)), Key.objects.get(pk=id_of(2))
    assert (old.state, old.replaced_by, new.state, new.contributor) == ("rotated", new, "active", before)
    kinds = list(Leaf.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["key-enrolled", "key-enrolled", "key-rotated"]


def test_the_same_rotation_gets_the_same_answer(enrolled: Post) -> None:
    sent = rotation(1, 2)
    first, second = enrolled("rotations", sent), enrolled("rotations", sent)
    assert first.content == second.content
    assert (second.status_code, Key.objects.count()) == (201, 2)


def test_a_rotation_asked_again_in_other_bytes_is_finished_and_changes_nothing(enrolled: Post) -> None:
    """Its first answer was lost: the key that took over is told, and the name shown stays."""
    enrolled("enrolments", encode(records.enrolment(name="Ada")))
    first = enrolled("rotations", rotation(1, 2))
    second = enrolled("rotations", rotation(1, 2, nonce="ab" * 16))
    assert (second.status_code, second.content) == (201, first.content)
    assert Contributor.objects.get().display_name == "Ada"
    assert (Key.objects.count(), Leaf.objects.filter(kind="key-rotated").count()) == (2, 1)


def test_a_rotated_key_signs_nothing_new(enrolled: Post) -> None:
    enrolled("rotations", rotation(1, 2))
    problem(enrolled("tickets", encode(records.ticket_request())), status=403, code="JM-KEY-ROTATED")
    problem(enrolled("results", records.bundle().to_bytes()), status=403, code="JM-KEY-ROTATED")
    problem(enrolled("rotations", rotation(1, 3)), status=403, code="JM-KEY-ROTATED")
    ours = encode(records.ticket_request(key=records.signing_key(2)))
    assert enrolled("tickets", ours).status_code == 201


def test_a_run_that_was_announced_before_may_still_be_reported(enrolled: Post, ticket: Ticket) -> None:
    enrolled("rotations", rotation(1, 2))
    assert enrolled("results", records.bundle(ticket=ticket).to_bytes()).status_code == 202
    assert Submission.objects.get().key_id == id_of(1)


def test_the_new_key_must_have_signed_too(enrolled: Post) -> None:
    stranger = records.enrolment(key=records.signing_key(2))
    forged = replace(stranger, payload=stranger.payload.replace(b"null", b'"Eve"'))
    problem(enrolled("rotations", rotation(1, 2, new_key=forged)), status=403, code="JM-SIGNATURE")
    assert Key.objects.get().state == "active"


def test_nobody_rotates_to_a_key_of_somebody_else(enrolled: Post) -> None:
    enrolled("enrolments", encode(records.enrolment(key=records.signing_key(2))))
    problem(enrolled("rotations", rotation(1, 2)), status=409, code="JM-KEY-KNOWN")
    assert Contributor.objects.count() == 2


def test_a_key_revokes_itself(enrolled: Post) -> None:
    answer = enrolled("revocations", revocation(1, 1))
    assert (answer.status_code, answer.json()["judged_again"]) == (201, 0)
    problem(enrolled("tickets", encode(records.ticket_request())), status=403, code="JM-KEY-REVOKED")
    problem(enrolled("revocations", revocation(1, 1)), status=403, code="JM-KEY-REVOKED")
    again = encode(records.enrolment(now=datetime.now(UTC)))
    problem(enrolled("enrolments", again), status=403, code="JM-KEY-REVOKED")
    assert Leaf.objects.filter(kind="key-revoked").count() == 1


def test_a_sister_revokes_a_stolen_key(enrolled: Post) -> None:
    enrolled("rotations", rotation(1, 2))
    assert enrolled("revocations", revocation(2, 1, reason="stolen")).status_code == 201
    assert Key.objects.get(pk=id_of(1)).state == "revoked"


def test_nobody_revokes_a_key_of_somebody_else(enrolled: Post) -> None:
    enrolled("enrolments", encode(records.enrolment(key=records.signing_key(2))))
    problem(enrolled("revocations", revocation(2, 1)), status=403, code="JM-KEY-OTHER")
    assert Key.objects.get(pk=id_of(1)).state == "active"


def test_what_came_since_is_judged_again_and_what_came_before_stays(
    enrolled: Post, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    first, second = records.bundle(), records.bundle(of=records.trace(queries=15, salt=3))
    with django_capture_on_commit_callbacks(execute=True):
        for each in (first, second):
            assert enrolled("results", each.to_bytes()).status_code == 202
    old = datetime.now(UTC) - timedelta(days=3)
    Submission.objects.filter(pk=first.digest()).update(received_at=old)
    with django_capture_on_commit_callbacks(execute=True):
        since = datetime.now(UTC) - timedelta(days=1)
        answer = enrolled("revocations", revocation(1, 1, reason="stolen", since=since))
    assert answer.json()["judged_again"] == 1
    assert Submission.objects.get(pk=first.digest()).state == "accepted"
    assert Submission.objects.get(pk=second.digest()).state == "rejected"
    assert [verdict.cause for verdict in Verdict.objects.filter(submission=second.digest())] == [
        "rules",
        "key-revoked",
    ]


def test_a_nonce_works_once(enrolled: Post) -> None:
    nonce = "7" * 32
    assert enrolled("tickets", encode(records.ticket_request(nonce=nonce))).status_code == 201
    other = encode(records.ticket_request(nonce=nonce, device_tag="cd" * 32))
    problem(enrolled("tickets", other), status=409, code="JM-NONCE-USED")
    problem(enrolled("revocations", revocation(1, 1, nonce=nonce)), status=409, code="JM-NONCE-USED")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"audience": "https://elsewhere.example"}, 403, "JM-AUDIENCE"),
        ({"now": datetime.now(UTC) - timedelta(hours=1)}, 400, "JM-CLOCK"),
        ({"now": datetime.now(UTC) + timedelta(hours=1)}, 400, "JM-CLOCK"),
    ],
)
def test_requests_are_for_here_and_now(
    enrolled: Post, changes: dict[str, Any], status: int, code: str
) -> None:
    problem(enrolled("revocations", revocation(1, 1, **changes)), status=status, code=code)
    problem(enrolled("rotations", rotation(1, 2, **changes)), status=status, code=code)
    assert Key.objects.get().state == "active"


def test_a_request_of_another_kind_is_refused(enrolled: Post) -> None:
    problem(enrolled("revocations", rotation(1, 2)), status=403, code="JM-PAYLOAD-TYPE")


def test_the_same_bytes_that_another_process_took_meanwhile_get_its_answer(
    enrolled: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look before the transaction saw nothing; inside it the row was there."""
    sent = rotation(1, 2)
    first = enrolled("rotations", sent)
    ticket = encode(records.ticket_request(key=records.signing_key(2)))
    known = enrolled("tickets", ticket)
    looked = iter([None])

    def before_it_was_replaced(*args: Any, **kwargs: Any) -> Opened[Any]:
        opened = open_envelope(*args, **kwargs)
        opened.key.replaced_by = next(looked, opened.key.replaced_by)
        return opened

    monkeypatch.setattr("measurements.intake.key_services.open_envelope", before_it_was_replaced)
    monkeypatch.setattr("measurements.intake.door.require_active", lambda _: None)
    assert enrolled("rotations", sent).content == first.content
    assert enrolled("tickets", ticket).content == known.content


def test_an_old_enrolment_sent_again_is_answered(enrolled: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    old = encode(records.enrolment(key=records.signing_key(5)))
    first = enrolled("enrolments", old)
    monday = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: monday)
    assert enrolled("enrolments", old).content == first.content
    late = encode(records.enrolment(key=records.signing_key(6)))
    problem(enrolled("enrolments", late), status=400, code="JM-CLOCK")


def test_a_ticket_of_after_the_rotation_helps_nobody(enrolled: Post, ticket: Ticket) -> None:
    enrolled("rotations", rotation(1, 2))
    TicketRow.objects.update(issued_at=datetime.now(UTC) + timedelta(seconds=1))
    problem(enrolled("results", records.bundle(ticket=ticket).to_bytes()), status=403, code="JM-KEY-ROTATED")


def test_a_revoked_key_is_at_most_trusted_less(enrolled: Post) -> None:
    key, now = Key.objects.get(), datetime.now(UTC)
    revoke_key(key=key, at=now, since=now + timedelta(days=9))
    assert (key.untrusted_since, key.ended_at) == (now, now), "not later than the revocation itself"
    revoke_key(key=key, at=now + timedelta(days=1), since=now - timedelta(days=5))
    assert (key.untrusted_since, key.ended_at) == (now - timedelta(days=5), now)
    revoke_key(key=key, at=now + timedelta(days=2), since=now)
    assert key.untrusted_since == now - timedelta(days=5)
