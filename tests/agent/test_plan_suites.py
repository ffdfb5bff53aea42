"""Suites that cannot be run are refused with what to do, by `run` and by `doctor`."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest

from joulemark.errors import EXIT_USAGE, WorkloadUnavailable
from joulemark.session import plan
from joulemark.suite import load_suite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent


def test_a_suite_that_is_not_pinned_has_no_job_that_can_run() -> None:
    selection = plan.select(load_suite("quick"), plan.Filter())
    assert selection.jobs == ()
    with pytest.raises(WorkloadUnavailable, match="joulemark suite pin quick"):
        plan.require_jobs(selection)


def test_the_sentence_is_given_once_for_all_jobs() -> None:
    assert len(plan.by_sentence(plan.select(load_suite("a100-2024"), plan.Filter()).missing)) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--offline", "--suite"),
        ("suite", "fetch"),
        ("suite", "answer", "--out", "./new"),
    ],
    ids=" ".join,
)
def test_a_folder_that_is_not_pinned_is_named_as_it_was_typed(
    command: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with as_file(files("joulemark.suite") / "data" / "quick") as installed:
        shutil.copytree(installed, tmp_path / "mine")
    assert command(*words, "./mine") == EXIT_USAGE
    assert "`joulemark suite pin ./mine --out FOLDER`" in command.err
    assert "Offline: nothing is sent" not in command.err


def test_the_demo_has_nothing_in_its_way() -> None:
    suite = load_suite("demo")
    assert [plan.obstacle(suite, job) for job in suite.jobs] == [None] * len(suite.jobs)


def test_the_doctor_says_so_too(command: Agent) -> None:
    found = command.json("doctor", "--quick", "--suite", "quick")["findings"]
    states = {finding["state"] for finding in found if finding["area"] == "workload"}
    assert states == {"not available"}
