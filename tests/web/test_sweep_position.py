"""Sweeps without marks: each looks at so many rows at most, and every row has its turn within a round."""

from __future__ import annotations

from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from joulemark.rules.judge import RULES_VERSION
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards import services as boards
from measurements.boards import tasks as board_tasks
from measurements.boards.models import Cell, DueRefresh
from measurements.catalog.models import Task
from measurements.intake.models import Submission
from measurements.review import replication, services, tasks
from measurements.review.due_cells import DueComparison
from measurements.review.models import Agreement, Result, Verdict
from measurements.review.moves import Cause
from measurements.review.sweep_position import SweepPosition, next_rows

STRATA = tuple(f"float16.b{batch}.power-default" for batch in range(1, 7))


@pytest.mark.laws
@pytest.mark.parametrize("seed", range(8))
def test_every_row_has_its_turn_in_a_round_whatever_comes_and_goes(db: None, seed: int) -> None:
    """The oracle knows nothing of positions: it counts how often each row was looked at."""
    chance = Random(seed)  # noqa: S311 - a seeded choice, not a secret
    most = chance.randint(2, 9)
    for number in range(chance.randint(0, 30)):
        Task.objects.create(slug=f"{chance.random()}", title=f"{number}", modality="text")
    for _ in range(4):
        lasting = set(Task.objects.values_list("pk", flat=True))
        seen: list[int] = []
        for _ in range(
            -(-len(lasting) // (most - 1)) + 1
        ):  # each sees `most`, and one more row comes meanwhile
            looked_at = list(next_rows("tasks", Task.objects.all(), most=most).values_list("pk", flat=True))
            assert len(looked_at) == len(set(looked_at)) == min(most, Task.objects.count())
            seen += looked_at
            Task.objects.create(slug=f"{chance.random()}", title="later", modality="text")
            if lasting and chance.random() < 0.3:
                gone = chance.choice(sorted(lasting))
                lasting.discard(gone)
                Task.objects.filter(pk=gone).delete()
        assert lasting <= set(seen)


def test_a_table_no_longer_than_a_turn_is_looked_at_each_time(db: None) -> None:
    slugs = {f"t{number}" for number in range(5)}
    for slug in slugs:
        Task.objects.create(slug=slug, title="T", modality="text")
    for most in (5, 6, 5, 1000):
        rows = next_rows("tasks", Task.objects.filter(slug__in=slugs), most=most)
        assert {row.slug for row in rows} == slugs


def test_a_sweep_that_finds_nothing_has_no_position_of_another(db: None) -> None:
    assert list(next_rows("none", Task.objects.none(), most=3)) == []
    assert list(next_rows("tasks", Task.objects.filter(pk=-1), most=3)) == []
    assert {*SweepPosition.objects.values_list("name", "after")} == {("none", ""), ("tasks", "")}


@pytest.fixture
def strangers(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Submission]:
    """Twelve accepted results in six cells of which nothing is derived and whose marks are lost."""
    demo_catalog()
    rows = [
        make_result(Run(by=by, device=f"gpu of {by}", grade="measured", scope="gpu", stratum=stratum))
        for stratum in STRATA
        for by in ("ada", "grace")
    ]
    DueComparison.objects.all().delete()
    DueRefresh.objects.all().delete()
    for module in (replication, services, boards):
        monkeypatch.setattr(module, "ROWS_PER_SWEEP", 4)
    monkeypatch.setattr(boards, "CELLS_PER_SWEEP", 2)
    return rows


def test_results_that_nobody_marked_are_compared_within_a_round(strangers: list[Submission]) -> None:
    counts = []
    for _ in range(3):  # a round of twelve results by four
        replication.compare_stale(most=100)
        counts.append(Agreement.objects.count())
    assert counts[0] >= 4
    assert counts[-1] == len(strangers)
    assert not DueComparison.objects.exists()


def test_what_a_sweep_has_no_time_for_is_marked(strangers: list[Submission]) -> None:
    assert replication.compare_stale(most=1) == 1
    assert len(DueComparison.objects.oldest_cells(most=100)) >= 1
    n_marks = DueComparison.objects.count()
    SweepPosition.objects.all().delete()
    replication.compare_stale(most=0)
    assert DueComparison.objects.count() == n_marks, "a cell that is marked needs no second mark"


def test_a_lost_agreement_and_one_too_many_are_found(strangers: list[Submission]) -> None:
    replication.compare_results(result_ids=[row.pk for row in strangers])
    lost, gone = strangers[3], strangers[8]
    Agreement.objects.filter(pk=lost.pk).delete()
    Submission.objects.filter(pk=gone.pk).update(state="quarantined")
    DueComparison.objects.all().delete()
    for _ in range(3):
        tasks.sweep()
    assert set(Agreement.objects.values_list("pk", flat=True)) == {row.pk for row in strangers} - {gone.pk}


def test_cells_that_nobody_marked_are_derived_within_a_round(strangers: list[Submission]) -> None:
    for _ in range(3):
        board_tasks.sweep()
    assert set(Cell.objects.values_list("stratum", "n_results")) == {(stratum, 2) for stratum in STRATA}
    Submission.objects.filter(pk=strangers[0].pk).update(state="quarantined")  # and no mark
    Cell.objects.filter(stratum=STRATA[3]).update(voices=9.0)
    for _ in range(3):  # a round of six cells by two
        board_tasks.sweep()
    assert dict(Cell.objects.values_list("stratum", "n_results"))[STRATA[0]] == 1
    assert not Cell.objects.filter(voices=9.0).exists()


def test_what_new_rules_have_never_seen_is_queued_within_a_round(strangers: list[Submission]) -> None:
    services.judge_again(result_ids=[row.pk for row in strangers[:2]], cause=Cause.NEW_RULES)
    Verdict.objects.filter(submission__in=strangers[4:]).delete()
    unseen = {row.pk for row in Submission.objects.exclude(verdicts__rules_version=RULES_VERSION)}
    assert unseen >= {row.pk for row in strangers[4:]}
    rounds = [services.outdated(most=100) for _ in range(3)]
    assert max(map(len, rounds)) <= 4
    assert len(services.outdated(most=2)) <= 2
    assert {result_id for ids in rounds for result_id in ids} == unseen


def test_a_sweep_names_no_more_rows_than_its_turn_has(strangers: list[Submission]) -> None:
    """What is asked of results is limited by the primary key: no statement reads them all."""
    with CaptureQueriesContext(connection) as captured:
        replication.compare_stale(most=0)
        boards.refresh_stale_cells()
    results = Result._meta.db_table
    asked = [query["sql"] for query in captured if f'FROM "{results}"' in query["sql"]]
    everything = [sql for sql in asked if "LIMIT" not in sql and "WHERE" not in sql]
    assert asked
    assert everything == []
