"""The audit: an honest database has no fault, and each way of changing it behind the log is named."""

from __future__ import annotations

import hashlib
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from joulemark.record.messages import Ticket
from joulemark_simulation import records
from measurements.intake.models import Submission
from measurements.ledger.sequencer import sequence
from measurements.review import services
from measurements.review.audit import faults
from measurements.review.models import Result, Transition, Verdict
from tests.client_response import Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(enrolled: Post, ticket: Ticket) -> Submission:
    """A platform with one result and its verdict."""
    bundle = records.bundle(ticket=ticket)
    enrolled("results", bundle.to_bytes())
    services.judge_waiting(result_ids=[bundle.digest()])
    sequence()
    return Submission.objects.get()


def test_an_honest_log_fits(judged: Submission) -> None:
    out = StringIO()
    call_command("check_log", stdout=out)
    assert "4 leaves fit their hashes and their rows" in out.getvalue()


def test_a_removed_verdict_is_found(judged: Submission) -> None:
    Verdict.objects.all().delete()
    assert [fault for fault in faults() if "records a verdict, but that row is gone" in fault]
    with pytest.raises(CommandError, match="1 faults"):
        call_command("check_log", stderr=StringIO())


def test_a_removed_result_is_found(judged: Submission) -> None:
    for table in (Result, Verdict, Transition):
        table.objects.all().delete()
    Submission.objects.all().delete()
    assert any("records a result received, but that row is gone" in fault for fault in faults())


def test_an_edited_bundle_is_found(judged: Submission) -> None:
    Submission.objects.update(bundle=b"something else")
    digest = hashlib.sha256(b"something else").hexdigest()
    assert list(faults()) == [
        f"Leaf 2 records a result received of {judged.result_id[:12]}, but its row is about {digest[:12]}."
    ]


def test_an_edited_leaf_is_found_even_without_the_trigger(judged: Submission) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_leaf DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE ledger_leaf SET body = replace(body, 'accepted', 'rejected') WHERE kind = 'verdict'"
        )
        cursor.execute("ALTER TABLE ledger_leaf ENABLE TRIGGER USER")
    found = list(faults())
    assert found[0] == "The hash of leaf 3 does not fit its body."
    assert "The root of the first 4 leaves is not the one that was signed." in found
    assert "Leaf 3 records a verdict; state was 'rejected' and is 'accepted' in the row." in found
