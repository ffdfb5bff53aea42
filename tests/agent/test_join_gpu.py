"""Joining with a GPU: which of the platform's suites is chosen, what of it fits, and what `joulemark run` does then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.record.messages import Needed, NeededSuite
from joulemark.session.forecast import NO_TIME
from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.scenario import Failure, Scenario
from tests.agent.fake_platform import FakePlatform, RunningPlatform, needed_job
from tests.agent.gpu_sessions import Ended, Sessions
from tests.agent.handed_out import hand_out, suite_files, suite_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)
ALL = ("resnet-18", "resnet-50", "vit-base-patch16-224", "huge")
FULL = suite_files("full", models=ALL, idle_s=300.0)
LEAN = suite_files("lean", models=ALL, idle_s=30.0)
FEW = suite_files("few", models=("resnet-18",), idle_s=1.0)


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with Sessions(scenario()) as running:
        yield running


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with RunningPlatform() as running:
        hand_out(running, FULL, LEAN, FEW, former=(suite_files("old", models=ALL, idle_s=1.0),))
        yield running


def scenario(**changes: Any) -> Scenario:
    return Scenario(card=replace(A100.full(), **changes), by_activity=True)


def command(
    sessions: Sessions, home: Path, *words: str, machine: Scenario | None = None, **environment: str
) -> Ended:
    ended = sessions.run(
        home,
        machine or scenario(),
        *words,
        environment={
            "JOULEMARK_TEST_PLATFORM_SUITES": "1",
            "JOULEMARK_PLATFORM": "",
            "HF_HOME": str(home / "hf"),
            **environment,
        },
    )
    assert "Traceback" not in ended.err, ended.err
    return ended


def test_the_suite_with_most_cells_that_fit_is_chosen_and_of_equals_the_quickest(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    ended = command(sessions, tmp_path, "join", platform.origin)
    answer = ended.answer()
    assert ended.code == 0, ended.err
    suite, plan = answer["suite"], answer["plan"]
    assert (suite["name"], suite["cells"], suite["cells_that_fit"]) == ("lean", 8, 6)
    assert (answer["next"], answer["hours"], plan["gpu"]) == ("joulemark run", 3.0, "NVIDIA A100-SXM4-80GB")
    assert {row["job"].rpartition("/")[2] for row in plan["left_out"]} == {"huge"}
    assert "take 200.0 GB, but the device has 85.9 GB" in plan["left_out"][0]["sentence"]
    assert set(plan["downloads_of_unknown_size"]) == {"cifar10", "cifar100"}
    known = sum(cell["download_bytes"] for cell in plan["cells"])
    assert known == plan["download_bytes"], "each repository is counted once"
    assert "6 of 8 jobs run on NVIDIA A100-SXM4-80GB" in ended.err
    assert ended.err.splitlines()[-1] == "Next: joulemark run"
    torch = next(row for row in answer["findings"] if row["what"] == "torch")
    assert torch["state"] == "ok", "a kernel has run"


def test_a_smaller_card_gets_fewer_cells_and_other_times_are_said_to_be_others(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    machine = scenario(name="NVIDIA GeForce RTX 4060", memory_mib=8 * 1024)
    ended = command(sessions, tmp_path, "join", platform.origin, "--hours", "0.1", machine=machine)
    answer = ended.answer()
    assert (answer["suite"]["name"], answer["suite"]["cells_that_fit"]) == ("lean", 4)
    assert 0 < len(answer["plan"]["cells"]) < 4
    assert {row["sentence"] for row in answer["plan"]["put_off"]} == {NO_TIME}
    assert "the reference GPU, NVIDIA A100-SXM4-80GB; NVIDIA GeForce RTX 4060 differs" in ended.err


def test_a_run_alone_measures_what_join_said_and_asks_before_it_downloads(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    joined = command(sessions, tmp_path, "join", platform.origin).answer()["plan"]
    ended = command(sessions, tmp_path, "run")
    error = ended.answer()["error"]
    assert (ended.code, error["code"]) == (2, "consent-missing")
    assert "6 jobs, about" in error["sentence"]
    assert "45.0 MB and 2 data sets to download" in error["sentence"]
    assert "--yes" in error["sentence"]
    assert "Suite lean, which `joulemark join` chose for NVIDIA A100-SXM4-80GB, for up to 3 h" in ended.err
    assert not (tmp_path / "hf").exists()
    plan = command(sessions, tmp_path, "run", "--dry-run").answer()
    assert plan["cells"] == joined["cells"]
    assert not list((tmp_path / "STATE").rglob("*.journal"))
    assert not list((tmp_path / "STATE" / "joulemark" / "sessions").glob("*"))
    processor = command(sessions, tmp_path, "run", "--dry-run", "--meter", "estimate").answer()
    assert processor["suite"]["name"] == "demo", "what was joined is for the card"


def test_a_joined_run_goes_by_what_the_platform_needs_and_by_tasks_where_it_does_not_say(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    def plan(*words: str, **environment: Any) -> dict[str, Any]:
        return command(sessions, tmp_path, "run", "--dry-run", *words, **environment).answer()

    joined = command(sessions, tmp_path, "join", platform.origin)
    assert joined.answer()["plan"]["order"] == "tasks", "it does not say what it needs"
    assert "The platform does not state what it needs: one job of each task in turn." in joined.err
    suite = suite_of(LEAN)
    last = suite.jobs[2].key
    platform.needed[suite.digest] = Needed(
        suite=NeededSuite(name=suite.name, version=suite.version, digest=suite.digest),
        jobs=tuple(needed_job(key) for key in (last, suite.jobs[0].key)),
    )
    needed = plan()
    assert (needed["order"], [cell["job"] for cell in needed["cells"]][:2]) == (
        "needed",
        [last, suite.jobs[0].key],
    )
    assert len(needed["cells"]) == 6, "what the platform does not name comes behind"
    assert plan("--order", "suite")["cells"][0]["job"] == suite.jobs[0].key
    assert plan("--offline")["order"] == "tasks"
    assert plan("--suite", "full")["order"] == "suite"


def test_without_the_card_that_was_joined_the_processor_is_not_measured_in_its_place(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    command(sessions, tmp_path, "join", platform.origin)
    ended = command(sessions, tmp_path, "run", "--dry-run", CUDA_VISIBLE_DEVICES="")
    assert (ended.code, ended.answer()["error"]["code"]) == (7, "meter-unavailable")
    assert "chose the suite lean for the GPU NVIDIA A100-SXM4-80GB, but there is no GPU now" in ended.err


def test_a_suite_that_is_named_is_the_one_that_is_remembered(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    answer = command(sessions, tmp_path, "join", platform.origin, "--suite", "few", "--hours", "1").answer()
    assert (answer["suite"]["name"], answer["hours"]) == ("few", 1.0)
    assert command(sessions, tmp_path, "run", "--dry-run").answer()["suite"]["name"] == "few"
    named = command(sessions, tmp_path, "run", "--dry-run", "--suite", "full").answer()
    assert (named["suite"]["name"], len(named["cells"])) == ("full", 6), "and then there is no time limit"
    wrong = command(sessions, tmp_path, "join", platform.origin, "--suite", "nonesuch")
    assert (wrong.code, wrong.answer()["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("answer_of", ["an empty list", "no such address"])
def test_a_platform_without_a_pinned_suite_says_so_and_the_demo_suite_is_next(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path, answer_of: str
) -> None:
    if answer_of == "an empty list":
        hand_out(platform)
    else:
        platform.files.clear()
    ended = command(sessions, tmp_path, "join", platform.origin)
    answer = ended.answer()
    assert (ended.code, answer["suite"]["name"], answer["suite"]["is_standard"]) == (0, "demo", False)
    assert "operator" in answer["passed_over"][0]["sentence"]
    assert answer["plan"]["gpu"] == "NVIDIA A100-SXM4-80GB"


def test_a_card_that_cannot_be_measured_ends_with_what_to_mend(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    machine = Scenario(card=A100, failures=(Failure(function="nvmlInit", error="version mismatch"),))
    ended = command(sessions, tmp_path, "join", platform.origin, machine=machine)
    assert (ended.code, ended.answer()["next"]) == (7, f"joulemark join {platform.origin}")
    assert "Restart the machine." in ended.err
    assert ended.answer()["suite"] is None


def test_a_torch_that_cannot_use_the_card_is_found_before_a_suite_is_chosen(
    sessions: Sessions, platform: FakePlatform, tmp_path: Path
) -> None:
    ended = command(sessions, tmp_path, "join", platform.origin, JOULEMARK_TEST_TORCH="no cuda")
    assert (ended.code, ended.answer()["suite"]) == (7, None)
    assert "make install-agent TORCH=gpu" in ended.err
    assert platform.asked["GET suites"] == 0
