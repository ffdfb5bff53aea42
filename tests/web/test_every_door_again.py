"""Whatever was sent may be sent again, also an hour later: the same bytes get the same answer and change nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from joulemark.log import notes
from joulemark.record.codec import encode
from joulemark_simulation import records
from measurements.contributors.models import Contributor, Key
from measurements.intake.models import Submission
from measurements.intake.models import Ticket as TicketRow
from measurements.intake.urls import urlpatterns as intake_doors
from measurements.ledger import sequencer
from measurements.ledger.models import Cosignature, Leaf
from measurements.review.models import Appeal, Withdrawal
from measurements.review.urls import urlpatterns as review_doors
from tests.client_response import Post
from tests.receipted import with_receipt
from tests.web.test_contributor_requests import appeal, dirty, withdrawal
from tests.web.test_key_doors import revocation, rotation

pytestmark = pytest.mark.django_db

TABLES = (Appeal, Contributor, Cosignature, Key, Leaf, Submission, TicketRow, Withdrawal)


WITNESS = records.signing_key(9)


def cosigned_note() -> bytes:
    """The last checkpoint with the line of a witness."""
    checkpoint = sequencer.sequence()
    assert checkpoint is not None
    note = notes.cosign(checkpoint.note, name="witness.example/w", key=WITNESS, at=timezone.now())
    return note.encode()


def body_of(door: str, sent: Submission | None) -> bytes:
    """What is sent to a door; `sent` is a result that was received and put aside."""
    match door:
        case "enrolments":
            return encode(records.enrolment(key=records.signing_key(7), name="Ada"))
        case "tickets":
            return encode(records.ticket_request())
        case "rotations":
            return rotation(1, 2)
        case "revocations":
            return revocation(1, 1)
        case "results":
            return records.bundle().to_bytes()
        case "results/receipted":
            return with_receipt(records.bundle()).to_bytes()
        case "results/batch":
            return b"".join(records.bundle(of=records.trace(salt=salt)).to_bytes() for salt in (1, 2))
        case "withdrawals" if sent is not None:
            return withdrawal(sent.result_id)
        case "appeals" if sent is not None:
            return appeal(sent.result_id)
    raise AssertionError(f"a door that this test does not know: {door}")


DOORS = sorted(
    str(pattern.pattern)
    for pattern in (*intake_doors, *review_doors)
    if hasattr(getattr(pattern.callback, "cls", None), "post")
)


def test_the_doors_are_found() -> None:
    assert {"tickets", "results", "enrolments", "withdrawals"} <= set(DOORS)


@pytest.mark.parametrize("door", DOORS)
def test_the_same_bytes_an_hour_later_get_the_same_answer_and_change_nothing(
    enrolled: Post,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    door: str,
) -> None:
    settings.LOG_WITNESSES = [notes.verifier_key(WITNESS, name="witness.example/w", kind=notes.COSIGNATURE)]
    sent = None
    if door in {"withdrawals", "appeals"}:
        bundle = records.bundle(change=dirty)
        with django_capture_on_commit_callbacks(execute=True):
            assert enrolled("results", bundle.to_bytes()).status_code == 202
        sent = Submission.objects.get(pk=bundle.digest())
    body = cosigned_note() if door == "log/cosignatures" else body_of(door, sent)
    with django_capture_on_commit_callbacks(execute=True):
        first = enrolled(door, body)
    assert first.status_code in {200, 201, 202}, first.content
    before = [table.objects.count() for table in TABLES]
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(hours=1))
    with django_capture_on_commit_callbacks(execute=True):
        again = enrolled(door, body)
    assert again.status_code in {200, 201}, again.content
    assert [table.objects.count() for table in TABLES] == before
    if door == "results/batch":
        receipts = [[item["receipt"] for item in answer.json()["items"]] for answer in (first, again)]
        assert receipts[0] == receipts[1]
        assert None not in receipts[0]
    else:
        assert again.content == first.content
