"""Judging again: new rules see all history, old verdicts stay, persons' decisions stand, and lost workers are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from msgspec.structs import replace
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from joulemark.record.messages import VerdictState
from joulemark.rules.finding import Finding, Severity
from joulemark.rules.judge import Judgement
from joulemark_simulation import records
from measurements.intake.models import State, Submission
from measurements.ledger.models import Leaf
from measurements.review import services
from measurements.review.judging_batches import claim
from measurements.review.models import Result, Transition, Verdict
from measurements.review.moderation import decide
from measurements.review.moves import Cause
from measurements.review.result_row import store_results
from measurements.review.states import ImpossibleMove, move
from measurements.review.tasks import sweep
from tests.client_response import Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(enrolled: Post) -> Callable[..., list[str]]:
    """Send bundles of different traces; their ids."""

    def send(number: int = 1, **facts: Any) -> list[str]:
        ids = []
        for salt in range(number):
            bundle = records.bundle(of=records.trace(queries=15, salt=salt), **facts)
            assert enrolled("results", bundle.to_bytes()).status_code == 202
            ids.append(bundle.digest())
        return ids

    return send


def later_rules(monkeypatch: pytest.MonkeyPatch, state: VerdictState) -> None:
    """Rules of a later version, for which everything is `state`."""
    found = () if state == "accepted" else (Finding("JM-LATER", Severity.REJECT, "Later rules say no."),)
    monkeypatch.setattr(services, "RULES_VERSION", "later")
    monkeypatch.setattr(services, "judge", lambda _case: Judgement(state, found))


def test_new_rules_see_all_history_and_both_verdicts_stay(
    sent: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ids = sent(3)
    services.judge_waiting(result_ids=ids)
    assert services.outdated(most=10) == []
    later_rules(monkeypatch, "rejected")
    assert services.outdated(most=10) == ids
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep() == 3
    assert set(Submission.objects.values_list("state", flat=True)) == {"rejected"}
    verdicts = [
        (v.rules_version != "later", v.state, v.cause) for v in Verdict.objects.filter(submission=ids[0])
    ]
    assert verdicts == [(True, "accepted", "rules"), (False, "rejected", "new-rules")]
    assert Leaf.objects.filter(kind="verdict", subject=ids[0]).count() == 2
    assert sweep() == 0
    assert not Result.objects.eligible().exists()


def test_what_a_person_decided_stands_against_new_rules(
    sent: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, django_user_model: type[User]
) -> None:
    (result_id,) = sent(change=lambda said: replace(said, flags=("foreign-process",)))
    services.judge_waiting(result_ids=[result_id])
    person = django_user_model.objects.create_user("moderator")
    decide(
        submission=Submission.objects.get(),
        moderator=person,
        state=State.ACCEPTED,
        reason="evidence-holds",
    )
    later_rules(monkeypatch, "rejected")
    assert services.judge_again(result_ids=[result_id], cause=Cause.NEW_RULES) == 1
    assert Submission.objects.get().state == State.ACCEPTED
    last = Verdict.objects.last()
    assert last is not None
    assert last.state == State.REJECTED


def test_withdrawn_and_unjudged_are_not_judged_again(sent: Callable[..., list[str]]) -> None:
    first, second = sent(2)
    Submission.objects.filter(pk=first).update(state=State.WITHDRAWN)
    assert services.judge_again(result_ids=[first, second], cause=Cause.NEW_RULES) == 0
    assert not Verdict.objects.exists()


def test_many_are_judged_in_as_many_queries_as_few(
    sent: Callable[..., list[str]], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    few, many = sent(2), sent(8)
    with django_assert_max_num_queries(60) as of_few:
        services.judge_waiting(result_ids=few)
    with django_assert_max_num_queries(60) as of_many:
        assert services.judge_waiting(result_ids=many) == 8
    assert len(of_many) <= len(of_few) + 2


def test_one_that_the_database_refuses_does_not_stop_the_others(
    sent: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sent(3)
    honest = store_results

    def refuse_one(rows: list[Result]) -> None:
        honest(rows)
        if any(row.pk == ids[1] for row in rows):
            raise DataError("integer out of range")

    monkeypatch.setattr(services, "store_results", refuse_one)
    assert services.judge_waiting(result_ids=ids) == 3
    states = dict(Submission.objects.values_list("result_id", "state"))
    assert states == {ids[0]: "accepted", ids[1]: "quarantined", ids[2]: "accepted"}
    assert Verdict.objects.get(submission=ids[1]).findings[0]["code"] == "JM-JUDGE-FAILED"


def test_what_a_lost_worker_had_taken_up_is_found(sent: Callable[..., list[str]], settings: Settings) -> None:
    (result_id,) = sent()
    assert claim([result_id]).batches == [[result_id]]
    assert Submission.objects.get().state == State.CHECKING
    assert services.judge_waiting(result_ids=[result_id]) == 0
    old = timezone.now() - timedelta(seconds=settings.SWEEP_WAITING_LONGER_THAN_S + 1)
    Submission.objects.update(received_at=old)
    assert sweep() == 1
    assert Submission.objects.get().state in {State.ACCEPTED, State.REJECTED}


def test_impossible_moves_are_refused_here_and_by_the_database(sent: Callable[..., list[str]]) -> None:
    sent()
    row = Submission.objects.get()
    with pytest.raises(ImpossibleMove, match="cannot become accepted"):
        move([row], State.ACCEPTED, cause=Cause.RULES, at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Transition.objects.create(
            submission=row, before="withdrawn", after="accepted", cause="rules", moved_at=timezone.now()
        )
    row.refresh_from_db()
    assert (row.state, Transition.objects.count()) == (State.RECEIVED, 0)
