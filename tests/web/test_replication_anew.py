"""What was compared is compared anew when a result changes: at once, by the sweep after a lost message, and at last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks

from joulemark.record import requests
from joulemark.record.codec import encode
from joulemark.rules.judge import Judgement
from joulemark_simulation import records
from joulemark_simulation.result_rows import Run, demo_catalog, make_result, private_key
from measurements.intake.models import State, Submission
from measurements.review import replication, services, tasks
from measurements.review.contributor_requests import withdraw
from measurements.review.models import Agreement, Result, Standing
from measurements.review.moderation import decide
from measurements.review.moves import Cause
from tests.racing import Gate, Racer

TWO_STATES = ["withdrawn", "rejected"]


def measured(by: str, joules: float, **more: Any) -> Submission:
    kind = {"grade": "measured", "scope": "gpu", "announced": True, **more}
    return make_result(Run(by=by, device=f"gpu of {by}", energy_per_query_j=joules, **kind))


def agreements() -> dict[str, bool | None]:
    return {row.pk: row.agrees for row in Agreement.objects.all()}


@pytest.fixture
def pair(db: None) -> list[Submission]:
    """Two that agree, and were compared."""
    demo_catalog()
    both = [measured("ada", 1.0), measured("grace", 1.03)]
    replication.compare_results(result_ids=[both[0].pk])
    assert agreements() == {row.pk: True for row in both}
    assert set(Standing.objects.values_list("in_a_row", flat=True)) == {1}
    return both


@pytest.fixture
def end(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, django_user_model: type[User]
) -> Callable[..., None]:
    """Have a result count no more, as its contributor or two moderators do; messages are sent unless `lost`."""

    def change(row: Submission, how: str, *, by: str, lost: bool = False) -> None:
        with django_capture_on_commit_callbacks(execute=not lost):
            if how == "withdrawn":
                asked = records.request(
                    requests.Withdrawal,
                    requests.WITHDRAWAL_TYPE,
                    key=private_key(by),
                    result_id=row.pk,
                    reason="measured-wrongly",
                )
                withdraw(data=encode(asked))
                return
            for name in ("ann", "bob"):
                person = django_user_model.objects.create_user(name)
                decide(submission=row, moderator=person, state=State.REJECTED, reason="evidence-fails")

    return change


@pytest.mark.parametrize("how", TWO_STATES)
def test_who_agreed_with_a_result_that_counts_no_more_is_compared_anew(
    pair: list[Submission], end: Callable[..., None], how: str
) -> None:
    end(pair[1], how, by="grace")
    assert Submission.objects.get(pk=pair[1].pk).state == how
    assert agreements() == {pair[0].pk: None}
    assert Agreement.objects.get().wants_replication
    assert set(Standing.objects.values_list("in_a_row", flat=True)) == {0}


@pytest.mark.parametrize("how", TWO_STATES)
def test_the_sweep_finds_what_a_lost_message_left_behind(
    pair: list[Submission], end: Callable[..., None], how: str
) -> None:
    end(pair[1], how, by="grace", lost=True)
    assert agreements() == {row.pk: True for row in pair}
    tasks.sweep()
    assert agreements() == {pair[0].pk: None}
    assert replication.compare_stale(most=10) == 0


def test_a_result_that_a_person_lets_count_is_compared(
    pair: list[Submission],
    django_user_model: type[User],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    third = measured("linus", 1.01, state=State.QUARANTINED)
    person = django_user_model.objects.create_user("ann")
    with django_capture_on_commit_callbacks(execute=True):
        decide(submission=third, moderator=person, state=State.ACCEPTED, reason="evidence-holds")
    assert agreements()[third.pk] is True
    assert Agreement.objects.get(pk=pair[0].pk).n_others == 2


def test_what_was_compared_of_a_result_before_a_person_let_it_count_again_is_forgotten(
    pair: list[Submission], django_user_model: type[User]
) -> None:
    """Put aside and accepted again, and both messages lost: its old comparison is not taken for a new one."""
    Submission.objects.filter(pk=pair[1].pk).update(state=State.QUARANTINED)
    person = django_user_model.objects.create_user("ann")
    decide(submission=pair[1], moderator=person, state=State.ACCEPTED, reason="evidence-holds")
    assert pair[1].pk not in agreements()
    assert replication.compare_stale(most=10) == 1
    assert agreements() == {row.pk: True for row in pair}


def test_a_queue_that_is_away_stops_nobody_and_the_sweep_compares(
    pair: list[Submission],
    end: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(tasks.compare, "delay", away)
        end(pair[1], "withdrawn", by="grace")
    assert "comparisons of 1 results wait for the sweep" in caplog.text
    tasks.sweep()
    assert agreements() == {pair[0].pk: None}


def test_a_sweep_has_a_limit_and_the_next_one_goes_on(pair: list[Submission]) -> None:
    for stratum in ("float16.b1.power-default", "float16.b2.power-default"):
        for by in ("ada", "grace"):
            measured(by, 1.0, stratum=stratum)
    assert [replication.compare_stale(most=1) for _ in range(3)] == [1, 1, 0]
    assert len(agreements()) == 6


def later(monkeypatch: pytest.MonkeyPatch, **numbers: object) -> None:
    """Rules of a later version, which accept everything and read other numbers out of it."""

    def derived(submission: Submission, *_: object) -> Result:
        result = Result.objects.get(pk=submission.pk)
        for name, value in numbers.items():
            setattr(result, name, value)
        return result

    monkeypatch.setattr(services, "RULES_VERSION", "later")
    monkeypatch.setattr(services, "judge", lambda _case: Judgement("accepted", ()))
    monkeypatch.setattr(services, "derive_result", derived)


def test_a_result_that_is_read_otherwise_is_compared_by_its_new_numbers(
    pair: list[Submission],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    later(monkeypatch, energy_per_query_j=2.0)
    with django_capture_on_commit_callbacks(execute=True):
        services.judge_again(result_ids=[pair[1].pk], cause=Cause.NEW_RULES)
    assert agreements() == {row.pk: None for row in pair}


def test_the_sweep_compares_what_was_read_otherwise(
    pair: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, energy_per_query_j=2.0)
    services.judge_again(result_ids=[pair[1].pk], cause=Cause.NEW_RULES)
    assert replication.compare_stale(most=10) == 1
    assert agreements() == {row.pk: None for row in pair}
    assert replication.compare_stale(most=10) == 0


def test_whom_a_result_has_left_behind_in_its_old_cell_is_compared_anew(
    pair: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, stratum="float16.b1.power-default")
    services.judge_again(result_ids=[pair[1].pk], cause=Cause.NEW_RULES)
    assert replication.compare_stale(most=10) == 2
    assert agreements() == {row.pk: None for row in pair}
    assert set(Agreement.objects.values_list("n_others", flat=True)) == {0}


@pytest.fixture
def apart(committed: None) -> list[Submission]:
    """Two that agree and were never compared, in a database where transactions commit."""
    demo_catalog()
    return [measured("ada", 1.0), measured("grace", 1.03)]


def compare(*rows: Submission) -> int:
    return replication.compare_results(result_ids=[row.pk for row in rows])


def test_the_last_comparison_to_write_is_the_last_to_read(
    apart: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    gate.put_behind(monkeypatch, replication, "_agreement")
    slow = Racer(lambda: compare(apart[0]))
    gate.reached()  # it has read two
    third = measured("linus", 1.01)
    quick = Racer(lambda: compare(third))
    assert quick.settled() == "blocked"
    gate.open()
    assert (slow.result(), quick.result()) == (2, 3)
    assert set(Agreement.objects.values_list("agrees", "n_others")) == {(True, 2)}


def test_what_is_forgotten_while_it_is_compared_stays_forgotten(
    apart: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(*apart)
    gate = Gate()
    gate.put_behind(monkeypatch, replication, "_agreement")
    comparing = Racer(lambda: compare(apart[0]))
    gate.reached()  # it has read the old number

    @transaction.atomic
    def change() -> None:
        Result.objects.filter(pk=apart[1].pk).update(energy_per_query_j=2.0)
        replication.forget(result_ids=[apart[1].pk])

    changing = Racer(change)
    changing.settled()
    gate.open()
    comparing.result(), changing.result()
    assert set(agreements()) == {apart[0].pk}
    assert replication.compare_stale(most=10) == 1
    assert agreements() == {row.pk: None for row in apart}
