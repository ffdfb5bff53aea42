"""The door: what is taken, what is refused and under which code, and that a refusal leaves nothing but a count."""

from __future__ import annotations

import json
import logging
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from msgspec.structs import replace

from joulemark.record import keys
from joulemark.record.bundle import Bundle
from joulemark.record.codec import decode, encode
from joulemark.record.envelope import Envelope, seal, verify
from joulemark.record.messages import RECEIPT_TYPE, Enrolled, PlatformKey, Receipt, Ticket
from joulemark_simulation import records
from measurements.contributors.models import Contributor, Key
from measurements.contributors.services import revoke_key
from measurements.intake.models import RefusalCount, Submission
from measurements.intake.models import Ticket as TicketRow
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.sequencer import sequence
from measurements.ledger.services import append_leaf, hash_leaf
from tests.client_response import ClientResponse, Post

pytestmark = pytest.mark.django_db


def problem(answer: ClientResponse, *, status: int, code: str) -> str:
    """The sentence of a problem document with this status and code."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"].endswith((".", ";"))
    return answer.json()["detail"]


def test_a_key_is_enrolled_once(enrolled: Post) -> None:
    again = enrolled("enrolments", encode(records.enrolment(now=datetime.now(UTC))))
    answer = decode(again.content, Enrolled, what="answer")
    assert answer.key_id == keys.key_id(keys.public_hex(records.signing_key()))
    assert (Key.objects.count(), Contributor.objects.count()) == (1, 1)
    assert Leaf.objects.filter(kind="key-enrolled").count() == 1


def test_a_replayed_enrolment_changes_nothing(enrolled: Post) -> None:
    now = datetime.now(UTC)
    old = encode(records.enrolment(name="Old name", now=now - timedelta(seconds=9)))
    enrolled("enrolments", old)
    enrolled("enrolments", encode(records.enrolment(name="New name", now=now)))
    enrolled("enrolments", old)
    assert Contributor.objects.get().display_name == "New name"


def test_a_ticket_is_logged_before_the_run(ticket: Ticket) -> None:
    row = TicketRow.objects.get()
    assert (row.id, row.nonce, row.sample_seed) == (ticket.id, ticket.nonce, ticket.sample_seed)
    assert row.leaf.kind == "run-started"


def test_the_same_request_gets_the_same_ticket(enrolled: Post) -> None:
    request = encode(records.ticket_request())
    first, second = enrolled("tickets", request), enrolled("tickets", request)
    assert first.content == second.content
    assert TicketRow.objects.count() == 1


def test_a_result_gets_a_receipt_that_names_its_leaf(client: Client, enrolled: Post, ticket: Ticket) -> None:
    bundle = records.bundle(ticket=ticket)
    answer = enrolled("results", bundle.to_bytes())
    assert answer.status_code == 202, answer.content
    submission = Submission.objects.get()
    leaf = submission.leaf
    assert bytes(submission.bundle) == bundle.to_bytes()
    platform = decode(client.get("/api/v1/platform").content, PlatformKey, what="key")
    envelope = decode(answer.content, Envelope, what="receipt")
    payload = verify(envelope, public_key=platform.public_key, payload_type=RECEIPT_TYPE)
    receipt = decode(payload, Receipt, what="receipt")
    assert (receipt.result_id, receipt.leaf_index, receipt.leaf_hash) == (
        bundle.digest(),
        leaf.index,
        leaf.leaf_hash,
    )
    assert hash_leaf(leaf.body.encode()) == leaf.leaf_hash


def test_the_same_bytes_get_the_same_receipt(enrolled: Post, ticket: Ticket) -> None:
    data = records.bundle(ticket=ticket).to_bytes()
    first, second = enrolled("results", data), enrolled("results", data)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.content == second.content
    assert Submission.objects.count() == 1


def test_a_ticket_is_used_once(enrolled: Post, ticket: Ticket) -> None:
    enrolled("results", records.bundle(ticket=ticket).to_bytes())
    again = records.bundle(ticket=ticket, of=records.trace(queries=48, salt=3))
    problem(enrolled("results", again.to_bytes()), status=409, code="JM-TICKET-USED")


def test_an_edited_or_foreign_ticket_is_refused(enrolled: Post, ticket: Ticket) -> None:
    edited = records.bundle(ticket=replace(ticket, sample_seed=ticket.sample_seed ^ 1))
    problem(enrolled("results", edited.to_bytes()), status=403, code="JM-TICKET-EDITED")
    other = records.signing_key(2)
    enrolled("enrolments", encode(records.enrolment(key=other)))
    foreign = records.bundle(ticket=ticket, key=other)
    problem(enrolled("results", foreign.to_bytes()), status=403, code="JM-TICKET-UNKNOWN")


def test_unknown_and_revoked_keys_are_refused(enrolled: Post) -> None:
    stranger = records.bundle(key=records.signing_key(9))
    sentence = problem(enrolled("results", stranger.to_bytes()), status=403, code="JM-KEY-UNKNOWN")
    assert "joulemark enrol" in sentence
    revoke_key(key=Key.objects.get(), at=datetime.now(UTC))
    problem(enrolled("results", records.bundle().to_bytes()), status=403, code="JM-KEY-REVOKED")
    problem(enrolled("enrolments", encode(records.enrolment(name="back"))), status=403, code="JM-KEY-REVOKED")


def bad_bodies() -> dict[str, tuple[str, bytes, int, str]]:
    """name -> (address, body, status, code) of everything that is not a result or an envelope at all."""
    bundle = records.bundle()
    data = bundle.to_bytes()
    foreign_signature = replace(
        bundle.envelope, signatures=records.bundle(of=records.trace(salt=1)).envelope.signatures
    )
    return {
        "empty": ("results", b"\n", 400, "JM-JSON"),
        "not JSON": ("results", b"{", 400, "JM-JSON"),
        "not UTF-8": (
            "results",
            data.replace(b"joulemark-bundle/1", b"joulemark-bundle/\xff"),
            400,
            "JM-UTF8",
        ),
        "deep nesting": ("results", b"[" * 100_000, 400, "JM-SCHEMA"),
        "unknown field": ("results", data.replace(b'{"format"', b'{"more":1,"format"'), 400, "JM-SCHEMA"),
        "wrong type": ("results", data.replace(b'"joulemark-bundle/1"', b"1"), 400, "JM-SCHEMA"),
        "spaces": ("results", data.replace(b",", b", ", 1), 400, "JM-CANONICAL"),
        "too large": ("results", b" " * (2 * 1024 * 1024 + 1), 413, "JM-BODY-SIZE"),
        "wrong signature": (
            "results",
            replace(bundle, envelope=foreign_signature).to_bytes(),
            403,
            "JM-SIGNATURE",
        ),
        "other trace": (
            "results",
            replace(bundle, trace=zlib.compress(b"{}")).to_bytes(),
            403,
            "JM-TRACE-DIGEST",
        ),
        "trace bomb": ("results", _with_trace(bundle, b"0" * (16 * 1024 * 1024 + 1)), 413, "JM-TRACE-SIZE"),
        "trace of nonsense": ("results", _with_trace(bundle, b'{"version":2}'), 400, "JM-SCHEMA"),
        "unknown field in the statement": (
            "results",
            records.resealed(bundle, lambda p: p["predicate"].update(more=1)).to_bytes(),
            400,
            "JM-SCHEMA",
        ),
        "infinite energy": (
            "results",
            records.resealed(
                bundle, lambda p: p["predicate"]["totals"].update(energy_gross_j=10**400)
            ).to_bytes(),
            400,
            "JM-SCHEMA",
        ),
        "NaN": (
            "results",
            records.resealed(
                bundle, lambda p: p["predicate"]["totals"].update(energy_gross_j=float("nan"))
            ).to_bytes(),
            400,
            "JM-JSON",
        ),
        "for another platform": (
            "results",
            records.bundle(
                change=lambda said: replace(said, audience="https://elsewhere.example")
            ).to_bytes(),
            403,
            "JM-AUDIENCE",
        ),
        "signed tomorrow": (
            "results",
            records.bundle(
                change=lambda said: replace(said, issued_at=said.issued_at + timedelta(days=1))
            ).to_bytes(),
            400,
            "JM-CLOCK",
        ),
        "enrolment of an hour ago": (
            "enrolments",
            encode(records.enrolment(now=datetime.now(UTC) - timedelta(hours=1))),
            400,
            "JM-CLOCK",
        ),
        "enrolment for another key": (
            "enrolments",
            encode(records.enrolment(public_key=keys.public_hex(records.signing_key(2)))),
            403,
            "JM-SIGNATURE",
        ),
        "ticket for an unknown suite": (
            "tickets",
            encode(records.ticket_request(model="no-such-model")),
            400,
            "JM-SUITE-UNKNOWN",
        ),
        "a replay with one more newline": (
            "enrolments",
            encode(records.enrolment()) + b"\n",
            400,
            "JM-CANONICAL",
        ),
        "a key with a newline": (
            "enrolments",
            _edited_enrolment(public_key="ab" * 32 + "\n"),
            400,
            "JM-SCHEMA",
        ),
        "a name that hides": ("enrolments", _edited_enrolment(display_name="Ada\u202e"), 400, "JM-SCHEMA"),
        "the year 1": (
            "results",
            records.resealed(
                bundle, lambda p: p["predicate"].update(started_at="0001-01-01T00:00:00+14:00")
            ).to_bytes(),
            400,
            "JM-SCHEMA",
        ),
        "a name twice": ("results", _with_audience_twice(bundle), 400, "JM-DUPLICATE-NAME"),
        "a line for the log": ("results", b'{"x\\n2026 WARNING forged\\u001b[31m":1}', 400, "JM-SCHEMA"),
        "enrolment sent as a ticket request": (
            "tickets",
            encode(records.enrolment()),
            403,
            "JM-PAYLOAD-TYPE",
        ),
    }


def _with_trace(bundle: Bundle, raw: bytes) -> bytes:
    """The bundle with another trace that is signed for: its sender has a real key."""
    from joulemark.record.trace import sha256

    packed = zlib.compress(raw, 9)

    def edit(payload: dict[str, Any]) -> None:
        info = {"encoding": "zlib", "encoded_sha256": sha256(packed), "raw_bytes": len(raw)}
        payload["predicate"]["trace"] = info
        payload["subject"][0]["digest"]["sha256"] = sha256(raw)

    return replace(records.resealed(bundle, edit), trace=packed).to_bytes()


def _edited_enrolment(**changes: object) -> bytes:
    """A signed enrolment that our own classes would not make."""
    honest = records.enrolment()
    payload = json.dumps(json.loads(honest.payload) | changes).encode()
    return encode(seal(payload, payload_type=honest.payload_type, key=records.signing_key()))


def _with_audience_twice(bundle: Bundle) -> bytes:
    """A signed statement with two audiences."""
    payload = bundle.envelope.payload.replace(
        b'"audience":', b'"audience":"https://elsewhere.example","audience":', 1
    )
    envelope = seal(payload, payload_type=bundle.envelope.payload_type, key=records.signing_key())
    return replace(bundle, envelope=envelope).to_bytes()


BAD = ["empty", "not JSON", "not UTF-8", "deep nesting", "unknown field", "wrong type", "spaces", "too large",
       "wrong signature", "other trace", "trace bomb", "trace of nonsense", "unknown field in the statement",
       "infinite energy", "NaN", "for another platform", "signed tomorrow", "enrolment of an hour ago",
       "a replay with one more newline", "a key with a newline", "a name that hides", "the year 1", "a name twice",
       "a line for the log", "enrolment for another key", "ticket for an unknown suite",
       "enrolment sent as a ticket request"]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_and_leaves_only_a_count(
    enrolled: Post, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    where, body, status, code = bad_bodies()[name]
    leaves = Leaf.objects.count()
    with caplog.at_level(logging.WARNING):
        problem(enrolled(where, body), status=status, code=code)
    assert [(record.name, code in record.getMessage()) for record in caplog.records] == [
        ("measurements.intake.refusals", True)
    ]
    assert caplog.records[0].getMessage().isprintable()
    assert len(caplog.records[0].getMessage()) < 400
    assert (Submission.objects.count(), TicketRow.objects.count(), Leaf.objects.count()) == (0, 0, leaves)
    assert list(RefusalCount.objects.values_list("code", "count")) == [(code, 1)]


def test_every_bad_body_is_tried() -> None:
    assert set(BAD) == set(bad_bodies())


def test_a_body_of_unknown_length_is_refused(client: Client, db: None) -> None:
    from io import BytesIO

    environment: dict[str, Any] = {"wsgi.input": BytesIO(b"{}"), "CONTENT_LENGTH": ""}
    answer = client.generic("POST", "/api/v1/results", **environment)
    problem(answer, status=411, code="JM-LENGTH")


def test_a_wrong_method_is_a_problem_document(client: Client, db: None) -> None:
    problem(client.get("/api/v1/enrolments"), status=405, code="JM-HTTP-405")


def test_the_log_has_no_gaps_after_a_failed_upload(enrolled: Post, ticket: Ticket) -> None:
    with transaction.atomic():
        append_leaf(kind=LeafKind.VERDICT, subject="00", facts={})
        transaction.set_rollback(True)
    enrolled("results", records.bundle(ticket=ticket).to_bytes())
    sequence()
    assert list(Leaf.objects.values_list("index", flat=True)) == list(range(Leaf.objects.count()))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger_leaf SET body = ''", "DELETE FROM ledger_leaf", "TRUNCATE ledger_leaf CASCADE"],
)
def test_the_database_refuses_to_edit_the_log(enrolled: Post, statement: str) -> None:
    from django.db import DatabaseError

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_constraints_have_the_last_word(enrolled: Post, ticket: Ticket) -> None:
    enrolled("results", records.bundle(ticket=ticket).to_bytes())
    held = Submission.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.create(
            result_id="0" * 64,
            bundle=b"",
            trace_sha256="",
            key=held.key,
            ticket=held.ticket,
            received_at=held.received_at,
            receipt=b"",
            leaf=held.leaf,
        )
