"""The front page lists copies: as many as it has room for, as they are, and the page stays while they do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.latest_models import LatestResult
from measurements.boards.latest_results import LATEST, refresh_latest_results
from measurements.boards.tasks import refresh_cells, refresh_due, sweep
from measurements.intake.models import State, Submission

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture
def results(db: None) -> list[str]:
    """More results than there is room for, the last one first; one of them has no numbers."""
    demo_catalog()
    made = [make_result(Run(by=f"v{number}", device=f"d{number}")) for number in range(LATEST + 2)]
    for number, submission in enumerate(made):
        at = submission.received_at - timedelta(minutes=len(made) - number)
        Submission.objects.filter(pk=submission.pk).update(received_at=at)
    made[-1].result.delete()
    return [submission.pk for submission in reversed(made)]


def test_rows_are_the_results_that_came_last_as_they_are(results: list[str]) -> None:
    assert refresh_latest_results()
    rows = list(LatestResult.objects.all())
    assert [row.result_id for row in rows] == results[:LATEST]
    assert (rows[0].model, rows[0].dataset, rows[0].energy_per_query_j, rows[0].grade) == (
        None,
        None,
        None,
        "",
    )
    for row in rows[1:]:
        submission = Submission.objects.select_related("result").get(pk=row.result_id)
        assert (row.state, row.received_at) == (submission.state, submission.received_at)
        names = ("model_id", "dataset_id", "energy_per_query_j", "grade", "scope")
        assert [getattr(row, name) for name in names] == [getattr(submission.result, name) for name in names]
    assert not refresh_latest_results(), "nothing differs"
    Submission.objects.filter(pk=results[3]).update(state=State.WITHDRAWN)
    assert refresh_latest_results()
    assert LatestResult.objects.get(place=3).state == State.WITHDRAWN


@pytest.mark.parametrize("task", [refresh_due, sweep])
def test_beat_and_sweep_write_them(results: list[str], task: object) -> None:
    task()  # type: ignore[operator]  # Celery's tasks are untyped
    assert LatestResult.objects.count() == LATEST


def test_the_page_stays_the_same_for_an_upload_until_they_are_written(
    client: Client, results: list[str]
) -> None:
    refresh_latest_results()
    before = client.get("/")
    assert results[0][:12] in before.content.decode()
    new = make_result(Run(by="v0", device="d0")).pk
    same = client.get("/", headers={"If-None-Match": before["ETag"]})
    assert same.status_code == 304
    assert refresh_latest_results()
    after = client.get("/", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert new[:12] in after.content.decode()


def test_where_tasks_run_at_once_a_result_is_listed_with_its_cell(results: list[str]) -> None:
    """An embedded platform has no beat."""
    refresh_cells(results[:1])
    assert LatestResult.objects.count() == LATEST
