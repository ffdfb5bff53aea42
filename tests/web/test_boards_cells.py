"""Cells: recomputed one at a time, from eligible results only, estimates apart from measurements."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from joulemark.consensus.quality_interval import wilson
from joulemark_simulation.result_rows import GENERAL, SENTIMENT, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.comparisons import read_comparison
from measurements.boards.models import Cell, DeviceValue
from measurements.boards.services import refresh_cells_of, refresh_stale_cells
from measurements.catalog.models import Task
from measurements.intake.models import State, Submission
from measurements.published.models import PublishedFigure
from measurements.review.cell_key import CellKey
from measurements.review.models import Result
from measurements.review.signals import states_changed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


def refreshed(*runs: Run) -> Cell:
    """The one cell of the last run."""
    submissions = [make_result(run) for run in runs]
    assert refresh_cells_of(result_ids=[submissions[-1].pk]) == 1
    key = CellKey.of(Result.objects.get(pk=submissions[-1].pk))
    return Cell.objects.at(key).get()


def test_a_cell_is_the_median_over_contributors() -> None:
    cell = refreshed(
        Run(by="ada", device="a", energy_per_query_j=1.0),
        Run(by="ada", device="a", energy_per_query_j=1.5),
        Run(by="ada", device="a", energy_per_query_j=9.0),
        Run(by="grace", device="b", energy_per_query_j=2.0),
        Run(by="lin", device="c", energy_per_query_j=0.5),
    )
    assert (cell.energy_per_query_j, cell.least_j, cell.most_j) == (1.5, 0.5, 2.0)
    assert cell.interval == "preliminary"
    assert cell.low_j is not None
    assert cell.high_j is not None
    assert cell.low_j < 0.5 < 2.0 < cell.high_j
    assert (cell.n_devices, cell.n_contributors, cell.n_results) == (3, 3, 5)
    assert cell.label == "several sources"
    (score,) = cell.quality
    assert (score["metric"], score["value"], score["n"], score["n_questions"]) == ("accuracy", 0.875, 320, 64)
    assert (score["low"], score["high"], score["interval"]) == (*wilson(0.875, 64), "wilson")
    assert sorted(DeviceValue.objects.values_list("energy_per_query_j", "n_results")) == [
        (0.5, 1),
        (1.5, 3),
        (2.0, 1),
    ]


def test_invented_tags_buy_no_votes_on_a_board_nor_in_a_comparison() -> None:
    for tag in "vwxyz":
        make_result(Run(by="mallory", device=tag, energy_per_query_j=0.001, quality=(("accuracy", 1.0),)))
        make_result(Run(by="mallory", device=tag, model=GENERAL, energy_per_query_j=5.0))
    for by, factor in (("ada", 1.0), ("grace", 1.2)):
        make_result(Run(by=by, device=by, energy_per_query_j=1.0))
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=10.0 * factor))
    refresh_stale_cells()
    cell = Cell.objects.get(model__slug=SPECIFIC)
    assert (cell.energy_per_query_j, cell.n_devices, cell.n_contributors) == (1.0, 7, 3)
    assert cell.quality[0]["value"] == 0.875
    (row,) = read_comparison(Task.objects.get(slug="text_classification")).rows
    assert row.paired.ratio == pytest.approx(12.0, rel=1e-9)
    assert (row.paired.n_sources, row.formed) == (7, "same device")


@pytest.mark.parametrize("state", [State.RECEIVED, State.QUARANTINED, State.REJECTED])
def test_what_is_not_accepted_counts_for_nothing(state: State) -> None:
    cell = refreshed(Run(state=state, energy_per_query_j=100.0), Run(energy_per_query_j=1.0))
    assert (cell.energy_per_query_j, cell.n_results) == (1.0, 1)


def test_refreshing_touches_exactly_one_cell(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(5):
        make_result(Run(by="ada", dataset=SENTIMENT, model=GENERAL, energy_per_query_j=5.0 + number))
        make_result(Run(by="ada", model=GENERAL, energy_per_query_j=7.0 + number))
    refresh_stale_cells()
    before = {cell.pk: cell.updated_at for cell in Cell.objects.all()}
    new = make_result(Run(by="grace", device="b", model=GENERAL, energy_per_query_j=8.0))
    with django_assert_max_num_queries(
        13 + 9 + 7
    ):  # its mark and cell, what is derived of its part, and its job
        assert refresh_cells_of(result_ids=[new.pk]) == 1
    changed = [cell for cell in Cell.objects.all() if cell.updated_at != before[cell.pk]]
    assert [cell.dataset_id for cell in changed] == [Result.objects.get(pk=new.pk).dataset_id]
    assert len(before) == 2


def test_refreshing_twice_gives_the_same_cell() -> None:
    one = refreshed(Run(), Run(by="grace", device="b", energy_per_query_j=2.0))
    assert refresh_cells_of(result_ids=list(Submission.objects.values_list("pk", flat=True))) == 0
    again = Cell.objects.get()
    assert (again.pk, again.version, again.updated_at) == (one.pk, one.version, one.updated_at)
    assert (Cell.objects.count(), DeviceValue.objects.count()) == (1, 2)


def test_a_cell_goes_when_nothing_eligible_is_left() -> None:
    submission = make_result(Run())
    assert refresh_cells_of(result_ids=[submission.pk]) == 1
    Submission.objects.filter(pk=submission.pk).update(state=State.REJECTED)
    assert refresh_cells_of(result_ids=[submission.pk]) == 1
    assert refresh_cells_of(result_ids=[submission.pk]) == 0
    assert (Cell.objects.count(), DeviceValue.objects.count()) == (0, 0)


def test_a_submission_without_numbers_has_no_cell() -> None:
    assert refresh_cells_of(result_ids=[make_result(Run(state=State.REJECTED)).pk]) == 0


def test_an_estimate_and_a_measurement_of_the_same_are_two_cells() -> None:
    estimate = refreshed(Run(grade="estimated", energy_per_query_j=1.0))
    measured = refreshed(Run(grade="measured", energy_per_query_j=3.0, by="grace"))
    assert (estimate.pk != measured.pk, measured.n_results, measured.grade) == (True, 1, "measured")


def test_a_verdict_nudges_the_cell(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    submission = make_result(Run(energy_per_query_j=2.5))
    states_changed.send(sender=Submission, result_ids=[submission.pk])
    assert Cell.objects.get().energy_per_query_j == 2.5


def test_the_sweep_finds_what_a_lost_message_left_behind() -> None:
    gone = make_result(Run(dataset=SENTIMENT))
    refresh_stale_cells()
    Submission.objects.filter(pk=gone.pk).update(state=State.QUARANTINED)
    make_result(Run(energy_per_query_j=4.0))
    assert refresh_stale_cells() == 2
    assert Cell.objects.get().energy_per_query_j == 4.0
    assert refresh_stale_cells() == 0


def test_the_database_refuses_a_second_cell_with_the_same_key() -> None:
    cell = refreshed(Run())
    fields = cell.key.columns
    numbers = {
        "energy_per_query_j": 1.0,
        "least_j": 1.0,
        "most_j": 1.0,
        "updated_at": cell.updated_at,
        "n_devices": 1,
        "n_contributors": 1,
        "n_results": 1,
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Cell.objects.create(**fields, **numbers, label="single source")


def test_loading_the_catalogue_and_the_study_again_changes_nothing() -> None:
    loaded = []
    for _ in range(2):
        call_command("load_catalog", verbosity=0)
        call_command("load_published", verbosity=0)
        loaded.append(list(PublishedFigure.objects.order_by("pk").values()))
    assert loaded[0] == loaded[1]
    assert len(loaded[0]) == 416
    PublishedFigure.objects.filter(pk=loaded[0][0]["id"]).update(energy_kwh_per_1000=9.0)
    call_command("load_published", verbosity=0)
    assert not PublishedFigure.objects.filter(energy_kwh_per_1000=9.0).exists()
    first = Task.objects.get(slug="text_classification")
    assert (first.title, first.position) == ("Text classification", 0)
    figure = PublishedFigure.objects.get(
        dataset__isnull=True, model__slug="siebert/sentiment-roberta-large-english"
    )
    assert figure.energy_kwh_per_1000 == pytest.approx(0.004441, abs=5e-7)
    assert (figure.series.scope, figure.n_runs) == ("node", 30)
    assert SPECIFIC not in PublishedFigure.objects.values_list("model__slug", flat=True)
