"""A platform with its doors open, and honest GPU sessions to lie about."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.test import Client
from msgspec.structs import replace
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from joulemark.record import keys, messages
from joulemark.record import statement as s
from joulemark.record import trace as t
from joulemark.record.bundle import Bundle
from joulemark.record.codec import decode, encode
from joulemark.record.envelope import seal
from joulemark.rules.case import Case
from joulemark_simulation import records
from joulemark_simulation.honest_cases import honest
from measurements.intake.models import Submission, Ticket
from measurements.ledger import key_file
from measurements.review import services as review
from tests.client_response import ClientResponse
from tests.contract.attacks.book import BOOK, Kind, Outcome
from tests.contract.attacks.printed import PROPERTY
from tests.core.lies import suite_of


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write what came of an attack into the test's report, which reaches the process that prints the table."""
    report = yield
    name = item.originalname if isinstance(item, pytest.Function) else item.name
    if call.when == "call" and name in BOOK.seen:
        report.user_properties.append((PROPERTY, BOOK.said(name)))
    return report


KINDS: dict[str, Kind] = {"accepted": "harmless", "rejected": "rejected", "quarantined": "quarantined"}
"""What comes of an attack, by the state of its result."""
Send = Callable[..., Outcome]
"""The fixture `send`: hands a case in."""


@dataclass
class Door:
    """The platform as a contributor meets it: bytes in, an answer out."""

    client: Client
    capture: DjangoCaptureOnCommitCallbacks
    enrolled: set[str] = field(default_factory=set)

    def post(self, where: str, body: bytes, **headers: str) -> ClientResponse:
        """Send bytes to an address under /api/v1/."""
        with self.capture(execute=True):
            return self.client.post(
                f"/api/v1/{where}", data=body, content_type="application/octet-stream", headers=headers
            )

    def enrol(self, key: Ed25519PrivateKey, **changes: Any) -> None:
        """Make a key known, once."""
        public = keys.public_hex(key)
        if public not in self.enrolled:
            assert self.post("enrolments", encode(records.enrolment(key=key, **changes))).status_code == 201
            self.enrolled.add(public)

    def send(self, bundle: Bundle | bytes) -> Outcome:
        """Hand in a bundle; the refusal of the door, or the verdict."""
        body = bundle if isinstance(bundle, bytes) else bundle.to_bytes()
        answer = self.post("results", body)
        if answer.status_code >= 400:
            return Outcome("refused", frozenset({answer.json()["code"]}))
        row = Submission.objects.order_by("-leaf_id").first()
        assert row is not None
        review.judge_waiting(result_ids=[row.pk])
        row.refresh_from_db()
        verdict = row.verdicts.last()
        assert verdict is not None
        codes = frozenset(finding["code"] for finding in verdict.findings)
        return Outcome(KINDS[row.state], codes)

    def ticket(self, *, key: Ed25519PrivateKey, **changes: Any) -> messages.Ticket:
        """A ticket out of the platform's hand."""
        self.enrol(key)
        answer = self.post("tickets", encode(records.ticket_request(key=key, **changes)))
        assert answer.status_code == 201, answer.content
        return decode(answer.content, messages.Ticket, what="ticket")


@pytest.fixture
def door(
    db: None,
    client: Client,
    settings: Settings,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Door:
    """A platform that has the suite of the simulated sessions beside its own."""
    settings.PLATFORM_KEY_FILE = tmp_path / "platform-key.pem"
    key_file.make(settings.PLATFORM_KEY_FILE)
    settings.LOG_DIR, settings.LOG_KEY_FILE = tmp_path / "log", tmp_path / "log-key.pem"
    key_file.make(settings.LOG_KEY_FILE)
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    listed = [suite_of(case) for case in honest().values()]
    settings.SUITES = tuple({suite.digest: suite for suite in listed}.values())
    call_command("load_catalog", verbosity=0)
    return Door(client=client, capture=django_capture_on_commit_callbacks)


@pytest.fixture
def send(door: Door, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Send a case of a simulated session as its contributor would, now and under a ticket of this platform."""

    def hand_in(
        case: Case, *, key: Ed25519PrivateKey | None = None, late: timedelta | None = None
    ) -> Outcome:
        key = key or records.signing_key()
        door.enrol(key)
        return door.send(signed(case, key=key, ticket=announced(door, case, key, monkeypatch), late=late))

    return hand_in


def announced(
    door: Door, case: Case, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> messages.Ticket | None:
    """The ticket under which the session was played, out of the real door: its seed is what chance gives there."""
    known = case.context.ticket
    if known is None:
        return None
    draws = iter((known.id, known.nonce))
    chance = SimpleNamespace(token_hex=lambda _: next(draws), randbelow=lambda _: known.sample_seed)
    with monkeypatch.context() as patched:
        patched.setattr("measurements.intake.services.secrets", chance)
        said, suite = case.predicate, suite_of(case)
        return door.ticket(
            key=key,
            suite=s.SuiteRef(name=suite.name, version=suite.version, digest=suite.digest),
            task=known.task,
            dataset=known.dataset,
            model=known.model,
            device_tag=said.device.tag,
        )


def signed(
    case: Case,
    *,
    key: Ed25519PrivateKey,
    ticket: messages.Ticket | None = None,
    late: timedelta | None = None,
) -> Bundle:
    """The case as a bundle of now, signed with this key; `late`: as if the ticket had been given so long ago."""
    said = case.predicate
    public = keys.public_hex(key)
    now = datetime.now(UTC)
    if ticket is not None:
        lasted = said.issued_at - said.started_at
        given = now - lasted - timedelta(seconds=5) - (late or timedelta())
        Ticket.objects.filter(pk=ticket.id).update(issued_at=given)
    shift = now - said.issued_at
    raw, packed = t.pack(case.trace)
    said = replace(
        said,
        started_at=said.started_at + shift,
        ended_at=said.ended_at + shift,
        issued_at=now,
        contributor=s.Contributor(key_id=keys.key_id(public), public_key=public),
        trace=s.TraceInfo(encoding="zlib", encoded_sha256=t.sha256(packed), raw_bytes=len(raw)),
    )
    subjects = tuple(
        replace(one, digest=s.Digest(sha256=t.sha256(raw))) if one.name == "trace" else one
        for one in case.statement.subject
    )
    statement = replace(case.statement, subject=subjects, predicate=said)
    envelope = seal(encode(statement), payload_type=s.PAYLOAD_TYPE, key=key)
    return Bundle(format="joulemark-bundle/1", envelope=envelope, trace=packed)
