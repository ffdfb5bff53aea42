"""`joulemark results`: one's own results with the platform's states, in few requests, within 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from joulemark.record.messages import StandingFinding
from tests.agent import fake_suite

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


@pytest.fixture
def sent(enrolled: Agent) -> Agent:
    """Three results that were sent, and no verdict was asked for."""
    assert enrolled("run", "--meter", "estimate", "--no-wait") == 0
    return enrolled


def test_every_result_is_listed_with_its_state_energy_and_link(sent: Agent, platform: FakePlatform) -> None:
    first, second, third = (kept.digest for kept in sent.outbox.results())
    platform.states = {second: "quarantined", third: "rejected"}
    platform.findings = (StandingFinding(code="JM-REST", severity="quarantine", sentence="No rest."),)
    assert sent("results") == 0
    lines = sent.out.splitlines()
    assert lines[0] == f"accepted     {fake_suite.JOBS[0].key}"
    assert "Wh per 1,000 queries (estimated)" in lines[1]
    assert lines[2] == f"             {platform.origin}/r/{first[:16]}"
    assert lines[3].startswith("quarantined  ")
    assert lines[5] == "             JM-REST: The device rests between windows"
    assert lines[-1] == "3 results: 1 accepted, 1 quarantined, 1 rejected"
    assert max(map(len, lines)) <= 80
    assert [kept.note.verdict for kept in sent.outbox.results()] == ["accepted", "quarantined", "rejected"]


def test_a_platform_for_which_nothing_is_kept_is_named_with_what_others_have(
    sent: Agent, monkeypatch: pytest.MonkeyPatch, platform: FakePlatform
) -> None:
    monkeypatch.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:9")
    assert sent("results") == 6
    assert "The outbox has no result for http://127.0.0.1:9 (set by JOULEMARK_PLATFORM)." in sent.err
    assert f"3 results are stored for other platforms ({platform.origin}): set JOULEMARK_PLATFORM" in sent.err
    sent.outbox.folder.rename(sent.outbox.folder.with_name("elsewhere"))
    assert sent("results") == 6
    assert "Measure something first: `joulemark run`." in sent.err


def test_the_platform_is_asked_by_the_page_and_not_by_the_result(sent: Agent, platform: FakePlatform) -> None:
    before = platform.asked.copy()
    answer = sent.json("results")
    asked = platform.asked - before
    assert asked == {"GET results": 2}, "two results a page in this platform"
    assert [row["state"] for row in answer["results"]] == ["accepted"] * 3
    row = answer["results"][0]
    assert row["page_url"] == f"{platform.origin}/results/{row['result_id']}/"
    assert (row["grade"], row["expanded_u"], row["codes"]) == ("estimated", None, [])
    kept = next(iter(sent.outbox.results())).bundle.statement().predicate
    assert row["energy_wh_per_1000"] == pytest.approx(kept.totals.energy_per_query_j / 3.6)


def test_without_the_platform_the_states_are_those_of_last_time(sent: Agent, platform: FakePlatform) -> None:
    sent("results")
    before = platform.asked.copy()
    answer = sent.json("results", "--offline")
    assert platform.asked == before
    assert ([row["state"] for row in answer["results"]], answer["not_asked"]) == (
        ["accepted"] * 3,
        "--offline",
    )
    platform.failures = [500] * 4
    answer = sent.json("results")
    assert sent.code == 0
    assert [row["state"] for row in answer["results"]] == ["accepted"] * 3
    assert "failed with an internal error (HTTP 500)" in answer["not_asked"]
    assert "The last known states are shown" in sent.err


def test_what_was_not_sent_is_listed_as_kept(enrolled: Agent, platform: FakePlatform) -> None:
    enrolled("run", "--meter", "estimate", "--offline", "--only", "writing/*")
    (kept,) = enrolled.outbox.results()
    before = platform.asked.copy()
    assert enrolled("results") == 0
    assert platform.asked == before, "there is nothing to ask about"
    assert enrolled.out.splitlines()[0] == "waiting      writing/letters/small"
    assert f"stored as {kept.digest[:16]}" in enrolled.out


def test_a_refusal_is_listed_with_its_code(enrolled: Agent, platform: FakePlatform) -> None:
    platform.refuse = {"results": "JM-TICKET"}
    enrolled("run", "--meter", "estimate", "--only", "writing/*")
    (row,) = enrolled.json("results")["results"]
    assert (row["state"], row["codes"]) == ("refused", ["JM-TICKET"])


def test_nothing_to_list_is_said(enrolled: Agent) -> None:
    assert enrolled("results") == 6
    assert "Measure something first" in enrolled.err


def test_a_damaged_file_is_named(sent: Agent) -> None:
    kept = next(iter(sent.outbox.results()))
    kept.path.write_bytes(kept.path.read_bytes()[:-100])
    answer = sent.json("results")
    assert (sent.code, len(answer["results"]), len(answer["damaged"])) == (2, 2, 1)


def test_results_of_another_platform_are_not_listed(
    sent: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:9")
    assert sent("results") == 6
