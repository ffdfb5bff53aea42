"""The catalogue holds every suite, pinned or not; loading again, in any order, changes nothing."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from msgspec.structs import replace

from joulemark.record.codec import decode, encode
from joulemark.record.messages import Ticket
from joulemark.record.statement import SuiteRef
from joulemark.suite import load_suite, read_suite
from joulemark_simulation import records
from joulemark_simulation.result_rows import TOPICS, Run, demo_catalog, make_result
from measurements.catalog.models import AiModel, DataSet, Job, Task
from measurements.catalog.models import Suite as SuiteRow
from measurements.catalog.services import load_suite_catalog
from measurements.review.models import Result
from measurements.review.services import judge_waiting
from tests.pinned import pinned_folder

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

    from joulemark.suite import Suite
    from tests.client_response import Post

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[object, ...]]:
    """Everything that the catalogue says."""
    return [
        *Task.objects.order_by("slug").values_list("slug", "title", "modality", "position"),
        *DataSet.objects.order_by("task__slug", "slug").values_list("task__slug", "slug", "title", "source"),
        *AiModel.objects.order_by("slug").values_list("slug", "title", "kind", "parameters", "source"),
        *SuiteRow.objects.order_by("name").values_list("name", "version", "digest"),
    ]


def test_every_suite_is_there_with_its_jobs(catalogue: None) -> None:
    counts = {suite.name: suite.jobs.count() for suite in SuiteRow.objects.all()}
    assert counts == {
        "a100-2024": 312,
        "a100-2024-lean": 312,
        "a100-2024-open": 40,
        "demo": 8,
        "quick": 10,
        "quick-2026": 20,
        "tasks-2026": 113,
        "tasks-2026-reasoning": 60,
    }
    assert Job.objects.filter(suite__name="a100-2024", dataset__slug="imdb").count() == 16


def test_what_is_not_known_yet_is_empty(catalogue: None) -> None:
    imdb = DataSet.objects.get(slug="imdb")
    assert imdb.licence == ""
    assert imdb.source == "https://huggingface.co/datasets/imdb"
    assert AiModel.objects.get(slug="flan-t5-base").parameters == 222_903_552


def test_loading_again_in_any_order_changes_nothing(catalogue: None) -> None:
    call_command("load_published", verbosity=0)
    before, jobs = rows(), Job.objects.count()
    call_command("load_published", verbosity=0)
    call_command("load_catalog", verbosity=0)
    assert (rows(), Job.objects.count()) == (before, jobs)


@pytest.fixture
def tiny(settings: Settings, tmp_path: Path) -> Suite:
    """A pinned copy that the platform's operator has added."""
    settings.SUITES = (read_suite(pinned_folder(tmp_path / "tiny")),)
    return settings.SUITES[0]


def test_a_pinned_copy_is_loaded_and_said(tiny: Suite) -> None:
    said = StringIO()
    call_command("load_catalog", stdout=said)
    assert f"tiny 1.20260131: 2 jobs, pinned, digest {tiny.digest[:12]}" in said.getvalue()
    assert "a100-2024 1: 312 jobs, not pinned" in said.getvalue()
    assert SuiteRow.objects.get(digest=tiny.digest).jobs.count() == 2
    assert AiModel.objects.get(slug="writer").licence == "mit"


def test_an_edited_version_is_not_loaded(tiny: Suite, settings: Settings) -> None:
    call_command("load_catalog", verbosity=0)
    settings.SUITES = (replace(tiny, digest="0" * 64),)
    with pytest.raises(CommandError, match="give the changed one a new version"):
        call_command("load_catalog", verbosity=0)


def test_a_result_of_a_pinned_copy_is_judged_by_that_copy(
    settings: Settings, post: Post, client: Client
) -> None:
    copy = replace(load_suite("demo"), version="2", digest="ab" * 32)
    settings.SUITES = (copy,)
    call_command("load_catalog", verbosity=0)
    post("enrolments", encode(records.enrolment()))
    ref = SuiteRef(name=copy.name, version=copy.version, digest=copy.digest)
    ticket = decode(post("tickets", encode(records.ticket_request(suite=ref))).content, Ticket, what="ticket")
    bundle = records.bundle(ticket=ticket, change=lambda said: replace(said, suite=ref))
    assert post("results", bundle.to_bytes()).status_code == 202
    judge_waiting(result_ids=[bundle.digest()])
    assert client.get(f"/api/v1/results/{bundle.digest()}").json()["state"] == "accepted"
    assert Result.objects.get().suite.version == "2"


def test_a_result_keeps_its_own_revision_when_another_version_is_loaded(client: Client) -> None:
    demo = load_suite("demo")
    demo_catalog()
    result = make_result(Run())
    newer = tuple(replace(dataset, revision="0" * 64) for dataset in demo.datasets)
    load_suite_catalog(replace(demo, version="2", digest="ab" * 32, datasets=newer))
    page = client.get(f"/results/{result.pk}/").content.decode()
    assert demo.dataset_revision(TOPICS) in page
    assert "0" * 64 not in page
