"""The catalogue holds every suite, pinned or not; loading again, in any order, changes nothing."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from measurements.catalog.models import AiModel, DataSet, Job, Suite, Task

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[object, ...]]:
    """Everything that the catalogue says."""
    return [
        *Task.objects.order_by("slug").values_list("slug", "title", "modality", "position"),
        *DataSet.objects.order_by("task__slug", "slug").values_list(
            "task__slug", "slug", "title", "revision", "source"
        ),
        *AiModel.objects.order_by("slug").values_list("slug", "title", "kind", "parameters", "source"),
        *Suite.objects.order_by("name").values_list("name", "version", "digest"),
    ]


def test_every_suite_is_there_with_its_jobs(catalogue: None) -> None:
    counts = {suite.name: suite.jobs.count() for suite in Suite.objects.all()}
    assert counts == {"a100-2024": 312, "a100-2024-open": 40, "demo": 8, "quick": 10}
    assert Job.objects.filter(suite__name="a100-2024", dataset__slug="imdb").count() == 16


def test_what_is_not_known_yet_is_empty(catalogue: None) -> None:
    imdb = DataSet.objects.get(slug="imdb")
    assert (imdb.revision, imdb.licence) == ("", "")
    assert imdb.source == "https://huggingface.co/datasets/imdb"
    assert AiModel.objects.get(slug="flan-t5-base").parameters == 222_903_552


def test_loading_again_in_any_order_changes_nothing(catalogue: None) -> None:
    call_command("load_published", verbosity=0)
    before, jobs = rows(), Job.objects.count()
    call_command("load_published", verbosity=0)
    call_command("load_catalog", verbosity=0)
    assert (rows(), Job.objects.count()) == (before, jobs)
