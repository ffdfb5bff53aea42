"""Needed work: which job comes first and why, what is counted, and how the question is refused."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from joulemark.cli import parser
from joulemark.record.codec import decode, encode
from joulemark.record.messages import Needed, NeededJob, Ticket
from joulemark.session.order import task_order
from joulemark.suite import load_suite, read_suite
from joulemark.suite.estimate import estimate
from joulemark_simulation import records
from joulemark_simulation.result_rows import GENERAL, SENTIMENT, SPECIFIC, TOPICS, Run, make_result
from measurements.boards.job_models import JobViews
from measurements.boards.job_needs import refresh_job_demand
from measurements.boards.needed import read_needed
from measurements.boards.page_views import VIEWED, Viewed
from measurements.boards.services import refresh_stale_cells
from measurements.boards.tasks import sweep
from measurements.catalog.models import Job
from measurements.intake.models import State, Submission
from measurements.intake.models import Ticket as TicketRow
from tests.pinned import VERSE_IS_GONE, pinned_folder

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django import DjangoAssertNumQueries, Settings

    from tests.client_response import Post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
DEMO = load_suite("demo")
OWN_ORDER = list(task_order(DEMO))
"""Of jobs that are needed equally."""
A, B, C, D = (
    f"text_classification/{dataset}/{model}"
    for dataset in (TOPICS, SENTIMENT)
    for model in (SPECIFIC, GENERAL)
)


def needed(client: Client, digest: str = DEMO.digest) -> tuple[NeededJob, ...]:
    """The answer as an agent reads it, once the sweep has counted."""
    refresh_job_demand()
    answer = client.get(f"/api/v1/needed/?suite={digest}")
    assert answer.status_code == 200, answer.content
    return decode(answer.content, Needed, what="answer").jobs


def measured(key: str, *, by: str, device: str, energy_j: float = 1.0, state: str = State.ACCEPTED) -> None:
    _, dataset, model = key.split("/")
    make_result(
        Run(by=by, device=device, dataset=dataset, model=model, energy_per_query_j=energy_j, state=state)
    )


def test_of_what_nobody_has_measured_tasks_take_turns_in_the_suites_own_order(client: Client) -> None:
    jobs = needed(client)
    assert [job.key for job in jobs] == OWN_ORDER
    assert len({job.task for job in jobs[:4]}) == 4, "not the whole evening on one task"
    task, dataset, model = OWN_ORDER[0].split("/")
    assert jobs[0] == NeededJob(
        task=task,
        dataset=dataset,
        model=model,
        accepted=0,
        contributors=0,
        devices=0,
        open_tickets=0,
        label=None,
        relative_range=None,
        replications_wanted=0,
        views=0,
        gpu_minutes=None,
    )


def test_fewest_contributors_then_devices_then_the_widest_range_come_first(client: Client) -> None:
    for key, spread in ((A, 1.1), (B, 1.4)):  # two contributors: the wider range first
        measured(key, by="ada", device="a", energy_j=1.0)
        measured(key, by="grace", device="b", energy_j=spread)
    for by in ("ada", "grace"):  # two contributors on one device: a single source, before those on two
        measured(C, by=by, device="shared")
    measured(D, by="ada", device="a")  # one contributor, twice
    measured(D, by="ada", device="a")
    refresh_stale_cells()
    jobs = needed(client)
    assert [job.key for job in jobs] == [*(key for key in OWN_ORDER if key not in {A, B, C, D}), D, C, B, A]
    found = {job.key: job for job in jobs}
    counts = {key: (found[key].accepted, found[key].contributors, found[key].devices) for key in (A, C, D)}
    assert counts == {A: (2, 2, 2), C: (2, 2, 1), D: (2, 1, 1)}
    assert [found[key].label for key in (A, C, D)] == ["several sources", "single source", "single source"]
    assert found[A].relative_range == pytest.approx(0.1 / 1.1**0.5)
    assert (found[C].relative_range, found[D].relative_range) == (None, None)


def test_a_range_that_is_not_known_comes_before_one_that_is(client: Client) -> None:
    for key, hardware in ((A, ("X", "X")), (B, ("X", "Y"))):
        _, dataset, model = key.split("/")
        for by, name in zip(("ada", "grace"), hardware, strict=True):
            make_result(Run(by=by, device=by, dataset=dataset, model=model, hardware=name))
    refresh_stale_cells()
    assert [job.key for job in needed(client)][-2:] == [B, A]


def test_devices_of_one_contributor_are_not_independent_of_each_other(client: Client) -> None:
    for device in "abc":  # one contributor on three devices: before two contributors on two
        measured(A, by="ada", device=device)
    for by in ("ada", "grace"):
        measured(B, by=by, device=by)
    refresh_stale_cells()
    assert [job.key for job in needed(client)][-2:] == [A, B]


def view(path: str, client: Client, times: int = 1) -> None:
    """Look at a page, and have the views written."""
    for _ in range(times):
        assert client.get(path).status_code == 200
    VIEWED.write()


def test_of_equals_the_most_viewed_come_first(client: Client) -> None:
    for key, model in ((A, SPECIFIC), (B, GENERAL)):
        for by in ("ada", "grace"):
            measured(key, by=by, device=by)
        assert key.endswith(model)
    refresh_stale_cells()
    assert [job.key for job in needed(client)][-2:] == [A, B]
    general = Submission.objects.filter(result__model__slug=GENERAL).first()
    assert general is not None
    page = f"/results/{general.pk}/"
    view(page, client, times=3)
    view("/boards/demo-1-estimated/text_classification/", client)
    jobs = needed(client)
    assert [(job.key, job.views) for job in jobs[-2:]] == [(B, 4), (A, 1)]
    JobViews.objects.update(day=datetime.now(UTC).date() - timedelta(days=31))
    assert {job.views for job in needed(client)} == {0}


def test_views_are_numbers_by_day_that_add_up_and_are_forgotten(client: Client) -> None:
    measured(A, by="ada", device="a")
    refresh_stale_cells()
    board = "/boards/demo-1-estimated/text_classification/"
    view(board, client, times=2)
    view(board, client)
    client.head(board)
    VIEWED.write()
    (row,) = JobViews.objects.values()
    today = datetime.now(UTC).date()
    task, dataset, model = A.split("/")
    assert {k: v for k, v in row.items() if k != "id"} == {
        "day": today, "task": task, "dataset": dataset, "model": model, "views": 3,
    }  # fmt: skip
    sweep()
    assert JobViews.objects.count() == 1
    JobViews.objects.update(day=today - timedelta(days=91))
    sweep()
    assert JobViews.objects.count() == 0


def test_views_are_written_together_when_the_oldest_has_waited(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now_s = 0.0
    viewed = Viewed(clock=lambda: now_s)
    with django_assert_num_queries(0):
        for _ in range(1000):
            viewed.note([("task", "dataset", f"model-{number}") for number in range(20)] * 2)
    now_s = 31.0
    viewed.note([("task", "dataset", "model-0")])
    assert dict(JobViews.objects.values_list("model", "views")) == {
        f"model-{number}": 1001 if number == 0 else 1000 for number in range(20)
    }


def test_a_page_is_shown_when_the_database_does_not_take_its_views(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    measured(A, by="ada", device="a")
    refresh_stale_cells()
    monkeypatch.setattr(
        "measurements.boards.page_views.ADD", "INSERT INTO nowhere VALUES (%s, %s, %s, %s, %s)"
    )
    view("/boards/demo-1-estimated/text_classification/", client)
    assert "views of 1 jobs are lost" in caplog.text
    assert client.get("/").status_code == 200


def test_the_minutes_are_those_of_the_study(catalogue: None) -> None:
    suite = load_suite("a100-2024")
    found = {job.key: job.gpu_minutes for job in read_needed(suite) or []}
    known = {cost.job: cost.gpu_minutes for cost in estimate(suite)}
    assert found == {key: known[key] for key in found}
    assert found["text_classification/imdb/twitter-roberta-base-sentiment-latest"] == pytest.approx(
        3.80, abs=0.01
    )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_has_the_order_of_the_api_and_commands_that_run(client: Client, language: str) -> None:
    measured(OWN_ORDER[0], by="ada", device="a")
    refresh_stale_cells()
    page = client.get("/needed/", headers={"Accept-Language": language}).content.decode()
    shown = re.findall(r"<code>joulemark run --suite demo --only ([^<]+)</code>", page)
    assert shown == [job.key for job in needed(client)]
    assert re.search(r"joulemark join http\S+\njoulemark run --suite demo --needed --budget 2h<", page)
    arguments = parser(words := shlex.split(f"run --suite demo --only {shown[0]}")).parse_args(words)
    assert (arguments.suite, arguments.only) == ("demo", OWN_ORDER[1])
    assert (
        f'href="/{language}/needed/"'
        in client.get("/", headers={"Accept-Language": language}).content.decode()
    )


def test_a_platform_without_jobs_says_so(client: Client) -> None:
    Job.objects.all().delete()
    assert "No pinned suite is loaded yet." in client.get("/needed/").content.decode()


def test_only_what_boards_count_is_counted(client: Client) -> None:
    for state in (State.REJECTED, State.QUARANTINED, State.RECEIVED):
        measured(A, by="ada", device="a", state=state)
    assert {job.accepted for job in needed(client)} == {0}


def test_open_tickets_put_a_job_behind_its_equals_until_they_end(client: Client, enrolled: Post) -> None:
    first = DEMO.jobs[0]
    for minute in range(2):
        now = datetime.now(UTC) - timedelta(minutes=minute)
        assert enrolled("tickets", encode(records.ticket_request(job=first, now=now))).status_code == 201
    last = needed(client)[-1]
    assert (last.key, last.open_tickets) == (first.key, 2)
    one = TicketRow.objects.first()
    assert one is not None
    TicketRow.objects.filter(pk=one.pk).update(expires_at=datetime.now(UTC))
    assert needed(client)[-1].open_tickets == 1


def test_a_used_ticket_is_not_open(client: Client, enrolled: Post, ticket: Ticket) -> None:
    assert needed(client)[-1].open_tickets == 1
    enrolled("results", records.bundle(ticket=ticket).to_bytes())
    assert {job.open_tickets for job in needed(client)} == {0}


def test_jobs_that_cannot_run_are_left_out(client: Client, settings: Settings, tmp_path: Path) -> None:
    tiny = read_suite(pinned_folder(tmp_path / "tiny", unavailable=(VERSE_IS_GONE,)))
    settings.SUITES = (tiny,)
    answer = client.get(f"/api/v1/needed/?suite={tiny.digest}")
    assert answer.status_code == 404
    assert "not loaded" in answer.json()["detail"]
    call_command("load_catalog", verbosity=0)
    assert [job.key for job in needed(client, tiny.digest)] == ["text_generation/prose/writer"]
    page = client.get("/needed/").content.decode()
    assert f"joulemark run --suite ./{tiny.name}-{tiny.version} --needed" in page
    assert "verse" not in page


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "JM-SUITE-MISSING"),
        ("?suite=", 400, "JM-SUITE-MISSING"),
        (f"?suite={'0' * 64}", 404, "JM-HTTP-404"),
        ("?suite=%00%27", 400, "JM-HTTP-400"),
        (f"?suite={load_suite('quick').digest}", 400, "JM-SUITE-UNPINNED"),
    ],
)
def test_a_question_without_an_answer_is_a_problem_document(
    client: Client, query: str, status: int, code: str
) -> None:
    answer = client.get(f"/api/v1/needed/{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")


def test_an_unchanged_answer_is_not_sent_twice(client: Client) -> None:
    path = f"/api/v1/needed/?suite={DEMO.digest}"
    again = client.get(path, headers={"If-None-Match": client.get(path)["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_number_of_queries_does_not_grow(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/needed/")  # the first request of a process also asks whether tables count their changes
    for number in range(6):
        measured(A, by=f"v{number}", device=f"d{number}")
        measured(D, by=f"v{number}", device=f"d{number}")
        refresh_stale_cells()
        with django_assert_max_num_queries(
            7
        ):  # hardware is read where it has changed, keys for simulated crowds
            client.get(f"/api/v1/needed/?suite={DEMO.digest}")


def crowd(key: str, size: int, spread: float, *, hardware: str = "X") -> None:
    """`size` contributors, each with a device and a ticket, whose values lie regularly within a spread."""
    _, dataset, model = key.split("/")
    for n in range(size):
        share = NormalDist().inv_cdf((n + 0.5) / size)
        make_result(
            Run(by=f"{key}-{hardware}-{n}", device=f"{key}-{hardware}-{n}", dataset=dataset, model=model,
                hardware=hardware, energy_per_query_j=1.0 + spread * share, announced=True)
        )  # fmt: skip


@pytest.mark.laws
def test_the_spread_does_not_grow_with_contributors_and_the_interval_shrinks(client: Client) -> None:
    sizes = (8, 16, 40)
    found = []
    for size, key in zip(sizes, (A, B, C), strict=True):
        crowd(key, size, 0.05)
    refresh_stale_cells()
    jobs = {
        job["model"] + job["dataset"]: job
        for job in client.get(f"/api/v1/needed/?suite={DEMO.digest}").json()["jobs"]
    }
    for key in (A, B, C):
        _, dataset, model = key.split("/")
        found.append(jobs[model + dataset])
    spreads = [job["spread"] for job in found]
    assert max(spreads) / min(spreads) < 1.25
    assert spreads[-1] == pytest.approx(0.05, rel=0.2)
    ranges = [job["relative_range"] for job in found]
    assert ranges == sorted(ranges)
    assert ranges[-1] / ranges[0] > 1.4, "what was shown as a spread before"


def test_what_is_established_is_needed_no_more(client: Client) -> None:
    crowd(A, 8, 0.01)
    crowd(B, 8, 0.01)
    crowd(B, 2, 0.01, hardware="Y")
    refresh_stale_cells()
    jobs = client.get(f"/api/v1/needed/?suite={DEMO.digest}").json()["jobs"]
    last = jobs[-1]
    assert f"{last['task']}/{last['dataset']}/{last['model']}" == A
    assert (last["established"], last["tier"], last["hardware"]) == (True, "established", "x")
    assert [job["established"] for job in jobs].count(True) == 1
    other = next(job for job in jobs if f"{job['task']}/{job['dataset']}/{job['model']}" == B)
    assert (other["hardware"], other["devices"], other["contributors"]) == ("y", 10, 10)
    for language, words in (("en", "1 job is established"), ("ru", "1 задание установлено")):
        page = client.get("/needed/", headers={"Accept-Language": language}).content.decode()
        shown = re.findall(r"<code>joulemark run --suite demo --only ([^<]+)</code>", page)
        assert A not in shown
        assert B in shown
        assert words in page
        line = page.split(f"--only {B}</code>")[0].rsplit("<tr>", 1)[1]
        assert "<bdi>Y</bdi>" in line
        assert ">2 " in line or ">2\u202f" in line or "2 devices" in line or "2 устройства" in line
