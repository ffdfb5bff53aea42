"""No rule alarms on honest sessions: a sample of what `make false-alarms` plays."""

from __future__ import annotations

import pytest

from benchmarks.false_alarms import EXPECTED, in_parallel, summary

pytestmark = pytest.mark.long
SESSIONS = 100


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    return in_parallel(SESSIONS)


@pytest.mark.timeout(600)
def test_honest_sessions_are_accepted(rows: list[dict[str, object]]) -> None:
    found = summary(rows)
    assert (found["sessions"], found["put_aside"]) == (SESSIONS, [])
    assert found["judged"] >= 0.95 * SESSIONS
    assert {one["code"] for one in found["rules"] if one["alarms"]} <= EXPECTED


@pytest.mark.timeout(600)
def test_the_sample_is_of_many_kinds(rows: list[dict[str, object]]) -> None:
    kinds = summary(rows)["kinds"]
    assert len(kinds) == 24, "22 known models, an unknown one, processors"
    assert {str(row["kind"]).rpartition(", ")[2] for row in rows if "kind" in row} == {
        "throughput",
        "latency",
    }
    assert len({str(row["job"]).partition("/")[0] for row in rows if "job" in row}) == 4


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(543, id="power readings of a window shorter than its sensor settles in"),
        pytest.param(1143, id="the same, of a sensor that blurs"),
        pytest.param(1898, id="readings that outlast the work beside them"),
        pytest.param(704, id="a processor that works until the end that was marked ahead"),
        pytest.param(1343, id="a sensor that reads too little at rest"),
    ],
)
def test_what_once_alarmed_does_so_no_more(number: int) -> None:
    (row,) = in_parallel(1, first=number, workers=1)
    assert row["state"] == "accepted"
    assert {str(finding[0]) for finding in row["findings"]} <= EXPECTED


def test_a_rejected_session_fails_the_goals() -> None:
    row = {
        "number": 0,
        "kind": "x full, throughput",
        "job": "a/b/c",
        "flags": [],
        "findings": [["JM-TIMES", "reject", "No.", {}]],
    }
    honest = {**row, "state": "accepted", "findings": []}
    assert summary([honest] * 2000)["goals_met"]
    assert not summary([honest] * 1999 + [{**row, "state": "rejected"}])["goals_met"]
    flagged = {**row, "state": "accepted", "findings": [["JM-CLOCK-SKEW", "flag", "No.", {}]]}
    assert summary([honest] * 1998 + [flagged] * 2)["goals_met"]
    assert not summary([honest] * 1997 + [flagged] * 3)["goals_met"]


def test_what_the_agent_itself_found_is_an_alarm_too() -> None:
    row = {"number": 0, "kind": "x full, throughput", "job": "a/b/c"}
    honest = {**row, "state": "accepted", "flags": ["outputs-vary"], "findings": []}
    dirty = {
        **row,
        "state": "quarantined",
        "flags": ["not-steady"],
        "findings": [["JM-DIRTY", "quarantine", "No.", {}]],
    }
    found = summary([honest] * 1998 + [dirty] * 2)
    assert (found["judged"], found["quarantined"], found["unfit_for"]) == (2000, 2, {"not-steady": 2})
    assert found["goals_met"]
    assert not summary([honest] * 1997 + [dirty] * 3)["goals_met"]
