"""Counts of jobs are rows: equal to what the eligible results say, whatever comes and goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards.job_models import JobNeed
from measurements.boards.job_needs import (
    OF_CELLS,
    JobKey,
    derive_counts,
    job_count_differences,
    job_counts_behind,
    refresh_job_counts,
    refresh_job_demand,
)
from measurements.boards.models import Cell, DeviceValue
from measurements.boards.needed import read_needed
from measurements.boards.rebuild_derived import mend_derived
from measurements.boards.services import refresh_cell, refresh_cells_of, refresh_stale_cells
from measurements.catalog.suites import known_suites
from measurements.intake.models import State, Submission
from measurements.review.cell_key import CellKey
from measurements.review.models import Result
from tests.laws import law

STATES = (State.ACCEPTED, State.WITHDRAWN, State.QUARANTINED)
Counted = dict[tuple[int, int, int], tuple[int, int, int]]


def counted_of_results() -> Counted:
    """(results, contributors, devices by their tag) of each job, from nothing but the eligible results."""
    seen: dict[tuple[int, int, int], list[tuple[str, int, str]]] = {}
    rows = Result.objects.eligible().values_list(
        "suite_id", "dataset_id", "model_id", "pk", "contributor_id", "device__tag"
    )
    for suite, dataset, model, pk, contributor, tag in rows:
        seen.setdefault((suite, dataset, model), []).append((pk, contributor, tag))
    return {
        key: (len(of_job), len({c for _, c, _ in of_job}), len({tag for _, _, tag in of_job}))
        for key, of_job in seen.items()
    }


def counted_of_rows() -> Counted:
    """The same as it is stored; a job of which nothing is left has zeros."""
    rows = JobNeed.objects.values_list(*JobKey._fields, "n_results", "n_contributors", "n_devices")
    return {tuple(row[:3]): tuple(row[3:]) for row in rows if any(row[3:])}


step = st.tuples(
    st.sampled_from(["ada", "grace", "lin"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from([TOPICS, SENTIMENT]),
    st.sampled_from([SPECIFIC, GENERAL]),
    st.sampled_from(["X", "Y"]),
)


@pytest.mark.django_db
@pytest.mark.laws
@law(share=0.2, in_every_run=12)
@given(
    steps=st.lists(st.tuples(step, st.sampled_from(STATES), st.integers(0, 9)), min_size=1, max_size=10),
    loses=st.booleans(),
)
def test_counts_are_those_of_the_eligible_results(
    *, steps: list[tuple[tuple[str, str, str, str, str], State, int]], loses: bool
) -> None:
    """After every step, by the messages; or, where these are lost, after the sweep."""
    demo_catalog()
    results: list[str] = list(Result.objects.values_list("pk", flat=True))
    for (by, device, dataset, model, hardware), state, which in steps:
        results.append(
            make_result(Run(by=by, device=device, dataset=dataset, model=model, hardware=hardware)).pk
        )
        changed = results[which % len(results)]
        Submission.objects.filter(pk=changed).update(state=state)
        if not loses:
            refresh_cells_of(result_ids=[results[-1], changed])
            assert counted_of_rows() == counted_of_results()
    refresh_stale_cells()
    assert counted_of_rows() == counted_of_results()
    assert (job_counts_behind(), job_count_differences()) == ([], [])


@pytest.fixture
def results(db: None) -> list[str]:
    """One job measured by two people, all of it stored."""
    demo_catalog()
    made = [make_result(Run(by=by, device=by, model=SPECIFIC)).pk for by in ("ada", "grace")]
    refresh_cells_of(result_ids=made)
    return made


def shown() -> list[tuple[str, int, int]]:
    """What needed work says of the jobs that have a result."""
    suite = next(suite for suite in known_suites().values() if suite.name == "demo")
    jobs = read_needed(suite) or []
    return [(job.model, job.n_results, job.n_contributors) for job in jobs if job.n_results]


def test_what_is_read_is_what_is_stored(results: list[str]) -> None:
    JobNeed.objects.update(n_results=70, n_contributors=7)
    assert shown() == [(SPECIFIC, 70, 7)]
    assert len(job_count_differences()) == 1, "an edit is found"
    assert mend_derived([], []) >= 1
    assert shown() == [(SPECIFIC, 2, 2)]


def test_a_job_behind_its_cells_is_counted_for_its_reader_and_found_by_the_sweep(results: list[str]) -> None:
    """The message of a changed cell is lost between the cell and its counts."""
    Submission.objects.filter(pk=results[0]).update(state=State.WITHDRAWN)
    refresh_cell(key=CellKey.of(Result.objects.get(pk=results[0])))
    assert shown() == [(SPECIFIC, 1, 1)]
    assert JobNeed.objects.get(n_cells=1).n_results == 2
    assert len(job_counts_behind()) == 1
    assert job_count_differences() == [], "what is only behind is no fault"
    refresh_stale_cells()
    assert JobNeed.objects.get(n_cells=1).n_results == 1
    assert shown() == [(SPECIFIC, 1, 1)]


def test_before_the_first_sweep_counts_are_derived(results: list[str]) -> None:
    JobNeed.objects.all().delete()
    assert shown() == [(SPECIFIC, 2, 2)]
    assert refresh_job_counts(job_counts_behind()) == 1
    assert shown() == [(SPECIFIC, 2, 2)]


def test_a_job_of_which_nothing_is_left_has_zeros(results: list[str]) -> None:
    Submission.objects.update(state=State.WITHDRAWN)
    refresh_cells_of(result_ids=results)
    assert not Cell.objects.exists()
    assert not DeviceValue.objects.exists()
    (key,) = [JobKey(*key) for key in JobNeed.objects.values_list(*JobKey._fields)]
    assert derive_counts([key])[key] == dict.fromkeys(OF_CELLS, 0)
    assert shown() == []


def test_demand_is_written_where_it_has_changed(results: list[str]) -> None:
    assert refresh_job_demand() == 0
    Result.objects.filter(pk=results[0]).update(relative_u=0.02)
    assert refresh_job_demand() == 0
