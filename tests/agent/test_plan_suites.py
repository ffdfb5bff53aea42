"""Suites that cannot be run are refused with what to do, by `run` and by `doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from joulemark.errors import WorkloadUnavailable
from joulemark.session import plan
from joulemark.suite import load_suite

if TYPE_CHECKING:
    from agent_commands import Agent


def test_a_suite_that_is_not_pinned_has_no_job_that_can_run() -> None:
    selection = plan.select("quick", plan.Filter())
    assert selection.jobs == ()
    with pytest.raises(WorkloadUnavailable, match="joulemark suite pin quick"):
        plan.require_jobs(selection)


def test_the_sentence_is_given_once_for_all_jobs() -> None:
    assert len(plan.by_sentence(plan.select("a100-2024", plan.Filter()).missing)) == 1


def test_the_demo_has_nothing_in_its_way() -> None:
    suite = load_suite("demo")
    assert [plan.obstacle(suite, job) for job in suite.jobs] == [None] * len(suite.jobs)


def test_the_doctor_says_so_too(command: Agent) -> None:
    found = command.json("doctor", "--quick", "--suite", "quick")["findings"]
    states = {finding["state"] for finding in found if finding["area"] == "workload"}
    assert states == {"not available"}
