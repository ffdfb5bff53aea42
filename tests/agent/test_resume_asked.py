"""`joulemark run --resume` asks again all that the last run was asked, and says what it cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from joulemark.errors import EXIT_USAGE
from joulemark.meters.estimate import watts_of
from tests.agent import fake_suite

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

SMALL, LARGE, WRITING = (job.key for job in fake_suite.JOBS)
RUN = ("run", "--meter", "estimate")
DEFAULT_WATTS = f"x {watts_of()[0]:g} W per busy core"


def test_an_offline_run_stays_offline(agent: Agent) -> None:
    """Nobody has a key, and no platform is there: asked of either, the second run would fail."""
    assert agent(*RUN, "--offline", "--limit", "1") == 0
    answer = agent.json("run", "--resume")
    assert (agent.code, [row["job"] for row in answer["results"]]) == (0, [SMALL, LARGE, WRITING])
    assert "Offline: nothing is sent." in agent.err
    assert agent("run", "--resume", "--needed") == EXIT_USAGE
    assert "remembered by `--resume`" in agent.err


def test_what_was_not_to_be_sent_is_not_sent(enrolled: Agent, platform: FakePlatform) -> None:
    assert enrolled(*RUN, "--no-submit", "--limit", "1") == 0
    assert enrolled("run", "--resume") == 0
    assert "results are stored and not sent" in enrolled.err
    assert not platform.results
    assert len(list(enrolled.outbox.results())) == 3


def test_watts_are_those_of_the_last_run(enrolled: Agent) -> None:
    assert enrolled(*RUN, "--cpu-watts", "40", "--limit", "1") == 0
    answer = enrolled.json("run", "--resume")
    assert [row["stated_watts"] for row in answer["results"]] == [40.0] * 3
    assert "x 40 W per busy core (stated by the contributor)" in enrolled.err


def test_options_beside_resume_are_added(enrolled: Agent, platform: FakePlatform) -> None:
    assert enrolled(*RUN, "--cpu-watts", "40", "--limit", "1") == 0
    answer = enrolled.json("run", "--resume", "--cpu-watts", "20", "--no-submit", "--limit", "1")
    assert [row["stated_watts"] for row in answer["results"]] == [40.0, 20.0]
    assert len(platform.results) == 1
    answer = enrolled.json("run", "--resume")
    assert [row["stated_watts"] for row in answer["results"]] == [40.0, 20.0, 20.0]
    assert len(platform.results) == 1


def test_a_forced_run_stays_forced(enrolled: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    from joulemark.session import run

    forced: list[bool] = []
    real = run._ready

    def ready(*given: Any) -> Any:
        forced.append(given[4].force)
        return real(*given)

    monkeypatch.setattr(run, "_ready", ready)
    assert enrolled(*RUN, "--force", "--limit", "1") == 0
    assert enrolled("run", "--resume") == 0
    assert forced == [True, True]


def test_the_last_line_is_true_of_each_result(enrolled: Agent) -> None:
    enrolled(*RUN, "--limit", "1")
    assert f"Energy is estimated: CPU time of this process and its children {DEFAULT_WATTS}" in enrolled.out
    enrolled(*RUN, "--limit", "1", "--cpu-watts", "40")
    lines = [line for line in enrolled.out.splitlines() if line.startswith("Energy")]
    assert len(lines) == 2
    assert lines[0].startswith(
        f"Energy of 1 of 2 results is estimated: CPU time of this process and its children {DEFAULT_WATTS}"
    )
    assert lines[1].startswith(
        "Energy of 1 of 2 results is estimated: CPU time of this process and its children x 40"
    )
    assert enrolled(*RUN, "--only", SMALL, "--cpu-watts", "40") == 0
    (line,) = [line for line in enrolled.out.splitlines() if line.startswith("Energy")]
    assert DEFAULT_WATTS in line, "the one result that is covered was measured by an earlier run"


def test_files_that_are_no_session_are_named_once_and_passed_over(enrolled: Agent) -> None:
    assert enrolled(*RUN, "--limit", "1") == 0
    sessions = enrolled.folders.sessions
    (sessions / "stray.json").write_text("{}", encoding="utf-8")
    (sessions / "torn.json").write_bytes(b"\xff\x00")
    (sessions / "folder.json").mkdir()
    answer = enrolled.json("run", "--resume")
    assert (enrolled.code, len(answer["results"])) == (0, 3)
    assert enrolled.err.count("cannot be read as a session: folder.json, stray.json, torn.json.") == 1
