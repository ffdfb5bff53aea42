"""The law of facts: whatever the log hashes of a row, the row gives back, on both kinds of database."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone as clock
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker, Settings

from joulemark.log.leaf import decode
from joulemark.record import keys, requests
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark.record.exact_json import exact_text
from joulemark.record.messages import VerdictState
from joulemark.rules.finding import Finding, Severity
from joulemark.rules.findings_digest import findings_digest, is_former_digest
from joulemark.rules.judge import Judgement
from joulemark.rules.verdicts import plain_findings
from joulemark.suite import load_suite
from joulemark.suite.archive import encode_archive
from joulemark_simulation import records
from measurements.catalog.models import HardwareClass, NameState
from measurements.contributors.models import Key
from measurements.intake import key_services, suite_services
from measurements.intake import services as intake
from measurements.intake.models import State, Submission
from measurements.ledger import sequencer
from measurements.ledger.audit import _fault_of
from measurements.ledger.gaps import gap_facts
from measurements.ledger.log_facts import current_rows
from measurements.ledger.models import Leaf, LeafKind, LogGap
from measurements.ledger.services import append_leaf
from measurements.releases.log_facts import release_facts
from measurements.releases.models import Release
from measurements.review import contributor_requests, hardware_names, moderation
from measurements.review import services as review
from measurements.review.audit import faults
from measurements.review.models import ModerationReason, Verdict
from measurements.review.moves import Cause
from tests.both_databases import sqlite_in_place_of_postgresql, undone
from tests.client_response import Post
from tests.laws import law
from tests.pinned import pinned_files

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]

zones = st.integers(-24 * 3600 + 1, 24 * 3600 - 1).map(lambda s: timezone(timedelta(seconds=s)))
"""Any offset that a clock can have, to the second: local times of before 1900 had such."""


def between(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    """Any moment, to the microsecond, in any zone."""
    step = timedelta(microseconds=1)
    offsets = st.integers(0, (last - first) // step)
    return offsets.flatmap(lambda steps: zones.map((first + steps * step).astimezone))


moments = between(datetime(2021, 1, 1, tzinfo=UTC), datetime(2198, 12, 30, tzinfo=UTC))
all_moments = between(datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
seeds = st.binary(min_size=32, max_size=32)
numbers = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(1e15, 1.7e308)
    | st.floats(0, 1e-300)
    | st.integers()
    | st.integers(-(10**40), 10**40)
)
evidence = st.dictionaries(st.text(), st.none() | st.booleans() | numbers | st.text(), max_size=5)
findings = st.lists(
    st.builds(
        Finding,
        code=st.from_regex(r"JM-[A-Z]{3,12}", fullmatch=True),
        severity=st.sampled_from([Severity.QUARANTINE, Severity.FLAG]),
        sentence=st.text(max_size=60),
        evidence=evidence,
    ),
    max_size=3,
).map(tuple)
LARGE = Finding(
    "JM-LARGE", Severity.FLAG, "It is large.", {"energy_j": 1.23456789e23, "zero": -0.0, "one": 1.0}
)


class Platform:
    """Writes one leaf of each kind through the door that writes it in life, with values that `draw` chooses."""

    def __init__(
        self, draw: Callable[[st.SearchStrategy[Any]], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.draw, self.monkeypatch = draw, monkeypatch
        self.now = draw(moments)
        monkeypatch.setattr(clock, "now", lambda: self.now)
        self.key = self._enrol()

    def _enrol(self) -> Ed25519PrivateKey:
        key = Ed25519PrivateKey.from_private_bytes(self.draw(seeds))
        key_services.accept_enrolment(data=encode(records.enrolment(key=key, now=self.now)))
        return key

    def _later(self) -> None:
        self.now = (self.now + timedelta(microseconds=self.draw(st.integers(1, 10**7)))).astimezone(
            self.draw(zones)
        )

    def _id(self) -> str:
        return keys.key_id(keys.public_hex(self.key))

    def _ask(self, kind: type[requests.Request], payload_type: str, **said: Any) -> bytes:
        self._later()
        return encode(records.request(kind, payload_type, key=self.key, now=self.now, **said))

    def _result(self) -> Submission:
        suite = load_suite("demo")
        queries = suite.queries_per_window(records.first_job(suite).dataset)
        of = records.trace(windows=1, queries=queries, salt=self.draw(st.integers(0, 10**6)))
        self._later()
        bundle = records.bundle(key=self.key, of=of, now=self.now)
        return intake.accept_result(data=bundle.to_bytes())[0]

    def _judged(self, state: VerdictState, found: tuple[Finding, ...]) -> Submission:
        submission = self._result()
        self._later()
        with self.monkeypatch.context() as patched:
            patched.setattr(review, "judge", lambda _case: Judgement(state, found))
            assert review.judge_waiting(result_ids=[submission.pk]) == 1
        return submission

    def key_enrolled(self) -> None:
        """The one that there is."""

    def key_rotated(self) -> None:
        """To a key of the same hands."""
        new = Ed25519PrivateKey.from_private_bytes(
            self.draw(seeds.filter(lambda s: s != self.key.private_bytes_raw()))
        )
        self._later()
        enrolment = records.enrolment(key=new, now=self.now)
        key_services.rotate(data=self._ask(requests.Rotation, requests.ROTATION_TYPE, new_key=enrolment))

    def key_revoked(self) -> None:
        """By itself or by a moderator, since a time in any zone or since none."""
        since = self.draw(st.none() | all_moments)
        if self.draw(st.booleans()):
            asked = {"key_id": self._id(), "reason": "stolen", "since": since}
            key_services.revoke(data=self._ask(requests.Revocation, requests.REVOCATION_TYPE, **asked))
            return
        self._later()
        moderation.revoke(key=Key.objects.get(pk=self._id()), moderator=_person(), since=since)

    def release(self) -> None:
        """Of any log and any digests."""
        self._later()
        release = Release(
            name=f"{self.now.astimezone(UTC):%Y-%m-%d}",
            made_at=self.now,
            tree_size=self.draw(st.integers(1, 2**53)),
            root_hash=self.draw(seeds).hex(), manifest_sha256=self.draw(seeds).hex(),
            n_results=0, n_rows=0, n_files=1, total_bytes=1, new_bytes=1,
        )  # fmt: skip
        facts = release_facts(release)
        release.leaf = append_leaf(
            kind=LeafKind.RELEASE, subject=release.manifest_sha256, facts=facts, at=release.made_at
        )
        release.save()

    def run_started(self) -> None:
        """For any device."""
        self._later()
        tag = self.draw(seeds).hex()
        intake.issue_ticket(data=encode(records.ticket_request(key=self.key, now=self.now, device_tag=tag)))

    def result_received(self) -> None:
        """Of any trace."""
        self._result()

    def verdict(self) -> None:
        """With findings of any words and magnitudes."""
        state = self.draw(st.sampled_from(["accepted", "quarantined"]))
        self._judged(state, self.draw(findings))

    def moderation(self) -> None:
        """For any reason."""
        submission = self._judged("quarantined", ())
        self._later()
        reason = self.draw(st.sampled_from(ModerationReason.values))
        moderation.decide(submission=submission, moderator=_person(), state=State.ACCEPTED, reason=reason)

    def name_decision(self) -> None:
        """About a name of any words."""
        title = self.draw(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60)
        )
        hardware = HardwareClass.objects.create(slug="cpu-any", title=title, kind="cpu")
        self._later()
        state = self.draw(st.sampled_from([NameState.CONFIRMED, NameState.REFUSED]))
        HardwareClass.objects.filter(pk=hardware.pk).update(name_state=NameState.REPORTED)
        hardware_names.decide_name(hardware=hardware, moderator=_person(), state=state)

    def suite_pinned(self) -> None:
        """At any commit."""
        commit = self.draw(st.text("0123456789abcdef", min_size=40, max_size=40))
        self._later()
        files = pinned_files(version=f"1.{commit[:12]}", commit=commit)
        suite_services.hand_out_suite(archive=encode_archive(files))

    def log_resumed(self) -> None:
        """Of any gap."""
        start, end = sorted(self.draw(st.lists(st.integers(0, 2**53), min_size=2, max_size=2)))
        root = self.draw(seeds).hex()
        gap = LogGap(start=start, end=end, start_root=root, end_root=root, resumed_at=self.now)
        gap.leaf = append_leaf(kind=LeafKind.LOG_RESUMED, subject=root, facts=gap_facts(gap), at=self.now)
        gap.save()

    def withdrawal(self) -> None:
        """For any reason."""
        reason = self.draw(st.sampled_from(["measured-wrongly", "wrong-machine", "private", "other"]))
        asked = {"result_id": self._judged("accepted", ()).pk, "reason": reason}
        contributor_requests.withdraw(data=self._ask(requests.Withdrawal, requests.WITHDRAWAL_TYPE, **asked))

    def appeal(self) -> None:
        """In any words that can be seen."""
        words = self.draw(st.text(st.characters(categories=("L", "N", "P", "S"), codec="utf-8"), min_size=1))
        asked = {"result_id": self._judged("rejected", ()).pk, "words": words[:1000]}
        contributor_requests.appeal(data=self._ask(requests.Appeal, requests.APPEAL_TYPE, **asked))


def _person() -> User:
    return User.objects.get_or_create(username="moderator")[0]


@pytest.fixture(scope="module")
def migrated_sqlite(django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an SQLite database without rows."""
    folder = tmp_path_factory.mktemp("migrated")
    with django_db_blocker.unblock(), sqlite_in_place_of_postgresql(folder / "joulemark.sqlite3"):
        call_command("migrate", verbosity=0)
    return folder / "joulemark.sqlite3"


@pytest.fixture(params=["PostgreSQL", "SQLite"])
def database(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[None]:
    """A platform with a catalogue and a moderator on this kind of database, where nobody is limited.

    All of it is undone in the end.
    """
    settings.RATES = dict.fromkeys(settings.RATES, (10**9, 3600))
    with contextlib.ExitStack() as stack:
        if request.param == "SQLite":
            file = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path)
            stack.enter_context(sqlite_in_place_of_postgresql(Path(file)))
        assert connection.vendor == request.param.lower()
        stack.enter_context(undone())
        _prepare()
        yield


def _prepare() -> None:
    call_command("load_catalog", verbosity=0)
    _person()


def last_leaf(kind: LeafKind) -> Leaf:
    """The leaf of this kind that was written last, read back."""
    leaf = Leaf.objects.filter(kind=kind).order_by("id").last()
    assert leaf is not None, f"no leaf of kind {kind} was written"
    return leaf


def require_same(leaf: Leaf) -> None:
    """The row that the leaf records says now, word by word, what the leaf holds; and so do the leaf's own columns."""
    entry = decode(leaf.body.encode())
    row = current_rows([leaf])[leaf.pk]
    assert (row.subject, dict(row.facts)) == (entry.subject, entry.facts)
    assert list(_fault_of(leaf, "the leaf")) == []
    if leaf.kind == LeafKind.VERDICT:
        assert entry.facts["findings_sha256"] == findings_digest(Verdict.objects.get(leaf=leaf).findings)


@pytest.mark.laws
@pytest.mark.parametrize("kind", list(LeafKind))
def test_a_row_gives_back_what_the_log_has_hashed_of_it(
    database: None, monkeypatch: pytest.MonkeyPatch, kind: LeafKind
) -> None:
    @law(share=0.2)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        with monkeypatch.context() as patched, undone():
            platform = Platform(data.draw, patched)
            getattr(platform, kind.value.replace("-", "_"))()
            require_same(last_leaf(kind))

    holds()


@pytest.mark.laws
def test_a_verdict_gives_back_every_digit_of_its_evidence(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 28, 12, 0, 0, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    key_services.accept_enrolment(data=encode(records.enrolment(now=now)))
    submission, _new = intake.accept_result(data=records.bundle(now=now).to_bytes())

    @law()
    @given(findings)
    @example((LARGE,))
    def holds(found: tuple[Finding, ...]) -> None:
        submission.state = State.CHECKING
        with undone():
            review._write_verdicts(
                [submission], {submission.pk: Judgement("quarantined", found)}, cause=Cause.RULES
            )
            leaf = last_leaf(LeafKind.VERDICT)
            require_same(leaf)
            plain = plain_findings(found)
            assert exact_text(Verdict.objects.get(leaf=leaf).findings) == exact_text(plain)

    holds()


BEFORE: dict[str, tuple[object, object]] = {
    "a number beyond 2**53": ({"energy_j": 1.23456789e23}, {"energy_j": 123456789000000003637248}),
    "a whole number with a point": ({"windows": 3.0}, {"windows": 3}),
    "ordinary words and numbers": ({"code": "JM-X", "power_w": 61.5}, {"code": "JM-X", "power_w": 61.5}),
}


@pytest.mark.parametrize("name", BEFORE)
def test_a_digest_of_before_fits_findings_that_no_edit_has_touched(name: str) -> None:
    """As the database gave them back before (`jsonb` as text), and as they were hashed then."""
    written, hashed = BEFORE[name]
    digest = hashlib.sha256(msgspec.json.encode([hashed], order="deterministic")).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [exact_text([written])])
        came_back = json.loads(cursor.fetchone()[0])
    assert is_former_digest(digest, came_back)
    edited = [{**came_back[0], next(iter(came_back[0])): 7}]
    assert not is_former_digest(digest, edited)


def test_entries_of_before_accuse_nobody(
    client: Client, enrolled: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revocation since a time in another zone and a verdict, written as they were before all facts had one form."""
    bundle = records.bundle()
    assert enrolled("results", bundle.to_bytes()).status_code == 202
    former = lambda found: hashlib.sha256(msgspec.json.encode(found, order="deterministic")).hexdigest()  # noqa: E731
    monkeypatch.setattr(review, "findings_digest", former)
    monkeypatch.setattr("measurements.ledger.facts.moment", lambda at: "" if at is None else at.isoformat())
    review.judge_waiting(result_ids=[bundle.digest()])
    moderation.revoke(
        key=Key.objects.get(),
        moderator=_person(),
        since=datetime.fromisoformat("2026-11-28T12:00:00+03:00"),
    )
    monkeypatch.undo()
    sequencer.sequence()
    bodies = [decode(leaf.body.encode()).facts for leaf in Leaf.objects.filter(kind="key-revoked")]
    assert [facts["untrusted_since"] for facts in bodies] == ["2026-11-28T12:00:00+03:00"]
    rows = client.get("/api/v1/log/rows/?start=0&end=100").json()["rows"]
    entries = [decode(leaf.body.encode()) for leaf in Leaf.objects.order_by("index")]
    assert [row["facts"] for row in rows] == [entry.facts for entry in entries]
    assert list(faults()) == []
    Key.objects.update(untrusted_since=datetime(2026, 11, 28, 9, 0, 1, tzinfo=UTC))
    assert [fault for fault in faults() if "untrusted_since" in fault]


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_calendar_has_is_refused_at_the_door(enrolled: Post, since: str) -> None:
    request = records.request(
        requests.Revocation, requests.REVOCATION_TYPE, key_id="00" * 32, reason="stolen", since=None
    )
    payload = json.loads(request.payload) | {"since": since, "key_id": key_id_of(1)}
    envelope = seal(
        json.dumps(payload).encode(), payload_type=requests.REVOCATION_TYPE, key=records.signing_key()
    )
    answer = enrolled("revocations", encode(envelope))
    assert (answer.status_code, answer.json()["code"]) == (400, "JM-SCHEMA")
    assert Key.objects.get().state == "active"


def key_id_of(number: int) -> str:
    return keys.key_id(keys.public_hex(records.signing_key(number)))
