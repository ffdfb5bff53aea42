"""Results that a restore lost come back under their old entries, with what the log decided of them, and never twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from msgspec.structs import replace
from pytest_django import DjangoCaptureOnCommitCallbacks

from joulemark.record import keys
from joulemark.record.codec import decode, encode
from joulemark.record.envelope import Envelope
from joulemark.record.messages import Ticket
from joulemark_simulation import records
from measurements.contributors.models import Key, KeyState
from measurements.contributors.services import revoke_key
from measurements.intake import log_gate
from measurements.intake.key_services import revoked_facts
from measurements.intake.models import State, Submission
from measurements.intake.models import Ticket as TicketRow
from measurements.ledger import sequencer
from measurements.ledger.gap_rows import restore_rows
from measurements.ledger.gaps import gap_facts
from measurements.ledger.log_facts import current_rows
from measurements.ledger.models import Leaf, LeafKind, LogGap
from measurements.ledger.services import append_leaf
from measurements.review.audit import database_faults
from measurements.review.models import Withdrawal
from tests.client_response import Post
from tests.receipted import BEFORE, with_receipt
from tests.web.test_contributor_requests import dirty, withdrawal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def new_process() -> None:
    log_gate.look_again()


def lose(*tables: str) -> None:
    """Empty tables as a restore of an older backup does, behind the log, which publishes the gap."""
    sequencer.sequence()
    size = Leaf.objects.exclude(index=None).count()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this test
        cursor.execute("SET session_replication_role = DEFAULT")
    gap = LogGap(start=0, end=size, start_root="0" * 64, end_root="0" * 64, resumed_at=timezone.now())
    gap.leaf = append_leaf(kind=LeafKind.LOG_RESUMED, subject="0" * 64, facts=gap_facts(gap))
    gap.save()
    log_gate.look_again()


OF_RESULTS = (
    "review_agreement", "review_result", "review_transition", "review_verdict", "review_withdrawal",
    "intake_submission", "intake_seenenvelope",
)  # fmt: skip


def n_received(result_id: str) -> int:
    return Leaf.objects.filter(kind=LeafKind.RESULT_RECEIVED, subject=result_id).count()


def test_a_promised_entry_is_appended_as_it_was_promised(enrolled: Post) -> None:
    bundle = with_receipt(records.bundle())
    first = enrolled("results/receipted", bundle.to_bytes())
    assert first.status_code == 202, first.content
    assert bundle.receipt is not None
    assert first.content == encode(bundle.receipt), "the same receipt, byte for byte"
    row = Submission.objects.get(pk=bundle.digest())
    assert (row.received_at, bytes(row.bundle)) == (BEFORE, bundle.as_sent())
    assert row.leaf.logged_at == BEFORE
    for door, body in (("results/receipted", bundle.to_bytes()), ("results", bundle.as_sent())):
        again = enrolled(door, body)
        assert (again.status_code, again.content) == (200, first.content)
    assert n_received(bundle.digest()) == 1
    sequencer.sequence()
    assert [fault for fault in database_faults() if bundle.digest()[:12] in fault] == []


@pytest.mark.parametrize("door", ["results/receipted", "results"])
def test_a_result_comes_back_behind_its_entry_and_with_its_ticket(enrolled: Post, door: str) -> None:
    issued = decode(enrolled("tickets", encode(records.ticket_request())).content, Ticket, what="ticket")
    sent = records.bundle(ticket=issued, change=lambda honest: replace(honest, started_at=issued.issued_at))
    receipt = enrolled("results", sent.to_bytes())
    assert receipt.status_code == 202, receipt.content
    leaf = Leaf.objects.get(kind=LeafKind.RESULT_RECEIVED)
    ticket_facts = current_rows([Leaf.objects.get(kind=LeafKind.RUN_STARTED)])
    lose(*OF_RESULTS, "intake_ticket")
    assert not TicketRow.objects.exists()
    kept = replace(sent, receipt=decode(receipt.content, Envelope, what="receipt"))
    again = enrolled(door, kept.to_bytes() if door == "results/receipted" else sent.to_bytes())
    assert (again.status_code, again.content) == (202, receipt.content)
    row = Submission.objects.select_related("leaf", "ticket").get()
    assert (row.leaf, row.received_at) == (leaf, leaf.logged_at)
    assert n_received(row.pk) == 1
    assert current_rows([Leaf.objects.get(kind=LeafKind.RUN_STARTED)]) == ticket_facts
    assert list(database_faults()) == []


def test_a_run_under_a_lost_ticket_is_received(enrolled: Post) -> None:
    """Its volunteer measured while the platform was away."""
    issued = decode(enrolled("tickets", encode(records.ticket_request())).content, Ticket, what="ticket")
    lose("intake_seenenvelope", "intake_ticket")
    forged = replace(issued, sample_seed=issued.sample_seed + 1)
    refused = enrolled("results", records.bundle(ticket=forged).to_bytes())
    assert (refused.status_code, refused.json()["code"]) == (403, "JM-TICKET-UNKNOWN")
    taken = enrolled("results", records.bundle(ticket=issued).to_bytes())
    assert taken.status_code == 202, taken.content
    assert TicketRow.objects.get().pk == issued.id


def test_what_was_withdrawn_is_withdrawn_when_it_comes_back(
    enrolled: Post, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bundle = records.bundle(change=dirty)
    with django_capture_on_commit_callbacks(execute=True):
        receipt = enrolled("results", bundle.to_bytes())
        assert enrolled("withdrawals", withdrawal(bundle.digest())).status_code == 201
    leaf = Withdrawal.objects.get().leaf
    lose(*OF_RESULTS)
    with django_capture_on_commit_callbacks(execute=True):
        assert enrolled("results", bundle.to_bytes()).content == receipt.content
    assert Submission.objects.get().state == State.WITHDRAWN
    assert Withdrawal.objects.get().leaf == leaf


def test_keys_come_back_and_revoked_ones_stay_revoked(enrolled: Post) -> None:
    other = records.signing_key(2)
    assert enrolled("enrolments", encode(records.enrolment(key=other))).status_code == 201
    key = Key.objects.get(pk=keys.key_id(keys.public_hex(other)))
    revoke_key(key=key, at=timezone.now(), since=timezone.now() - timedelta(days=1))
    append_leaf(kind=LeafKind.KEY_REVOKED, subject=key.pk, facts=revoked_facts(key))
    before = sorted(Key.objects.values_list("pk", "state", "untrusted_since", "ended_at"))
    leaves = list(Leaf.objects.filter(kind__startswith="key-"))
    facts = current_rows(leaves)
    lose("intake_seenenvelope", "contributors_key", "contributors_contributor")
    rows = restore_rows(leaves)
    assert (rows.restored, rows.missing) == (3, [])
    assert sorted(Key.objects.values_list("pk", "state", "untrusted_since", "ended_at")) == before
    assert Key.objects.get(pk=key.pk).state == KeyState.REVOKED
    assert current_rows(leaves) == facts


def test_only_this_platforms_own_receipt_counts(enrolled: Post) -> None:
    bundle = records.bundle()
    forged = with_receipt(bundle, key=records.signing_key(9))
    other = with_receipt(bundle, result_id="ab" * 32)
    for body, status, code in (
        (bundle.to_bytes(), 400, "JM-RECEIPT-MISSING"),
        (forged.to_bytes(), 403, "JM-SIGNATURE"),
        (other.to_bytes(), 403, "JM-RECEIPT-OTHER"),
    ):
        answer = enrolled("results/receipted", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert not Submission.objects.exists()
