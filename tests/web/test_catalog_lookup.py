"""Rows of the catalogue by their names: the right one of two that share a name, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from measurements.catalog.lookup import read_catalogue, read_catalogue_of, suites_by_digest
from measurements.catalog.models import AiModel, DataSet, Suite, Task
from tests.laws import law

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Named:
    """A job by its names."""

    task: str
    dataset: str
    model: str


TASKS, DATASETS, MODELS = ("a", "b", "c"), ("x", "y", "z"), ("m", "n", "o")
EVERY = [Named(task, dataset, model) for task in TASKS for dataset in DATASETS for model in MODELS]
LACKING = {("c", "y"), ("c", "z")}
OF_SERIES = {("b", "y"), "n"}
"""What only the series "lab" brought."""


@pytest.fixture
def small_catalogue() -> None:
    """Two tasks have every data set and the third has x alone; there is no model o."""
    for task in [Task.objects.create(slug=slug, title=f"task {slug}") for slug in TASKS]:
        for slug in DATASETS:
            pair = task.slug, slug
            if pair not in LACKING:
                known_from = "lab" if pair in OF_SERIES else ""
                DataSet.objects.create(
                    task=task, slug=slug, title=f"{slug} of {task.slug}", known_from=known_from
                )
    for slug in MODELS[:2]:
        known_from = "lab" if slug in OF_SERIES else ""
        AiModel.objects.create(slug=slug, title=f"model {slug}", known_from=known_from)


@pytest.mark.laws
def test_each_name_leads_to_its_own_row_and_no_other(small_catalogue: None) -> None:
    @law()
    @given(st.lists(st.sampled_from(EVERY)))
    def holds(jobs: list[Named]) -> None:
        with CaptureQueriesContext(connection) as queries:
            rows = read_catalogue_of(job for job in jobs)
            titles = [
                (rows.dataset_of(job).title, rows.dataset_of(job).task.title)
                for job in jobs
                if (job.task, job.dataset) not in LACKING
            ]
        assert titles == [
            (f"{job.dataset} of {job.task}", f"task {job.task}")
            for job in jobs
            if (job.task, job.dataset) not in LACKING
        ]
        assert set(rows.models) == {job.model for job in jobs} - {"o"}
        assert len(queries) <= 2

    holds()


def test_a_name_that_is_not_there_is_told(small_catalogue: None) -> None:
    job = Named("c", "y", "o")
    rows = read_catalogue_of([job])
    with pytest.raises(KeyError, match=r"\('c', 'y'\)"):
        rows.dataset_of(job)
    with pytest.raises(KeyError, match="'o'"):
        rows.model_of(job)


def test_the_whole_is_read_in_three_queries(
    small_catalogue: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        rows = read_catalogue()
        assert {row.task.slug for row in rows.datasets.values()} == set(TASKS)
    assert set(rows.tasks) == set(TASKS)
    assert set(rows.datasets) == {(job.task, job.dataset) for job in EVERY} - LACKING
    assert set(rows.models) == {"m", "n"}


def test_what_a_series_alone_brought_can_be_left_out(small_catalogue: None) -> None:
    rows, whole = read_catalogue(without_series="lab"), read_catalogue()
    assert set(whole.datasets) - set(rows.datasets) == {("b", "y")}
    assert set(whole.models) - set(rows.models) == {"n"}
    assert read_catalogue(without_series="another") == whole


def test_suites_are_found_by_their_digests(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    suites = [Suite.objects.create(name="s", version=f"{n}", title="s", digest=f"{n}" * 64) for n in range(3)]
    with django_assert_num_queries(1):
        rows = suites_by_digest([suites[0].digest, suites[2].digest, suites[0].digest, "f" * 64])
    assert rows == {suites[0].digest: suites[0], suites[2].digest: suites[2]}
