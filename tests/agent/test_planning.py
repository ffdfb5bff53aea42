"""Which jobs a run begins, in which order, and what becomes of those that fail."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from joulemark.errors import (
    EXIT_IMPOSSIBLE,
    EXIT_REFUSED,
    EXIT_STORAGE,
    EXIT_USAGE,
    NothingToDo,
    StorageError,
)
from joulemark.session import job_runner, plan
from joulemark.session import measure as measuring
from joulemark.session.budget import Budget, Pace
from joulemark.session.forecast import NO_TIME
from joulemark.session.journal import Journal
from joulemark.session.plan import Filter
from joulemark.suite import load_suite
from joulemark.workloads import OutOfMemory, WorkloadCrashed, WorkloadError
from tests.agent import fake_suite
from tests.agent.test_resume import in_a_process, jobs_received

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

SMALL, LARGE, WRITING = (job.key for job in fake_suite.JOBS)
RUN = ("run", "--meter", "estimate")


def measured(answer: dict[str, Any]) -> list[str]:
    return [row["job"] for row in answer["results"] if not row["resumed"]]


def put_off(answer: dict[str, Any]) -> dict[str, str]:
    return {row["job"]: row["sentence"] for row in answer["put_off"]}


def test_filters_are_globs_that_must_all_fit() -> None:
    jobs = fake_suite.JOBS
    assert [job.key for job in jobs if Filter(tasks=("sort*",), models=("small",)).takes(job)] == [SMALL]
    assert [job.key for job in jobs if Filter(models=("small", "la*")).takes(job)] == [SMALL, LARGE, WRITING]
    assert not any(Filter(only="sorting/*", datasets=("letters",)).takes(job) for job in jobs)


def test_a_run_takes_what_its_options_name(enrolled: Agent) -> None:
    assert measured(enrolled.json(*RUN, "--task", "sorting", "--model", "large")) == [LARGE]
    assert enrolled("run", "--dataset", "nothing") == NothingToDo.exit_code
    assert "No job of demo matches --dataset nothing" in enrolled.err


def test_a_limit_puts_the_rest_off(enrolled: Agent) -> None:
    answer = enrolled.json(*RUN, "--limit", "1")
    assert (enrolled.code, measured(answer)) == (0, [SMALL])
    assert put_off(answer) == dict.fromkeys([LARGE, WRITING], "`--limit 1` was given.")
    assert measured(enrolled.json(*RUN, "--limit", "1")) == [LARGE]


def test_what_does_not_end_in_time_is_not_begun(enrolled: Agent) -> None:
    """Ten windows of at least 10 s are asked of each job by its suite: none fits into two seconds."""
    answer = enrolled.json(*RUN, "--budget", "2s")
    assert (measured(answer), len(put_off(answer))) == ([], 3)
    assert put_off(answer)[SMALL] == NO_TIME
    assert len(measured(enrolled.json(*RUN, "--budget", "2h"))) == 3


def test_the_time_that_is_left_caps_a_job(enrolled: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its suite gives a job 30 s and an hour in turn; a run of 40 s gives it no more than what is left of those."""
    given_s: list[float] = []
    real = measuring.measure

    def measure(*words: Any, **more: Any) -> Any:
        given_s.append(words[3].budget_s)
        return real(*words, **more)

    monkeypatch.setattr(job_runner, "measure", measure)
    for suite_s, options in ((30.0, ("--budget", "2h")), (3600.0, ()), (3600.0, ("--budget", "40s"))):
        suite = fake_suite.suite()
        changed = structs.replace(suite, protocol=structs.replace(suite.protocol, budget_s=suite_s))
        with monkeypatch.context() as during:
            during.setattr(fake_suite, "suite", lambda changed=changed: changed)
            assert enrolled(*RUN, "--limit", "1", "--fresh", *options) == 0
    assert given_s[:2] == [30.0, 3600.0]
    assert 30 < given_s[2] < 40


def test_weights_that_are_not_the_suites_fail_their_job_before_a_ticket_is_asked_for(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_suite, "WEIGHTS", "ef" * 32)
    monkeypatch.setattr(fake_suite.Workload, "load", lambda _self: loaded("ab" * 32))
    answer = enrolled.json(*RUN, "--only", SMALL)
    (failed,) = answer["failed"]
    assert (enrolled.code, failed["code"]) == (EXIT_IMPOSSIBLE, "workload-error")
    assert failed["sentence"].startswith("The weights of small are not those of the suite (abababab")
    assert not platform.tickets
    assert not platform.results
    monkeypatch.setattr(fake_suite.Workload, "load", lambda _self: loaded("ef" * 32))
    assert measured(enrolled.json(*RUN, "--only", SMALL, "--retry-failed")) == [SMALL]


def loaded(weights_sha256: str) -> SimpleNamespace:
    return SimpleNamespace(weights_sha256=weights_sha256, parameters=1000, dtype="float32", device="cpu")


def test_a_folder_that_cannot_be_written_ends_the_run_and_is_no_fault_of_the_job(enrolled: Agent) -> None:
    fake_suite.TROUBLES[LARGE] = StorageError("The cache cannot be written. Point XDG_CACHE_HOME elsewhere.")
    answer = enrolled.json(*RUN)
    assert (enrolled.code, answer["error"]["code"], answer["failed"]) == (EXIT_STORAGE, "storage", [])
    fake_suite.TROUBLES.clear()
    again = enrolled.json(*RUN)
    assert (enrolled.code, measured(again), again["failed_before"]) == (0, [LARGE, WRITING], [])


def test_pace_follows_the_jobs_that_are_done() -> None:
    suite = load_suite("a100-2024")
    first, second = suite.jobs[0].key, suite.jobs[1].key
    pace = Pace(suite)
    published_s = pace.seconds(second)
    pace.took(first, 3 * pace.seconds(first))
    assert pace.seconds(second) == pytest.approx(3 * published_s)


def test_a_budget_runs_down() -> None:
    now = [100.0]
    budget = Budget.of(60.0, lambda: now[0])
    assert budget.has(60.0)
    now[0] = 150.0
    assert (budget.has(10.0), budget.has(10.1), budget.left_s()) == (True, False, 10.0)
    assert Budget.of(None, lambda: 0.0).has(1e9)


def test_models_larger_than_the_device_are_left_out_with_a_sentence() -> None:
    suite = load_suite("a100-2024")
    jobs = tuple(job for job in suite.jobs if job.model in ("flan-t5-xxl", "flan-t5-base"))
    whole = plan.Selection(suite=suite, jobs=jobs, missing=())
    fitting = plan.fitting(whole, 24 * 10**9)
    assert {job.model for job in fitting.jobs} == {"flan-t5-base"}
    assert len(fitting.jobs) + len(fitting.missing) == len(jobs)
    assert "take 4" in fitting.missing[0].sentence
    assert "the device has 24.0 GB" in fitting.missing[0].sentence
    assert plan.fitting(whole, None) == whole


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (OutOfMemory("Memory ran out on query 3."), "Memory ran out on query 3."),
        (WorkloadCrashed("Query 3 failed (RuntimeError: shapes differ)."), "shapes differ"),
    ],
    ids=["out of memory", "a fault of the model"],
)
def test_a_job_that_fails_is_written_down_and_the_plan_goes_on(
    enrolled: Agent, platform: FakePlatform, trouble: WorkloadError, sentence: str
) -> None:
    fake_suite.TROUBLES[LARGE] = trouble
    answer = enrolled.json(*RUN)
    assert enrolled.code == EXIT_IMPOSSIBLE
    assert (measured(answer), [row["job"] for row in answer["failed"]]) == ([SMALL, WRITING], [LARGE])
    assert sentence in answer["failed"][0]["sentence"]
    assert answer["failed"][0]["code"] == trouble.code
    fake_suite.TROUBLES.clear()
    again = enrolled.json(*RUN)
    assert (enrolled.code, measured(again), again["ok"]) == (EXIT_IMPOSSIBLE, [], False)
    (before,) = again["failed_before"]
    assert (before["job"], before["code"], again["failed"], put_off(again)) == (LARGE, trouble.code, [], {})
    assert before["sentence"].startswith("It failed earlier: ")
    assert before["sentence"].count("--retry-failed") == 1
    assert f"failed  {LARGE}  It failed earlier: " in enrolled.err
    assert measured(enrolled.json(*RUN, "--retry-failed")) == [LARGE]
    last = enrolled.json(*RUN)
    assert (enrolled.code, last["failed_before"]) == (0, [])
    assert jobs_received(platform, enrolled) == sorted([SMALL, LARGE, WRITING])


def test_a_fault_of_the_agent_itself_is_not_blamed_on_the_model(enrolled: Agent) -> None:
    fake_suite.TROUBLES[SMALL] = KeyError("no reason for a null")
    with pytest.raises(KeyError):
        enrolled(*RUN)


def test_needed_jobs_come_first(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joulemark.platform_client import PlatformClient

    needs = tuple(SimpleNamespace(key=key) for key in (WRITING, LARGE))
    monkeypatch.setattr(PlatformClient, "needed", lambda _self, _digest: needs)
    assert measured(enrolled.json(*RUN, "--needed")) == [WRITING, LARGE, SMALL]


def test_a_run_with_nothing_left_says_what_can_be_done_next(enrolled: Agent) -> None:
    assert enrolled(*RUN) == 0
    assert "Nothing is left" not in enrolled.out
    for words in (RUN, (*RUN, "--dry-run")):
        assert enrolled(*words) == 0
        assert "Nothing is left to measure in this session. `joulemark results`" in enrolled.out
        assert "`--fresh`" in enrolled.out
        assert "`joulemark suite list --ask`" in enrolled.out
    assert "Order: that of the suite" not in enrolled.out, "of nothing there is no order"
    assert enrolled.json(*RUN)["nothing_left"] is True
    assert enrolled.json(*RUN, "--fresh", "--limit", "1")["nothing_left"] is False
    assert enrolled(*RUN, "--limit", "1") == 0
    assert "Nothing is left" not in enrolled.out


def test_an_order_can_be_asked_for_and_a_budget_spreads_over_tasks(
    enrolled: Agent, platform: FakePlatform
) -> None:
    def planned(*words: str) -> tuple[str, list[str]]:
        answer = enrolled.json(*RUN, "--dry-run", *words)
        return answer["order"], [cell["job"] for cell in answer["cells"]]

    assert planned() == ("suite", [SMALL, LARGE, WRITING])
    assert planned("--order", "tasks") == ("tasks", [SMALL, WRITING, LARGE])
    assert planned("--budget", "1h") == ("tasks", [SMALL, WRITING, LARGE])
    assert planned("--budget", "1h", "--order", "suite") == ("suite", [SMALL, LARGE, WRITING])
    assert platform.asked["GET needed"] == 0
    assert enrolled(*RUN, "--budget", "1h") == 0
    assert "Order: one job of each task in turn." in enrolled.err
    assert enrolled("run", "--needed", "--order", "tasks") == EXIT_USAGE
    assert "contradicts `--order tasks`" in enrolled.err
    assert enrolled("run", "--needed") == EXIT_REFUSED, "this platform does not know the suite"


def test_needed_and_offline_contradict_each_other(agent: Agent) -> None:
    assert agent("run", "--needed", "--offline") == EXIT_USAGE


def test_resume_asks_again_what_the_last_run_was_asked(enrolled: Agent) -> None:
    enrolled(*RUN, "--task", "sorting", "--limit", "1")
    answer = enrolled.json("run", "--resume")
    assert enrolled.code == 0
    assert [(row["job"], row["resumed"]) for row in answer["results"]] == [(SMALL, True), (LARGE, False)]


def test_resume_needs_a_run_and_no_other_words(enrolled: Agent) -> None:
    assert enrolled("run", "--resume") == NothingToDo.exit_code
    assert "There is no run for" in enrolled.err
    assert enrolled("run", "--resume", "--task", "sorting") == EXIT_USAGE
    assert "omit --task" in enrolled.err


@pytest.mark.processes
def test_kill_9_in_the_middle_of_a_plan_and_resume(enrolled: Agent, platform: FakePlatform) -> None:
    cut = in_a_process(*RUN, "--json", stop="large:sorting:9:SIGKILL")
    assert cut.returncode == -signal.SIGKILL
    before = {kept.path: kept.path.read_bytes() for kept in enrolled.outbox.results()}
    assert len(before) == 1
    answer = enrolled.json("run", "--resume")
    assert (enrolled.code, measured(answer)) == (0, [LARGE, WRITING])
    assert not list(enrolled.outbox.damaged())
    assert {path: path.read_bytes() for path in before} == before
    assert jobs_received(platform, enrolled) == sorted([SMALL, LARGE, WRITING])


@pytest.mark.processes
def test_a_job_that_ends_its_process_twice_is_put_off(enrolled: Agent) -> None:
    for _ in range(2):
        in_a_process(*RUN, stop="large:sorting:9:SIGKILL")
    answer = enrolled.json("run", "--resume")
    assert (enrolled.code, measured(answer)) == (EXIT_IMPOSSIBLE, [WRITING])
    (before,) = answer["failed_before"]
    assert (before["job"], before["code"]) == (LARGE, "crashed")
    assert "2 runs ended without a message" in before["sentence"]
    assert before["sentence"].count("--retry-failed") == 1


def test_a_journal_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"{")
    journal = Journal(path)
    journal.failed("a/b/c", code="out-of-memory", sentence="Too large.")
    assert Journal(path).failures["a/b/c"].code == "out-of-memory"
    Journal(path).done("a/b/c")
    assert Journal(path).failures == {}


def test_a_sentence_for_many_jobs_names_a_few() -> None:
    keys = [f"task/data/model-{number}" for number in range(300)]
    assert plan.in_words(keys[:6]) == ", ".join(keys[:6])
    assert plan.in_words(keys) == f"{', '.join(keys[:5])} and 295 more"
