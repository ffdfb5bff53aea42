"""Wishes for replication are counted where a cell was compared: equal to a count of all, whatever comes and goes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
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
from measurements.boards import job_needs
from measurements.boards.job_models import JobNeed
from measurements.boards.job_needs import JobKey, refresh_job_demand
from measurements.intake.models import State, Submission
from measurements.review.models import Agreement, Result
from measurements.review.replication import cells_of, compare_due, compare_results, forget, touch
from tests.laws import law

Counted = dict[tuple[int, ...], int]
STATES = (State.ACCEPTED, State.WITHDRAWN, State.REJECTED, State.QUARANTINED)


def counted_of_agreements() -> Counted:
    """How many results of each job ask for a repetition, from all agreements."""
    asking = Result.objects.eligible().filter(agreement__wants_replication=True).order_by()
    rows = asking.values_list(*JobKey._fields).annotate(Count("pk"))
    return {tuple(key): n for *key, n in rows}


def counted_of_rows() -> Counted:
    """The same as it is stored."""
    rows = JobNeed.objects.values_list(*JobKey._fields, "replications_wanted")
    return {tuple(key): n for *key, n in rows if n}


step = st.tuples(
    st.sampled_from(["ada", "grace", "lin"]),
    st.sampled_from([TOPICS, SENTIMENT]),
    st.sampled_from([SPECIFIC, GENERAL]),
    st.sampled_from([0.5, 0.51, 4.0]),
)


@pytest.mark.django_db
@pytest.mark.laws
@law(share=0.2, in_every_run=10)
@given(
    steps=st.lists(st.tuples(step, st.sampled_from(STATES), st.integers(0, 9)), min_size=1, max_size=8),
    waits=st.booleans(),
)
def test_wishes_are_those_of_all_agreements(
    *, steps: list[tuple[tuple[str, str, str, float], State, int]], waits: bool
) -> None:
    """After every comparison; or, where comparisons wait for their turn, once all have had it."""
    demo_catalog()
    results: list[str] = list(Result.objects.values_list("pk", flat=True))
    for (by, dataset, model, energy), state, which in steps:
        run = Run(by=by, device=by, dataset=dataset, model=model, energy_per_query_j=energy)
        results.append(make_result(run).pk)
        moved = results[which % len(results)]
        cells = cells_of([results[-1], moved])
        touch(cells.values())
        forget(result_ids=[moved])
        Submission.objects.filter(pk=moved).update(state=state)
        if not waits:
            compare_results(result_ids=[results[-1], moved])
            assert counted_of_rows() == counted_of_agreements()
    compare_due(most=100)
    assert counted_of_rows() == counted_of_agreements()


@pytest.fixture
def compared(db: None) -> list[str]:
    """Three results of two jobs, all compared."""
    demo_catalog()
    made = [make_result(Run(by=by, device=by, model=model)).pk
            for by, model in (("ada", SPECIFIC), ("grace", SPECIFIC), ("ada", GENERAL))]  # fmt: skip
    compare_results(result_ids=made)
    return made


def test_a_sweep_finds_what_was_written_past_comparisons(
    compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a restored backup may have it: of jobs in turn, a few each time."""
    monkeypatch.setattr(job_needs, "JOBS_PER_SWEEP", 1)
    before = counted_of_agreements()
    assert counted_of_rows() == before
    Agreement.objects.update(wants_replication=False)
    assert counted_of_agreements() != counted_of_rows()
    for _ in range(JobNeed.objects.count()):
        refresh_job_demand()
    assert counted_of_rows() == counted_of_agreements() != before


def test_a_sweep_counts_no_wishes_but_those_in_turn(
    compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_needs, "JOBS_PER_SWEEP", 1)
    with CaptureQueriesContext(connection) as captured:
        refresh_job_demand()
    asking = [query["sql"] for query in captured.captured_queries if "wants_replication" in query["sql"]]
    assert len(asking) == 1
    assert asking[0].count('"suite_id" = ') == 1, "one job, by the index of its cells"
