"""Marks of cells: a change leaves one in its transaction, and only who has read the change deletes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.agreement import ContributorReport, compare, compare_all
from joulemark.record import requests
from joulemark.record.codec import encode
from joulemark_simulation import records
from joulemark_simulation.result_rows import Run, demo_catalog, make_result, private_key
from measurements.boards import services as boards
from measurements.boards import tasks as board_tasks
from measurements.boards.models import Cell, DueRefresh
from measurements.contributors.models import Contributor, Key
from measurements.intake.models import State, Submission
from measurements.review import replication, services, tasks
from measurements.review.cell_key import CellKey
from measurements.review.contributor_requests import withdraw
from measurements.review.due_cells import DueComparison
from measurements.review.models import Agreement, Result, Standing, Verdict
from measurements.review.moderation import decide, revoke
from measurements.review.moves import Cause
from tests.client_response import Post
from tests.laws import law
from tests.racing import Gate, Racer

EVERY_S = 10
Person = Callable[[str], User]


def measured(by: str, joules: float, **more: Any) -> Submission:
    kind: dict[str, Any] = {"grade": "measured", "scope": "gpu", "announced": True, **more}
    return make_result(Run(by=by, device=f"gpu of {by}", energy_per_query_j=joules, **kind))


def cell_of(row: Submission) -> CellKey:
    return CellKey.of(Result.objects.get(pk=row.pk))


def due() -> tuple[list[CellKey], list[CellKey]]:
    """Cells that are to be compared, and those whose values are to be computed."""
    return DueComparison.objects.oldest_cells(most=100), DueRefresh.objects.oldest_cells(most=100)


@pytest.fixture
def pair(db: None) -> list[Submission]:
    """Two results of a cell, of which nothing is derived and nothing is due."""
    cache.clear()
    demo_catalog()
    return [measured("ada", 1.0), measured("grace", 1.03)]


def withdrawn(row: Submission, _person: Person) -> None:
    about: dict[str, Any] = {"result_id": row.pk, "reason": "measured-wrongly", "key": private_key("grace")}
    withdraw(data=encode(records.request(requests.Withdrawal, requests.WITHDRAWAL_TYPE, **about)))


def rejected(row: Submission, person: Person) -> None:
    for name in ("ann", "bob"):
        decide(submission=row, moderator=person(name), state=State.REJECTED, reason="evidence-fails")


def judged_again(row: Submission, _person: Person) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(services, "RULES_VERSION", "later")
        assert services.judge_again(result_ids=[row.pk], cause=Cause.NEW_RULES) == 1


@pytest.mark.parametrize("change", [withdrawn, rejected, judged_again])
def test_a_change_whose_messages_are_lost_is_found_by_the_sweeps(
    pair: list[Submission], django_user_model: type[User], change: Callable[[Submission, Person], None]
) -> None:
    """No callback of a commit runs here, so no message is sent."""
    replication.compare_results(result_ids=[pair[0].pk])
    boards.refresh_cells_of(result_ids=[pair[0].pk])
    assert (Cell.objects.get().n_results, Agreement.objects.count()) == (2, 2)
    cell = cell_of(pair[1])
    change(pair[1], django_user_model.objects.create_user)
    assert due() == ([cell], [cell])
    tasks.sweep()
    board_tasks.sweep()
    counting = Submission.objects.filter(state=State.ACCEPTED)
    assert Cell.objects.get().n_results == counting.count()
    assert set(Agreement.objects.values_list("pk", flat=True)) == set(counting.values_list("pk", flat=True))
    assert due() == ([], [])


def test_a_first_verdict_leaves_marks(enrolled: Post) -> None:
    bundle = records.bundle()
    enrolled("results", bundle.to_bytes())
    services.judge_waiting(result_ids=[bundle.digest()])
    cell = cell_of(Submission.objects.get())
    assert due() == ([cell], [cell])


def test_a_change_that_is_undone_leaves_no_mark(pair: list[Submission]) -> None:
    with transaction.atomic():
        replication.touch([cell_of(pair[0])])
        transaction.set_rollback(True)
    assert due() == ([], [])


def _noted(derived: list[str], name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*args: Any) -> Any:
        derived.append(name)
        return work(*args)

    return noted


def test_a_cell_is_derived_once_a_turn_however_many_messages_come(
    pair: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    """20,000 results in messages of 64: one comparison and one value, and the mark stays for what came after them."""
    derived: list[str] = []
    for module, name in ((replication, "compare_all"), (boards, "aggregate_results")):
        monkeypatch.setattr(module, name, _noted(derived, name, getattr(module, name)))
    cell = cell_of(pair[0])
    for _ in range(313):
        replication.touch([cell])
        replication.compare_results(result_ids=[pair[0].pk], every_s=EVERY_S)
        boards.refresh_cells_of(result_ids=[pair[0].pk], every_s=EVERY_S)
    assert derived == ["compare_all", "aggregate_results"]
    assert due() == ([cell], [cell])
    assert replication.compare_due(most=10, every_s=EVERY_S) == boards.refresh_due_cells(every_s=EVERY_S) == 0
    cache.clear()  # the turn is over
    assert replication.compare_due(most=10, every_s=EVERY_S) == 2
    boards.refresh_due_cells(every_s=EVERY_S)
    assert derived == ["compare_all", "aggregate_results"] * 2
    assert due() == ([], [])


def test_cells_have_turns_of_their_own(pair: list[Submission]) -> None:
    other = measured("linus", 1.0, stratum="float16.b1.power-default")
    for row, count in ((pair[0], 2), (other, 1)):
        assert replication.compare_results(result_ids=[row.pk], every_s=EVERY_S) == count


def test_without_a_cache_every_turn_is_free(
    pair: list[Submission], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_args: object, **_options: object) -> bool:
        raise OSError("gone")

    monkeypatch.setattr(cache, "add", away)
    for _ in range(2):
        assert replication.compare_results(result_ids=[pair[0].pk], every_s=EVERY_S) == 2
    assert "the cache is away" in caplog.text


def test_a_fault_in_one_cell_stops_no_other(pair: list[Submission], monkeypatch: pytest.MonkeyPatch) -> None:
    replication.touch([cell_of(pair[0])])
    other = measured("linus", 1.0, stratum="float16.b1.power-default")
    replication.touch([cell_of(other)])

    def faulty(reports: list[ContributorReport]) -> object:
        if len(reports) == 2:
            raise KeyError(0)
        return compare_all(reports)

    monkeypatch.setattr(replication, "compare_all", faulty)
    with pytest.raises(KeyError):
        replication.compare_due(most=10)
    assert set(Agreement.objects.values_list("pk", flat=True)) == {other.pk}
    assert due()[0] == [cell_of(pair[0])]


@pytest.fixture
def apart(committed: None) -> list[Submission]:
    """Two that agree and were never compared, in a database where transactions commit."""
    demo_catalog()
    return [measured("ada", 1.0), measured("grace", 1.03)]


def test_what_changes_while_a_cell_is_compared_leaves_a_mark_that_stays(
    apart: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    cell = cell_of(apart[0])
    replication.touch([cell])
    monkeypatch.setattr(replication, "_agreement", gate.wrap(replication._agreement))
    comparing = Racer(lambda: replication.compare_due(most=10))
    gate.reached()  # it has read two
    third = measured("linus", 1.01)
    replication.touch([cell_of(third)])
    gate.open()
    assert comparing.result() == 2
    assert due()[0] == [cell]
    assert replication.compare_due(most=10) == 3
    assert set(Agreement.objects.values_list("agrees", "n_others")) == {(True, 2)}


def test_a_row_that_changes_while_it_is_compared_is_not_overwritten(
    apart: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no agreement yet, so no lock on one could hold the writer off."""
    gate = Gate()
    monkeypatch.setattr(replication, "_agreement", gate.wrap(replication._agreement))
    comparing = Racer(lambda: replication.compare_results(result_ids=[apart[0].pk]))
    gate.reached()
    Result.objects.filter(pk=apart[1].pk).update(energy_per_query_j=2.0)
    gate.open()
    comparing.result()
    assert set(Agreement.objects.values_list("pk", flat=True)) == {apart[0].pk}


def held_rows() -> list[str]:
    """What could not be locked at once, of all rows that comparing and judging are about."""
    held = []
    for table in ("catalog_aimodel", "contributors_contributor", "review_agreement", "review_result"):
        held += _held_in(table)
    return held + _held_in("intake_submission")


def _held_in(table: str) -> list[str]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of our own
        (total,) = cursor.fetchone()
        cursor.execute(f"SELECT 1 FROM {table} FOR UPDATE SKIP LOCKED")  # noqa: S608 - names of our own
        return [table] * (total - len(cursor.fetchall()))


def test_no_row_is_held_while_a_cell_is_compared(
    apart: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    replication.compare_results(result_ids=[apart[0].pk])
    gate = Gate()
    monkeypatch.setattr(replication, "_agreement", gate.wrap(replication._agreement))
    comparing = Racer(lambda: replication.compare_results(result_ids=[apart[0].pk]))
    gate.reached()
    assert held_rows() == []
    gate.open()
    comparing.result()


@pytest.fixture
def received(committed: None, monkeypatch: pytest.MonkeyPatch) -> tuple[Submission, Gate]:
    """A result without a verdict, and a gate behind the rules."""
    demo_catalog()
    gate = Gate()
    gate.put_behind(monkeypatch, services, "judge")
    row = measured("ada", 1.0, state=State.RECEIVED)
    Submission.objects.update(received_at=timezone.now())
    return row, gate


def test_no_row_is_held_while_rules_are_applied_and_nobody_applies_them_twice(
    received: tuple[Submission, Gate],
) -> None:
    row, gate = received
    judging = Racer(lambda: services.judge_waiting(result_ids=[row.pk]))
    gate.reached()
    assert held_rows() == []
    assert services.judge_waiting(result_ids=[row.pk], was_lost=True) == 0
    assert Submission.objects.get().state == State.CHECKING
    gate.open()
    assert judging.result() == 1
    assert Submission.objects.get().batch_limit == 64, "who is judged by somebody is not lost"


def test_what_a_dead_process_had_taken_up_is_free_at_once(
    received: tuple[Submission, Gate],
) -> None:
    row, gate = received
    judging = Racer(lambda: services.judge_waiting(result_ids=[row.pk]))
    gate.reached()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [judging._pid])
    assert services.judge_waiting(result_ids=[row.pk], was_lost=True) == 1
    gate.open()
    with pytest.raises(Exception, match=r"terminat|clos"):
        judging.result()
    assert Verdict.objects.count() == 1


def test_a_key_that_is_revoked_while_its_result_is_judged_is_known_to_the_verdict(
    received: tuple[Submission, Gate],
) -> None:
    row, gate = received
    judging = Racer(lambda: services.judge_waiting(result_ids=[row.pk]))
    gate.reached()
    revoke(key=Key.objects.get(pk=row.key_id), moderator=User.objects.create_user("ann"))
    gate.open()
    assert judging.result() == 1
    (verdict,) = Verdict.objects.filter(submission=row)
    assert "JM-KEY-REVOKED" in {finding["code"] for finding in verdict.findings}


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 4), st.sampled_from([1.0, 1.02, 1.3, 2.0])),
        st.tuples(st.just("change"), st.integers(0, 30), st.sampled_from([1.0, 1.02, 1.3, 2.0])),
        st.tuples(st.just("end"), st.integers(0, 30), st.none()),
        st.tuples(st.just("compare"), st.none(), st.none()),
    ),
    max_size=25,
)


@pytest.mark.laws
@pytest.mark.timeout(3600)
def test_after_any_events_what_is_stored_equals_what_is_computed_from_scratch(pair: list[Submission]) -> None:
    """The oracle compares each result with all others, and counts from the last to the first."""

    @law(in_every_run=15)
    @given(EVENTS)
    def holds(events: list[tuple[str, int | None, float | None]]) -> None:
        with transaction.atomic():
            for event in events:
                _play(*event)
            replication.compare_due(most=100)
            _require_fresh()
            transaction.set_rollback(True)

    replication.touch([cell_of(pair[0])])
    holds()


def _play(what: str, number: int | None, joules: float | None) -> None:
    if what == "compare":
        replication.compare_due(most=100)
        return
    with transaction.atomic():
        if what == "add":
            row = measured(f"person {number}", joules or 1.0)
        else:
            rows = list(Submission.objects.order_by("leaf_id"))
            row = rows[(number or 0) % len(rows)]
            if what == "change":
                Result.objects.filter(pk=row.pk).update(energy_per_query_j=joules)
                replication.forget(result_ids=[row.pk])
            else:
                Submission.objects.filter(pk=row.pk).update(state=State.WITHDRAWN)
        replication.touch([cell_of(row)])


def _require_fresh() -> None:
    counting = list(Result.objects.eligible().select_related("device", "submission").order_by("pk"))
    reports = [
        ContributorReport(
            contributor=result.contributor_id,
            device=result.device.tag,
            energy_per_query_j=result.energy_per_query_j,
            relative_u=result.method_u,
            announced=True,
        )
        for result in counting
    ]
    wanted = {}
    for result, report in zip(counting, reports, strict=True):
        agreement = compare(report, reports)
        wanted[result.pk] = (
            (None, None, 0)
            if agreement is None
            else (agreement.agrees, agreement.relative, agreement.n_others)
        )
    stored = Agreement.objects.values_list("pk", "agrees", "relative", "n_others")
    assert {pk: tuple(row) for pk, *row in stored} == wanted
    for contributor in Contributor.objects.filter(results__isnull=False).distinct():
        outcomes = [
            wanted[result.pk][0]
            for result in sorted(counting, key=lambda result: -result.submission.leaf_id)
            if result.contributor_id == contributor.pk and wanted[result.pk][0] is not None
        ]
        in_a_row = outcomes.index(False) if False in outcomes else len(outcomes)
        standing = Standing.objects.get(contributor=contributor)
        assert (standing.in_a_row, standing.agreed, standing.disagreed) == (
            in_a_row,
            outcomes.count(True),
            outcomes.count(False),
        )
