"""A session of two jobs on a card whose driver answers what it likes: it ends in order and loses nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark import errors
from joulemark.record import bundle as bundles
from joulemark.record import trace as traces
from joulemark.rules.completeness import DIRTY
from joulemark_simulation.nvml.cards import H100
from joulemark_simulation.nvml.scenario import (
    ANSWERS,
    ENERGY,
    ERRORS,
    Failure,
    Idle,
    Scenario,
    Sensor,
    WrongAnswer,
)
from tests.agent.gpu_sessions import Ended, Sessions
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long
RUN = ("run", "--offline", "--meter", "nvml", "--only", "*/small")
JOBS = {"sorting/numbers/small", "writing/letters/small"}
UNPROBED = {"JOULEMARK_TEST_NO_KERNEL": "1"}
"""Without a probe, which takes 80 s of the simulation's time; the jobs then take 50 s each."""
EXIT_CODES = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
TRUE_J = 300.0 * 0.05
JOB_ONE_S = (25.0, 26.0)
"""A time in the first job's first window."""


def scenario(**changes: Any) -> Scenario:
    return Scenario(
        **{
            "card": H100.full(),
            "by_activity": True,
            "idle": Idle(watts=60.0, extra_w=5.0, decay_s=10.0, warm_s=5.0),
            "sensor": Sensor(noise_w=1.0),
            **changes,
        }
    )


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with Sessions(scenario()) as running:
        yield running


@pytest.fixture(scope="module")
def functions(sessions: Sessions, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every function of NVML that an honest session calls, and the fields that can fail alone."""
    home = tmp_path_factory.mktemp("calls")
    calls = home / "calls"
    honest = sessions.run(home, scenario(), *RUN, environment={**UNPROBED, "NVML_SIM_CALLS": str(calls)})
    assert honest.code == 0, honest.err
    assert {row["job"] for row in honest.answer()["results"]} == JOBS
    found = {*calls.read_text().split(), "nvmlInit", ENERGY, "POWER_INSTANT", "POWER_AVERAGE"}
    assert len(found) > 20
    return sorted(found)


def two_jobs(sessions: Sessions, home: Path, **changes: Any) -> Ended:
    ended = sessions.run(home, scenario(**changes), *RUN, environment=UNPROBED)
    assert_in_order(ended)
    return ended


def assert_in_order(ended: Ended) -> None:
    """What holds of every run, whatever the driver answers."""
    assert ended.code in EXIT_CODES, (ended.code, ended.err)
    assert "Traceback" not in ended.err + ended.out, ended.err
    answer = ended.answer()
    assert answer["ok"] == (ended.code == 0)
    measured = {row["job"]: row["result_id"] for row in answer["results"]}
    failed = {row["job"] for row in answer["failed"]}
    assert not measured.keys() & failed
    if "error" in answer:
        assert len(answer["error"]["sentence"]) > len("Interrupted.")
    else:
        put_off = {row["job"] for row in answer["put_off"]}
        assert not put_off or answer["stopped"], "a job is put off only when the run says why it was stopped"
        assert measured.keys() | failed | put_off == JOBS, "every job of the plan has a result or a reason"
    kept = ended.results()
    assert {one.digest for one in kept} == set(measured.values())
    for one in kept:
        said = bundles.verified_statement(one.bundle).predicate
        off = abs(said.totals.energy_per_query_j / TRUE_J - 1)
        assert off < 0.05 or DIRTY & set(said.flags), (off, said.flags)


def failures(ended: Ended) -> dict[str, str]:
    return {row["job"]: row["code"] for row in ended.answer()["failed"]}


def test_a_counter_that_stands_still_fails_each_job_and_the_plan_goes_on(
    sessions: Sessions, tmp_path: Path
) -> None:
    stuck = WrongAnswer(function=ENERGY, answer="stuck")
    ended = two_jobs(sessions, tmp_path, wrong_answers=(stuck,))
    assert (ended.code, failures(ended)) == (7, dict.fromkeys(JOBS, "unusable-readings"))
    assert "stood still" in ended.answer()["failed"][0]["sentence"]
    assert len(list((tmp_path / "STATE/joulemark/unusable").iterdir())) == 2


def test_a_counter_beyond_what_a_trace_holds_ends_the_run_before_its_first_job(
    sessions: Sessions, tmp_path: Path
) -> None:
    ended = two_jobs(sessions, tmp_path, card=replace(H100.full(), counter_base_mj=2**53))
    assert (ended.code, failures(ended)) == (7, {})
    assert "9007199" in ended.answer()["error"]["sentence"]
    assert "[1/2]" not in ended.err


def test_a_counter_that_grows_beyond_what_a_trace_holds_fails_each_job_and_the_plan_goes_on(
    sessions: Sessions, tmp_path: Path
) -> None:
    ended = two_jobs(sessions, tmp_path, card=replace(H100.full(), counter_base_mj=2**53 - 2_000_000))
    assert (ended.code, failures(ended)) == (7, dict.fromkeys(JOBS, "missing-reading"))
    assert "9007199" in ended.answer()["failed"][0]["sentence"]


def test_a_counter_that_falls_costs_its_own_job_alone(sessions: Sessions, tmp_path: Path) -> None:
    ended = two_jobs(sessions, tmp_path, counter_reset_s=25.0)
    assert failures(ended) == {"sorting/numbers/small": "counter-went-backwards"}
    (readings,) = (tmp_path / "STATE/joulemark/unusable").iterdir()
    assert str(readings) in ended.answer()["failed"][0]["sentence"]
    assert json.loads(traces.unpack(readings.read_bytes()))["streams"]
    assert [row["job"] for row in ended.answer()["results"]] == ["writing/letters/small"]


def test_what_failed_is_in_the_journal_and_not_begun_again(sessions: Sessions, tmp_path: Path) -> None:
    two_jobs(sessions, tmp_path, counter_reset_s=25.0)
    again = sessions.run(tmp_path, scenario(), *RUN, environment=UNPROBED).answer()
    assert [row["job"] for row in again["failed_before"]] == ["sorting/numbers/small"]
    retried = sessions.run(tmp_path, scenario(), *RUN, "--retry-failed", environment=UNPROBED).answer()
    assert {row["job"] for row in retried["results"]} == JOBS


def test_a_gpu_that_is_gone_ends_the_run_and_blames_no_other_job(sessions: Sessions, tmp_path: Path) -> None:
    lost = Failure(function="*", error="gpu lost", start_s=JOB_ONE_S[0])
    ended = two_jobs(sessions, tmp_path, failures=(lost,))
    assert (ended.code, failures(ended)) == (7, {"sorting/numbers/small": "meter-failed"})
    assert "fell off the bus" in ended.answer()["error"]["sentence"]
    assert "[2/2]" not in ended.err


@pytest.mark.parametrize("answer", ["ones", "zeros", "garbage"])
@pytest.mark.parametrize("function", ["nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetFieldValues"])
def test_nonsense_for_a_second_costs_no_job(
    sessions: Sessions, tmp_path: Path, function: str, answer: str
) -> None:
    start_s, end_s = JOB_ONE_S
    wrong = WrongAnswer(function=function, answer=answer, start_s=start_s, end_s=end_s)
    ended = two_jobs(sessions, tmp_path, wrong_answers=(wrong,))
    assert ended.code == 0, ended.err
    assert "writing/letters/small" in {row["job"] for row in ended.answer()["results"]}


@pytest.mark.parametrize("answer", ["zeros", "ones"])
@pytest.mark.parametrize(
    ("function", "facts"),
    [
        ("nvmlDeviceGetMemoryInfo", {"memory_bytes"}),
        ("nvmlDeviceGetEnforcedPowerLimit", {"power_limit_w"}),
        ("nvmlDeviceGetPowerManagementDefaultLimit", {"power_limit_default_w"}),
    ],
)
def test_a_fact_that_no_gpu_has_is_absent_with_its_reason(
    sessions: Sessions, tmp_path: Path, function: str, facts: set[str], answer: str
) -> None:
    ended = two_jobs(sessions, tmp_path, wrong_answers=(WrongAnswer(function=function, answer=answer),))
    assert ended.results(), ended.err
    for one in ended.results():
        said = bundles.verified_statement(one.bundle).predicate
        absent = {name for name in facts if getattr(said.device, name) is None}
        assert absent == facts
        assert {said.absent[f"device.{name}"] for name in facts} == {"out-of-range"}


@pytest.mark.laws
@pytest.mark.timeout(1800)
@law(share=0.15)
@given(data=st.data())
def test_whatever_a_driver_answers_the_session_ends_in_order(
    data: st.DataObject,
    sessions: Sessions,
    functions: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Each function that the agent calls, with each error and each kind of nonsense, from any time for any time."""
    function = data.draw(st.sampled_from(functions), label="function")
    start_s = data.draw(st.floats(0.0, 100.0), label="from")
    end_s = start_s + data.draw(st.sampled_from([0.05, 1.0, 5.0, inf]), label="for")
    kind = data.draw(st.sampled_from([*ERRORS, *ANSWERS, *ANSWERS]), label="kind")
    fault: dict[str, Any]
    if kind in ERRORS:
        fault = {"failures": (Failure(function=function, error=kind, start_s=start_s, end_s=end_s),)}
    else:
        wrong = WrongAnswer(function=function, answer=kind, start_s=start_s, end_s=end_s)
        fault = {"wrong_answers": (wrong,)}
    ended = two_jobs(sessions, tmp_path_factory.mktemp("home"), **fault)
    if "[1/2]" not in ended.err or "error" in ended.answer():
        return
    stopped = ended.answer()["stopped"]
    if stopped:  # by a lasting cause, as MIG is: the next job would get the same finding
        assert stopped["what_to_do"]
    else:
        assert "[2/2]" in ended.err
