"""Attacks at the door: keys, envelopes, tickets, and bodies that are made to break a reader."""

from __future__ import annotations

import json
import socket
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.core.cache import cache
from msgspec.structs import replace
from pytest_django import Settings

from joulemark.record import keys, requests
from joulemark.record import statement as s
from joulemark.record import trace as t
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark_simulation import records
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.contributors.models import Key
from measurements.intake.models import Submission, Ticket
from measurements.ledger.models import Leaf
from measurements.ledger.sequencer import sequence
from measurements.review.audit import faults
from tests.client_response import ClientResponse
from tests.contract.attacks.book import Outcome, attack
from tests.contract.attacks.conftest import Door
from tests.processes import embedded_platform

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]


def refused(answer: ClientResponse) -> Outcome:
    """The refusal of a door."""
    assert answer.status_code >= 400, answer.content
    return Outcome("refused", frozenset({answer.json()["code"]}))


@attack("Forged signature", "refused", "JM-SIGNATURE")
def test_forged_signature(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    bundle = records.bundle()
    (signature,) = bundle.envelope.signatures
    forged = replace(signature, sig=bytes(64))
    return door.send(replace(bundle, envelope=replace(bundle.envelope, signatures=(forged,))))


@attack("Unknown key", "refused", "JM-KEY-UNKNOWN")
def test_unknown_key(door: Door) -> Outcome:
    return door.send(records.bundle(key=records.signing_key(7)))


@attack("Display name that is another's pseudonym", "refused", "JM-NAME")
def test_name_like_a_pseudonym(door: Door) -> Outcome:
    door.enrol(records.signing_key(1))
    victim = Key.objects.get().contributor.pseudonym
    return refused(
        door.post("enrolments", encode(records.enrolment(key=records.signing_key(2), name=f"{victim} ✓")))
    )


@attack("Display name that claims an official role, in lookalike letters", "refused", "JM-NAME")
def test_name_like_an_office(door: Door) -> Outcome:
    names = (
        "M\u043ederator",
        "simulated-1",
        "J.o.u.l.e.m.a.r.k",
        "\uff2f\uff30\uff25\uff32\uff21\uff34\uff2f\uff32",
        "adm1n",
    )
    found = [refused(door.post("enrolments", encode(records.enrolment(name=name)))) for name in names]
    assert len(set(found)) == 1
    assert not Key.objects.exists()
    return found[0]


@attack("Display name that looks like another contributor's", "refused", "JM-NAME-TAKEN")
def test_name_like_anothers(door: Door) -> Outcome:
    door.enrol(records.signing_key(1), name="Ada Lovelace")
    lookalike = "\u0410d\u0430  L\u03bfvel\u00e1ce"
    return refused(
        door.post("enrolments", encode(records.enrolment(key=records.signing_key(2), name=lookalike)))
    )


@attack("Revoked key", "refused", "JM-KEY-REVOKED")
def test_revoked_key(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    me = keys.key_id(keys.public_hex(records.signing_key()))
    gone = records.request(
        requests.Revocation, requests.REVOCATION_TYPE, key_id=me, reason="stolen", since=None
    )
    assert door.post("revocations", encode(gone)).status_code == 201
    return door.send(records.bundle())


@attack("Statement that names another's key", "refused", "JM-KEY-ID")
def test_swapped_key(door: Door) -> Outcome:
    mine, theirs = records.signing_key(1), keys.public_hex(records.signing_key(2))
    door.enrol(mine)
    door.enrol(records.signing_key(2))
    swapped = s.Contributor(key_id=keys.key_id(theirs), public_key=theirs)
    return door.send(records.bundle(change=lambda said: replace(said, contributor=swapped)))


@attack("Another contributor's key revoked or rotated", "refused", "JM-KEY-OTHER")
def test_foreign_revocation(door: Door) -> Outcome:
    door.enrol(records.signing_key(1))
    door.enrol(records.signing_key(2))
    victim = keys.key_id(keys.public_hex(records.signing_key(1)))
    gone = records.request(
        requests.Revocation,
        requests.REVOCATION_TYPE,
        key=records.signing_key(2),
        key_id=victim,
        reason="lost",
        since=None,
    )
    found = refused(door.post("revocations", encode(gone)))
    assert Key.objects.get(pk=victim).state == "active"
    return found


@attack("Another contributor's result withdrawn", "refused", "JM-RESULT-OTHER")
def test_foreign_withdrawal(door: Door) -> Outcome:
    door.enrol(records.signing_key(1))
    door.enrol(records.signing_key(2))
    door.send(records.bundle())
    gone = records.request(
        requests.Withdrawal,
        requests.WITHDRAWAL_TYPE,
        key=records.signing_key(2),
        result_id=Submission.objects.get().pk,
        reason="other",
    )
    return refused(door.post("withdrawals", encode(gone)))


@attack(
    "Envelope sent again", "harmless", how="idempotent: the same bytes get the same answer and change nothing"
)
def test_replayed_envelope(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    body, request = records.bundle().to_bytes(), encode(records.ticket_request())
    first, asked = door.post("results", body), door.post("tickets", request)
    leaves = Leaf.objects.count()
    again, anew = door.post("results", body), door.post("tickets", request)
    assert (first.content, asked.content) == (again.content, anew.content)
    assert (Submission.objects.count(), Ticket.objects.count(), Leaf.objects.count()) == (1, 1, leaves)
    return Outcome("harmless")


@attack("Nonce of an earlier request reused", "refused", "JM-NONCE-USED")
def test_reused_nonce(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    door.post("tickets", encode(records.ticket_request(nonce="7" * 32)))
    return refused(door.post("tickets", encode(records.ticket_request(nonce="7" * 32, device_tag="cd" * 32))))


@attack("Old request replayed later", "refused", "JM-CLOCK")
def test_late_request(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    old = records.ticket_request(now=datetime.now(UTC) - timedelta(hours=1))
    return refused(door.post("tickets", encode(old)))


@attack("Message signed for another platform", "refused", "JM-AUDIENCE")
def test_other_platform(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    return door.send(records.bundle(change=lambda said: replace(said, audience="https://elsewhere.example")))


@attack("Ticket used twice", "refused", "JM-TICKET-USED")
def test_ticket_twice(door: Door) -> Outcome:
    ticket = door.ticket(key=records.signing_key())
    door.send(records.bundle(ticket=ticket))
    return door.send(records.bundle(ticket=ticket, of=records.trace(queries=15, salt=3)))


@attack("Another contributor's ticket", "refused", "JM-TICKET-UNKNOWN")
def test_foreign_ticket(door: Door) -> Outcome:
    ticket = door.ticket(key=records.signing_key(1))
    door.enrol(records.signing_key(2))
    return door.send(records.bundle(ticket=ticket, key=records.signing_key(2)))


@attack("Ticket with a self-chosen seed", "refused", "JM-TICKET-EDITED")
def test_edited_ticket(door: Door) -> Outcome:
    ticket = door.ticket(key=records.signing_key())
    return door.send(records.bundle(ticket=replace(ticket, sample_seed=ticket.sample_seed + 1)))


def hand_made(door: Door, edit: Callable[[str], str]) -> Outcome:
    """A bundle whose payload is edited as JSON text and signed again."""
    door.enrol(records.signing_key())
    bundle = records.bundle()
    text = edit(bundle.envelope.payload.decode())
    envelope = seal(text.encode(), payload_type=s.PAYLOAD_TYPE, key=records.signing_key())
    return door.send(replace(bundle, envelope=envelope))


def with_energy(text: str) -> Callable[[str], str]:
    def edit(payload: str) -> str:
        said = json.loads(payload)
        said["predicate"]["totals"]["energy_gross_j"] = "HERE"
        return json.dumps(said).replace('"HERE"', text)

    return edit


@attack("Negative energy", "refused", "JM-SCHEMA")
def test_negative(door: Door) -> Outcome:
    return hand_made(door, with_energy("-1.0"))


@attack("NaN or infinity", "refused", "JM-JSON")
def test_nan(door: Door) -> Outcome:
    first = hand_made(door, with_energy("Infinity"))
    second = hand_made(door, with_energy("NaN"))
    assert first == second
    return second


@attack("1e308 joules", "refused", "JM-SCHEMA")
def test_huge_float(door: Door) -> Outcome:
    return hand_made(door, with_energy("1e308"))


@attack("Integer of 5,000 digits", "refused", "JM-SCHEMA")
def test_huge_integer(door: Door) -> Outcome:
    return hand_made(door, with_energy("9" * 5000))


@attack("JSON nested 100,000 deep", "refused", "JM-SCHEMA")
def test_deep_nesting(door: Door) -> Outcome:
    deep = "[" * 100_000 + "]" * 100_000
    found = hand_made(
        door, lambda payload: payload.replace('"predicate":', f'"predicate":{deep},"again":', 1)
    )
    assert refused(door.post("results", b'{"format":' + deep.encode() + b"}")).kind == "refused"
    return found


@attack("Zip bomb as trace", "refused", "JM-TRACE-SIZE")
def test_zip_bomb(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    bomb = zlib.compress(bytes(200 * 1024 * 1024), 9)
    bundle = records.bundle(
        change=lambda said: replace(said, trace=replace(said.trace, encoded_sha256=t.sha256(bomb)))
    )
    return door.send(replace(bundle, trace=bomb))


@attack("Body of 100 MB", "refused", "JM-BODY-SIZE")
def test_huge_body(door: Door) -> Outcome:
    return refused(door.post("results", b"0" * (100 * 1024 * 1024)))


@attack("Body without a stated length", "refused", "JM-LENGTH")
def test_no_length(door: Door) -> Outcome:
    return refused(door.client.generic("POST", "/api/v1/results", b"", content_type="application/json"))


@pytest.mark.processes
@attack("Body that stops arriving", "refused", "JM-BODY-SLOW")
def test_slow_body(tmp_path: Path) -> Outcome:
    with embedded_platform(folder=tmp_path, JOULEMARK_BODY_TIMEOUT_S="1") as platform:
        platform.start_web()
        host, _, port = platform.origin.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as line:
            head = f"POST /api/v1/results HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000\r\n\r\n"
            line.sendall(head.encode() + b"{")
            answer = b""
            while chunk := line.recv(4096):
                answer += chunk
    return Outcome("refused", frozenset({json.loads(answer.partition(b"\r\n\r\n")[2])["code"]}))


@attack("More requests than the rate allows", "refused", "JM-RATE")
def test_too_many(door: Door, settings: Settings) -> Outcome:
    cache.clear()
    settings.RATES = {**settings.RATES, "result": (3, 3600)}
    door.enrol(records.signing_key())
    bodies = [records.bundle(of=records.trace(queries=15, salt=number)).to_bytes() for number in range(4)]
    for body in bodies[:3]:
        assert door.post("results", body).status_code == 202
    assert door.post("results", bodies[0]).status_code == 200, "what is here already costs nothing"
    return refused(door.post("results", bodies[3]))


def revocation(door: Door, since: str | None) -> ClientResponse:
    """The answer to a revocation of key 1 since a time as the sender spells it."""
    me = keys.key_id(keys.public_hex(records.signing_key()))
    asked = records.request(
        requests.Revocation, requests.REVOCATION_TYPE, key_id=me, reason="stolen", since=None
    )
    payload = json.dumps(json.loads(asked.payload) | {"since": since}).encode()
    envelope = seal(payload, payload_type=requests.REVOCATION_TYPE, key=records.signing_key())
    return door.post("revocations", encode(envelope))


@attack(
    "Time in another time zone, so that the log appears edited",
    "harmless",
    how="times have one form in entries and rows, and audits compare instants",
)
def test_revocation_in_another_zone(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    door.send(records.bundle())
    assert revocation(door, "2026-11-28T12:00:00.000001+03:07").status_code == 201
    sequence()
    assert list(faults()) == []
    return Outcome("harmless")


@attack("Time outside the calendar's range", "refused", "JM-SCHEMA")
def test_revocation_before_the_first_year(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    return refused(revocation(door, "0001-01-01T00:00:00+14:00"))


@attack(
    "Numbers that a database returns with other digits, so that the log appears edited",
    "rejected",
    "JM-POWER-HIGH",
    "JM-WINDOWS",
    how="findings are stored as the text that the log hashes",
)
def test_numbers_in_other_digits(door: Door) -> Outcome:
    door.enrol(records.signing_key())

    def enormous(said: s.Predicate) -> s.Predicate:
        first = replace(said.windows[0], energy_gross_j=1.23456789e14, start_s=0.01, end_s=0.010000001)
        return replace(said, windows=(first, *said.windows[1:]))

    found = door.send(records.bundle(change=enormous))
    sequence()
    assert list(faults()) == []
    return found


def with_names(honest: s.Predicate, *, name: str) -> s.Predicate:
    """Of a device and a processor that are called so."""
    return replace(honest, device=replace(honest.device, name=name), host=replace(honest.host, cpu=name))


@attack(
    "SQL, HTML and spreadsheet formulas in text fields",
    "harmless",
    how="escaped on output and stored as data",
)
def test_injection(door: Door) -> Outcome:
    words = ["'; DROP TABLE intake_submission; --", "<script>alert(1)</script>", "=HYPERLINK(1)", "@SUM(1)"]
    for number, word in enumerate(words, start=1):
        key = records.signing_key(number)
        door.enrol(key, name=word[:60])
        injected = partial(with_names, name=word)
        found = door.send(records.bundle(key=key, of=records.trace(queries=15, salt=number), change=injected))
        assert found.kind == "harmless"
    refresh_stale_cells()
    assert Submission.objects.count() == len(words)
    pages = ["/", "/results/", "/boards/demo-1-estimated/text_classification/", "/decisions/"]
    pages += [f"/results/{row.pk}/" for row in Submission.objects.all()]
    for page in pages:
        assert "<script>alert" not in door.client.get(page).content.decode(), page
    sheet = door.client.get("/api/v1/boards/demo-1-estimated/text_classification.csv").content.decode()
    cells = [cell for line in sheet.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.strip('"').startswith(("=", "@", "+", "-H"))]
    assert Cell.objects.exists()
    return Outcome("harmless")
