"""What contributors may ask about results of their own: to withdraw one, and that a person looks at a verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from msgspec.structs import replace
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from joulemark.record import requests
from joulemark.record.codec import encode
from joulemark.record.statement import Predicate
from joulemark_simulation import records
from measurements.boards.models import Cell
from measurements.intake.models import State, Submission
from measurements.ledger.models import Leaf
from measurements.review.models import Appeal, Moderation, Proposal, Result, Transition, Verdict, Withdrawal
from measurements.review.moderation import decide, revoke
from tests.client_response import Post
from tests.web.test_intake_door import problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(
    enrolled: Post, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Callable[..., Submission]:
    """Send a bundle and have it judged; the row."""

    def send(**facts: Any) -> Submission:
        bundle = records.bundle(**facts)
        with django_capture_on_commit_callbacks(execute=True):
            assert enrolled("results", bundle.to_bytes()).status_code == 202
        return Submission.objects.get(pk=bundle.digest())

    return send


@pytest.fixture
def people(django_user_model: type[User]) -> list[User]:
    return [django_user_model.objects.create_user(name) for name in ("ann", "bob", "cy")]


def dirty(said: Predicate) -> Predicate:
    return replace(said, flags=("foreign-process",))


def wrong(said: Predicate) -> Predicate:
    return replace(said, totals=replace(said.totals, energy_gross_j=0.1))


def withdrawal(result_id: str, **changes: Any) -> bytes:
    said = {"result_id": result_id, "reason": "measured-wrongly", **changes}
    return encode(records.request(requests.Withdrawal, requests.WITHDRAWAL_TYPE, **said))


def appeal(result_id: str, **changes: Any) -> bytes:
    said = {"result_id": result_id, "words": "My fan is loud, that is all.", **changes}
    return encode(records.request(requests.Appeal, requests.APPEAL_TYPE, **said))


def test_a_withdrawn_result_counts_no_more_and_stays(
    enrolled: Post,
    sent: Callable[..., Submission],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    row = sent()
    assert Cell.objects.get().n_results == 1
    with django_capture_on_commit_callbacks(execute=True):
        answer = enrolled("withdrawals", withdrawal(row.pk))
    assert (answer.status_code, answer.json()["state"]) == (201, "withdrawn")
    assert not Cell.objects.exists()
    assert not Result.objects.eligible().exists()
    row.refresh_from_db()
    assert bytes(row.bundle) == records.bundle().to_bytes() or len(row.bundle) > 0
    assert Leaf.objects.filter(kind="withdrawal", subject=row.pk).count() == 1
    assert Withdrawal.objects.get().reason == "measured-wrongly"


def test_withdrawing_twice_is_once(enrolled: Post, sent: Callable[..., Submission]) -> None:
    row = sent()
    request = withdrawal(row.pk)
    assert enrolled("withdrawals", request).content == enrolled("withdrawals", request).content
    problem(enrolled("withdrawals", withdrawal(row.pk)), status=409, code="JM-STATE")
    assert Withdrawal.objects.count() == 1


def test_nobody_withdraws_a_result_of_somebody_else(enrolled: Post, sent: Callable[..., Submission]) -> None:
    row = sent()
    other = records.signing_key(2)
    enrolled("enrolments", encode(records.enrolment(key=other)))
    for where, body in (
        ("withdrawals", withdrawal(row.pk, key=other)),
        ("appeals", appeal(row.pk, key=other)),
    ):
        problem(enrolled(where, body), status=403, code="JM-RESULT-OTHER")
    problem(enrolled("withdrawals", withdrawal("0" * 64)), status=403, code="JM-RESULT-OTHER")
    assert Submission.objects.get().state == State.ACCEPTED


def test_an_appeal_is_decided_by_a_person(
    enrolled: Post, sent: Callable[..., Submission], people: list[User]
) -> None:
    row = sent(change=wrong)
    assert row.state == State.REJECTED
    answer = enrolled("appeals", appeal(row.pk))
    assert (answer.status_code, answer.json()["result_id"]) == (201, row.pk)
    assert Leaf.objects.filter(kind="appeal", subject=row.pk).count() == 1
    decision = decide(submission=row, moderator=people[0], state=State.ACCEPTED, reason="appeal-granted")
    assert Appeal.objects.get().decision == decision
    row.refresh_from_db()
    assert row.state == State.ACCEPTED
    assert Result.objects.eligible().get().pk == row.pk


def test_a_revoked_key_may_appeal_and_nothing_else(
    enrolled: Post, sent: Callable[..., Submission], django_user_model: type[User]
) -> None:
    row = sent(change=wrong)
    revoke(key=row.key, moderator=django_user_model.objects.create_user("moderator"))
    problem(enrolled("withdrawals", withdrawal(row.pk)), status=403, code="JM-KEY-REVOKED")
    assert enrolled("appeals", appeal(row.pk)).status_code == 201


def test_a_denied_appeal_leaves_the_rejection(
    enrolled: Post, sent: Callable[..., Submission], people: list[User]
) -> None:
    row = sent(change=wrong)
    enrolled("appeals", appeal(row.pk))
    decide(submission=row, moderator=people[0], state=State.REJECTED, reason="appeal-denied")
    row.refresh_from_db()
    assert (row.state, Moderation.objects.count(), Proposal.objects.count()) == (State.REJECTED, 1, 0)
    with pytest.raises(ValidationError, match="cannot be made accepted"):
        decide(submission=row, moderator=people[1], state=State.ACCEPTED, reason="evidence-holds")


def test_who_decided_does_not_decide_the_appeal(
    enrolled: Post, sent: Callable[..., Submission], people: list[User]
) -> None:
    row = sent(change=dirty)
    for person in people[:2]:
        decide(submission=row, moderator=person, state=State.REJECTED, reason="evidence-fails")
    assert enrolled("appeals", appeal(row.pk)).status_code == 201
    row.refresh_from_db()
    for person in people[:2]:
        with pytest.raises(ValidationError, match="had no part"):
            decide(submission=row, moderator=person, state=State.ACCEPTED, reason="appeal-granted")
    decide(submission=row, moderator=people[2], state=State.ACCEPTED, reason="appeal-granted")
    assert Result.objects.eligible().exists()


def test_one_person_cannot_reject(sent: Callable[..., Submission], people: list[User]) -> None:
    row = sent(change=dirty)
    first = decide(submission=row, moderator=people[0], state=State.REJECTED, reason="evidence-fails")
    assert isinstance(first, Proposal)
    with pytest.raises(ValidationError, match="second moderator"):
        decide(submission=row, moderator=people[0], state=State.REJECTED, reason="evidence-fails")
    row.refresh_from_db()
    assert (row.state, Moderation.objects.count()) == (State.QUARANTINED, 0)
    second = decide(submission=row, moderator=people[1], state=State.REJECTED, reason="evidence-fails")
    assert isinstance(second, Moderation)
    assert (second.proposed_by, second.moderator, Proposal.objects.count()) == (people[0], people[1], 0)
    row.refresh_from_db()
    assert row.state == State.REJECTED


def test_accepting_ends_a_proposal(sent: Callable[..., Submission], people: list[User]) -> None:
    row = sent(change=dirty)
    decide(submission=row, moderator=people[0], state=State.REJECTED, reason="evidence-fails")
    made_ = decide(submission=row, moderator=people[1], state=State.ACCEPTED, reason="evidence-holds")
    assert isinstance(made_, Moderation)
    assert (made_.proposed_by, Proposal.objects.count()) == (None, 0)


def test_an_appeal_has_its_time_and_its_turn(
    enrolled: Post, sent: Callable[..., Submission], settings: Settings
) -> None:
    accepted, rejected = sent(), sent(of=records.trace(queries=15, salt=9), change=wrong)
    problem(enrolled("appeals", appeal(accepted.pk)), status=409, code="JM-STATE")
    request = appeal(rejected.pk)
    assert enrolled("appeals", request).content == enrolled("appeals", request).content
    problem(enrolled("appeals", appeal(rejected.pk)), status=409, code="JM-APPEAL-OPEN")
    Appeal.objects.all().delete()
    late = timedelta(seconds=settings.APPEAL_WINDOW_S + 60)
    for verdict in Verdict.objects.all():
        Verdict.objects.filter(pk=verdict.pk).update(judged_at=verdict.judged_at - late)
    problem(enrolled("appeals", appeal(rejected.pk)), status=409, code="JM-APPEAL-LATE")


def test_hidden_words_are_refused(enrolled: Post, sent: Callable[..., Submission]) -> None:
    row = sent(change=wrong)
    body = appeal(row.pk).decode()
    with pytest.raises(ValueError, match="cannot be seen"):
        appeal(row.pk, words="good\u202ebad")
    assert "words" not in body  # they travel in base64, and are checked when they are decoded


def test_every_move_is_a_row(sent: Callable[..., Submission], people: list[User]) -> None:
    row = sent(change=dirty)
    decide(submission=row, moderator=people[0], state=State.ACCEPTED, reason="evidence-holds")
    moves = [(move.before, move.after, move.cause) for move in Transition.objects.all()]
    assert moves == [
        ("received", "checking", "check"),
        ("checking", "quarantined", "rules"),
        ("quarantined", "accepted", "moderation"),
    ]


def test_a_decided_appeal_keeps_its_decision(
    enrolled: Post, sent: Callable[..., Submission], people: list[User]
) -> None:
    row = sent(change=wrong)
    enrolled("appeals", appeal(row.pk))
    first = decide(submission=row, moderator=people[0], state=State.ACCEPTED, reason="appeal-granted")
    for person in people[1:]:
        decide(submission=row, moderator=person, state=State.REJECTED, reason="evidence-fails")
    assert Appeal.objects.get().decision == first


def test_withdrawing_ends_a_proposal(
    enrolled: Post, sent: Callable[..., Submission], people: list[User]
) -> None:
    row = sent(change=dirty)
    decide(submission=row, moderator=people[0], state=State.REJECTED, reason="evidence-fails")
    assert enrolled("withdrawals", withdrawal(row.pk)).status_code == 201
    assert not Proposal.objects.exists()


def test_the_time_for_an_appeal_begins_with_the_last_decision(
    enrolled: Post, sent: Callable[..., Submission], people: list[User], settings: Settings
) -> None:
    row = sent(change=dirty)
    for person in people[:2]:
        decide(submission=row, moderator=person, state=State.REJECTED, reason="evidence-fails")
    late = timedelta(seconds=settings.APPEAL_WINDOW_S + 60)
    for verdict in Verdict.objects.all():
        Verdict.objects.filter(pk=verdict.pk).update(judged_at=verdict.judged_at - late)
    assert enrolled("appeals", appeal(row.pk)).status_code == 201


@pytest.mark.usefixtures("own_queue")
def test_health_alarms_about_what_waits_too_long(
    client: Client, enrolled: Post, sent: Callable[..., Submission], settings: Settings
) -> None:
    assert client.get("/api/v1/health").json()["ok"] is True
    rejected, quarantined = sent(change=wrong), sent(of=records.trace(queries=15, salt=4), change=dirty)
    enrolled("appeals", appeal(rejected.pk))
    answer = client.get("/api/v1/health")
    counts = {what: one["count"] for what, one in answer.json()["waiting"].items()}
    assert counts.pop("checkpoint") > 0, "an appeal was filed just now"
    assert (answer.status_code, counts) == (200, {"verdict": 0, "judging": 0, "moderator": 1, "appeal": 1})
    now = timezone.now()
    Appeal.objects.update(filed_at=now - timedelta(seconds=settings.APPEAL_ANSWER_S + 60))
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["alarms"]) == (200, ["AppealLate"]), (
        "a person is late, nothing is ill"
    )
    assert answer.json()["waiting"]["appeal"]["alarm"] is True
    Appeal.objects.update(filed_at=now)
    old = now - timedelta(seconds=settings.QUARANTINE_ALARM_S + 60)
    Submission.objects.filter(pk=quarantined.pk).update(received_at=old)
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["alarms"]) == (200, ["ModeratorLate"])
    Submission.objects.filter(pk=quarantined.pk).update(state=State.RECEIVED)
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["alarms"]) == (503, ["VerdictLate"])
