"""Whoever edits, deletes or swaps a row behind the log is seen: by anyone over HTTP, and by `check_log`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from joulemark.record import requests
from joulemark.record.codec import decode, encode
from joulemark.record.messages import Ticket
from joulemark.suite import load_suite
from joulemark_simulation import records
from measurements.contributors.models import Contributor, Device, Key
from measurements.intake.models import State, Submission
from measurements.intake.services import accept_result
from measurements.ledger import sequencer
from measurements.review.audit import faults
from measurements.review.models import Moderation, ModerationReason, Result
from measurements.review.moderation import decide, revoke
from measurements.review.services import judge_waiting
from tests.client_response import ClientResponse, Post
from tests.log_reading import LogReader

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> LogReader:
    """Reads over Django's test client."""

    def get(path: str) -> bytes:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.getvalue()

    return LogReader(get)


@pytest.fixture
def lived_in(enrolled: Post, reader: LogReader) -> LogReader:
    """Four keys, three results: one rejected by two moderators and appealed against, one withdrawn, one waits.

    The third key gave way to a fourth, which was revoked.
    """
    for number in (2, 3):
        enrolled("enrolments", encode(records.enrolment(key=records.signing_key(number))))
    suite, results = load_suite("demo"), []
    jobs = suite.jobs
    for number, key in enumerate((records.signing_key(1), records.signing_key(2), records.signing_key(1))):
        answer = enrolled("tickets", encode(records.ticket_request(key=key, job=jobs[number])))
        ticket = decode(answer.content, Ticket, what="ticket")
        trace = records.trace(queries=suite.queries_per_window(jobs[number].dataset), salt=number)
        bundle = records.bundle(key=key, ticket=ticket, job=jobs[number], of=trace)
        submission, _new = accept_result(data=bundle.to_bytes())
        results.append(submission)
    judge_waiting(result_ids=[results[0].pk, results[1].pk])
    _reject(results[0])
    ask: dict[str, Any] = {"key": records.signing_key(1), "result_id": results[0].pk, "words": "Look again."}
    _taken(enrolled("appeals", encode(records.request(requests.Appeal, requests.APPEAL_TYPE, **ask))))
    ask = {"key": records.signing_key(2), "result_id": results[1].pk, "reason": "other"}
    _taken(
        enrolled("withdrawals", encode(records.request(requests.Withdrawal, requests.WITHDRAWAL_TYPE, **ask)))
    )
    ask = {"key": records.signing_key(3), "new_key": records.enrolment(key=records.signing_key(4))}
    _taken(enrolled("rotations", encode(records.request(requests.Rotation, requests.ROTATION_TYPE, **ask))))
    revoke(key=Key.objects.get(replaces__isnull=False), moderator=User.objects.get(username="first"))
    sequencer.sequence()
    assert reader.differences() == []
    assert list(faults()) == []
    return reader


def _taken(answer: ClientResponse) -> None:
    assert answer.status_code == 201, answer.content


def _reject(submission: Submission) -> None:
    for name in ("first", "second"):
        moderator = User.objects.create_user(name)
        decide(
            submission=submission,
            moderator=moderator,
            state=State.REJECTED,
            reason=ModerationReason.EVIDENCE_FAILS,
        )
    assert Moderation.objects.count() == 1


Edit = str | tuple[str, str, str]
"""SQL, or (table, column, order): the two first rows of the table swap what is in the column."""


@contextlib.contextmanager
def edited(edit: Edit) -> Iterator[None]:
    """The database after an edit without triggers and foreign keys, as its owner could make it; undone at the end."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for sql in _swap(edit) if isinstance(edit, tuple) else edit.split(";"):
                cursor.execute(sql)
                assert cursor.rowcount > 0, sql
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        yield
        transaction.set_rollback(True)


def _swap(edit: tuple[str, str, str]) -> Iterator[str]:
    table, column, order = edit
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {order}, {column}::text FROM {table} ORDER BY {order} LIMIT 2")  # noqa: S608
        (first, one), (second, other) = cursor.fetchall()
    assert one != other
    unused = "-1" if one.isdigit() else "unused"
    for own, value in ((first, unused), (second, one), (first, other)):
        yield f"UPDATE {table} SET {column} = '{value}' WHERE {order} = '{own}'"  # noqa: S608


REJECTED = "(SELECT submission_id FROM review_moderation)"
WAITING = "(SELECT result_id FROM intake_submission WHERE state = 'received')"
STATE = "UPDATE intake_submission SET state = '{}' WHERE result_id = {}"
EDITS: dict[str, Edit] = {
    "a key's public key": "UPDATE contributors_key SET public_key = reverse(public_key)",
    "a key's contributor": ("contributors_key", "contributor_id", "key_id"),
    "a contributor's pseudonym": "UPDATE contributors_contributor SET pseudonym = 'v-' || reverse(pseudonym)",
    "a key revoked": "UPDATE contributors_key SET state = 'revoked', ended_at = now(), untrusted_since = now() "
    "WHERE state = 'active'",
    "a revocation undone": "UPDATE contributors_key SET state = 'active', ended_at = NULL, untrusted_since = NULL "
    "WHERE state = 'revoked'",
    "a revocation moved": "UPDATE contributors_key SET untrusted_since = now() WHERE state = 'revoked'",
    "a rotation undone": "UPDATE contributors_key SET state = 'active', ended_at = NULL, replaced_by_id = NULL "
    "WHERE state = 'rotated'",
    "an appeal's words": "UPDATE review_appeal SET words = 'Never mind.'",
    "an appeal removed": "DELETE FROM review_appeal",
    "a withdrawal's reason": "UPDATE review_withdrawal SET reason = 'private'",
    "a withdrawal removed": "DELETE FROM review_withdrawal",
    "a withdrawal undone": "UPDATE intake_submission SET state = 'accepted' WHERE state = 'withdrawn'",
    "a key removed": "DELETE FROM contributors_key WHERE key_id = (SELECT min(key_id) FROM contributors_key)",
    "a ticket's nonce": "UPDATE intake_ticket SET nonce = reverse(nonce)",
    "a ticket's seed": "UPDATE intake_ticket SET sample_seed = sample_seed + 1",
    "a ticket's expiry": "UPDATE intake_ticket SET expires_at = expires_at + interval '1 second'",
    "a ticket's issue": "UPDATE intake_ticket SET issued_at = issued_at - interval '1 second'",
    "a ticket's device": "UPDATE intake_ticket SET device_tag = reverse(device_tag)",
    "a ticket's request": "UPDATE intake_ticket SET request_sha256 = reverse(request_sha256)",
    "a ticket's job": "UPDATE intake_ticket SET job_id = (SELECT max(id) FROM catalog_job)",
    "a ticket's key": ("intake_ticket", "key_id", "leaf_id"),
    "a ticket removed": "DELETE FROM intake_ticket WHERE leaf_id = (SELECT min(leaf_id) FROM intake_ticket)",
    "two tickets swapped": ("intake_ticket", "leaf_id", "id"),
    "a bundle": "UPDATE intake_submission SET bundle = 'x'",
    "a bundle swapped": ("intake_submission", "bundle", "leaf_id"),
    "a result's name": "UPDATE intake_submission SET result_id = reverse(result_id)",
    "a result's trace": "UPDATE intake_submission SET trace_sha256 = reverse(trace_sha256)",
    "a result's key": ("intake_submission", "key_id", "leaf_id"),
    "a result's ticket": "UPDATE intake_submission SET ticket_id = NULL",
    "a result's time": "UPDATE intake_submission SET received_at = received_at - interval '1 second'",
    "a rejected result accepted": STATE.format("accepted", REJECTED),
    "a rejected result withdrawn": STATE.format("withdrawn", REJECTED),
    "a waiting result accepted": STATE.format("accepted", WAITING),
    "a result removed": "DELETE FROM intake_submission WHERE state = 'received'",
    "two results swapped": ("intake_submission", "leaf_id", "result_id"),
    "a verdict's state": "UPDATE review_verdict SET state = 'quarantined'",
    "a verdict's version": "UPDATE review_verdict SET rules_version = 'x'",
    "a verdict's findings": "UPDATE review_verdict SET findings = '[]'",
    "a verdict's time": "UPDATE review_verdict SET judged_at = judged_at - interval '1 day'",
    "a verdict's result": ("review_verdict", "submission_id", "id"),
    "a verdict removed": "DELETE FROM review_verdict WHERE id = (SELECT min(id) FROM review_verdict)",
    "two verdicts swapped": ("review_verdict", "leaf_id", "id"),
    "a decision's state": "UPDATE review_moderation SET state = 'accepted'",
    "a decision's reason": "UPDATE review_moderation SET reason = 'key-misused'",
    "a decision's moderators": "UPDATE review_moderation SET moderator_id = proposed_by_id, "
    "proposed_by_id = moderator_id",
    "a decision's time": "UPDATE review_moderation SET decided_at = decided_at - interval '1 day'",
    "a decision removed": "DELETE FROM review_moderation",
    "a leaf's kind": "UPDATE ledger_leaf SET kind = 'appeal' WHERE index = 2",
    "a leaf's subject": "UPDATE ledger_leaf SET subject = reverse(subject) WHERE index = 3",
    "two leaves swapped": "UPDATE ledger_leaf SET index = 100 WHERE index = 4;"
    "UPDATE ledger_leaf SET index = 4 WHERE index = 5; UPDATE ledger_leaf SET index = 5 WHERE index = 100",
    "a leaf removed": "DELETE FROM ledger_leaf WHERE index = 5",
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_behind_the_log_is_seen(lived_in: LogReader, edit: str) -> None:
    with edited(EDITS[edit]):
        assert lived_in.differences() != [], "seen by nobody outside"
        assert list(faults()) != [], "not seen by check_log"
    assert lived_in.differences() == []


ONLY_INSIDE: dict[str, tuple[Edit, str]] = {
    "a leaf's body": ("UPDATE ledger_leaf SET body = body || ' ' WHERE index = 4", "no entry"),
    "a leaf's time": (
        "UPDATE ledger_leaf SET logged_at = logged_at + interval '1 s' WHERE index = 4",
        "columns of leaf 4",
    ),
    "a checkpoint's root": ("UPDATE ledger_checkpoint SET root = reverse(root)", "columns of the checkpoint"),
    "a checkpoint's note": (
        "UPDATE ledger_checkpoint SET note = replace(note, '/log', '/l0g')",
        "The note of the checkpoint",
    ),
    "a checkpoint removed": (
        "DELETE FROM ledger_checkpoint WHERE size = (SELECT max(size) FROM ledger_checkpoint)",
        "published",
    ),
    "a receipt": ("UPDATE intake_submission SET receipt = 'x'", "The receipt of result"),
    "a receipt swapped": (("intake_submission", "receipt", "leaf_id"), "The receipt of result"),
}


@pytest.mark.parametrize("edit", ONLY_INSIDE)
def test_an_edit_that_changes_nothing_outside_is_named_by_the_audit(lived_in: LogReader, edit: str) -> None:
    how, sentence = ONLY_INSIDE[edit]
    with edited(how):
        assert any(sentence in fault for fault in faults()), list(faults())


NUMBERS = {
    "energy": ("energy_per_query_j = energy_per_query_j / 2", "energy_per_query_j"),
    "gross energy": ("energy_gross_j = energy_gross_j * 2", "energy_gross_j"),
    "net energy": ("energy_net_j = 1e9", "energy_net_j"),
    "contributor": (
        "contributor_id = (SELECT max(id) FROM contributors_contributor WHERE id <> contributor_id)",
        "contributor",
    ),
    "model": ("model_id = (SELECT max(id) FROM catalog_aimodel WHERE id <> model_id)", "model"),
    "data set": ("dataset_id = (SELECT max(id) FROM catalog_dataset WHERE id <> dataset_id)", "dataset"),
}


@pytest.mark.parametrize("edit", NUMBERS)
def test_edited_numbers_are_named_by_the_audit(lived_in: LogReader, edit: str) -> None:
    sql, name = NUMBERS[edit]
    first = Result.objects.order_by("submission_id").values_list("submission_id", flat=True)[0]
    how = f"UPDATE review_result SET {sql} WHERE submission_id = '{first}'"  # noqa: S608
    with edited(how):
        assert [fault.partition(":")[0] for fault in faults()] == [
            f"The result {first[:12]} has another {name} than its bundle"
        ]


def test_numbers_that_are_gone_are_named_by_the_audit(enrolled: Post, ticket: Ticket) -> None:
    bundle = records.bundle(ticket=ticket)
    enrolled("results", bundle.to_bytes())
    judge_waiting(result_ids=[bundle.digest()])
    sequencer.sequence()
    assert list(faults()) == []
    devices = Device.objects.count()
    with edited("DELETE FROM review_result; DELETE FROM contributors_device"):
        assert [fault for fault in faults() if "its numbers are gone" in fault]
        assert Device.objects.count() == 0, "the audit wrote what it should only have read"
    assert Device.objects.count() == devices


def test_a_row_that_nobody_logged_is_found(lived_in: LogReader) -> None:
    of = Contributor.objects.first()
    assert of is not None
    Key.objects.create(key_id="a" * 64, public_key="b" * 64, contributor=of)
    assert list(faults()) == ["The key aaaaaaaaaaaa was never logged."]


def test_a_tampered_file_is_found(lived_in: LogReader) -> None:
    from measurements.ledger import tile_store

    size = lived_in.checkpoint().size
    tile_store.place(f"tile/0/000.p/{size}").write_bytes(b"x" * 32 * size)
    assert [fault for fault in faults() if fault.startswith("The file tile/0/000.p")]


@pytest.mark.parametrize(
    "query", ["", "?start=0", "?start=5&end=5", "?start=0&end=1001", "?start=-1&end=2", "?start=a&end=2"]
)
def test_a_range_that_is_none_is_refused(client: Client, db: None, query: str) -> None:
    assert client.get(f"/api/v1/log/rows/{query}").status_code == 400


def test_rows_behind_the_end_are_none(client: Client, db: None) -> None:
    assert client.get("/api/v1/log/rows/?start=10&end=20").json() == {"rows": []}
