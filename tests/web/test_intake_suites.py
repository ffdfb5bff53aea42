"""A ticket is refused where no result could be accepted, before anybody measures, and the sentence says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from joulemark.record.codec import encode
from joulemark.record.statement import SuiteRef
from joulemark.suite import load_suite, read_suite
from joulemark_simulation import records
from measurements.intake.models import Ticket
from measurements.ledger.models import Leaf, LeafKind
from tests.pinned import VERSE_IS_GONE, pinned_folder, unpinned_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django import Settings

    from joulemark.suite import Job, Suite
    from tests.client_response import ClientResponse, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(settings: Settings, post: Post) -> Callable[..., ClientResponse]:
    """The answer to key 1's request for a job of a suite, on a platform that has the suites given."""

    def send(suite: Suite, job: Job, *, has: tuple[Suite, ...] = ()) -> ClientResponse:
        settings.SUITES = has
        call_command("load_catalog", verbosity=0)
        post("enrolments", encode(records.enrolment()))
        ref = SuiteRef(name=suite.name, version=suite.version, digest=suite.digest)
        return post("tickets", encode(records.ticket_request(job=job, suite=ref)))

    return send


def refusal(answer: ClientResponse, code: str) -> str:
    """The sentence of a refusal that has left no ticket and no leaf of one."""
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.content
    assert not Ticket.objects.exists()
    assert not Leaf.objects.filter(kind=LeafKind.RUN_STARTED).exists()
    return answer.json()["detail"]


def test_a_job_of_a_pinned_copy_gets_a_ticket(ask: Callable[..., ClientResponse], tmp_path: Path) -> None:
    tiny = read_suite(pinned_folder(tmp_path / "tiny"))
    assert ask(tiny, tiny.jobs[0], has=(tiny,)).status_code == 201


def test_a_suite_that_is_not_pinned_gets_none(ask: Callable[..., ClientResponse]) -> None:
    suite = load_suite("a100-2024")
    said = refusal(ask(suite, suite.jobs[0]), "JM-SUITE-UNPINNED")
    assert "manage.py pin_suite a100-2024" in said
    assert said.endswith("Until then run one of: demo 1.")


def test_the_pinned_version_that_the_platform_has_is_named(
    ask: Callable[..., ClientResponse], tmp_path: Path
) -> None:
    plain = read_suite(unpinned_folder(tmp_path / "plain"))
    old = read_suite(pinned_folder(tmp_path / "old"))
    new = read_suite(pinned_folder(tmp_path / "new", version="1.20260301", commit="b" * 40))
    said = refusal(ask(plain, plain.jobs[0], has=(plain, new, old)), "JM-SUITE-UNPINNED")
    assert f"tiny 1.20260131 (digest {old.digest[:12]}) or 1.20260301 (digest {new.digest[:12]})" in said


def test_a_job_that_the_hub_would_not_give_gets_none_and_the_others_do(
    ask: Callable[..., ClientResponse], tmp_path: Path
) -> None:
    tiny = read_suite(pinned_folder(tmp_path / "tiny", unavailable=(VERSE_IS_GONE,)))
    prose, verse = tiny.jobs
    said = refusal(ask(tiny, verse, has=(tiny,)), "JM-JOB-UNAVAILABLE")
    assert said.startswith("text_generation/verse/writer cannot be run in suite tiny 1.20260131")
    assert said.endswith(VERSE_IS_GONE.sentence)
    assert ask(tiny, prose, has=(tiny,)).status_code == 201


def test_a_suite_that_is_no_longer_listed_is_unknown(
    ask: Callable[..., ClientResponse], tmp_path: Path
) -> None:
    tiny = read_suite(pinned_folder(tmp_path / "tiny"))
    assert ask(tiny, tiny.jobs[0], has=(tiny,)).status_code == 201
    Ticket.objects.all().delete()
    answer = ask(tiny, tiny.jobs[0])
    assert (answer.status_code, answer.json()["code"]) == (400, "JM-SUITE-UNKNOWN")
