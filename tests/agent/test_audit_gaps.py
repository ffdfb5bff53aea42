"""An audit of a log that names a gap: what is missing there is lost and said, what is otherwise is still a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.agent.auditing import audit, codes, kept

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_log import FakeLog


def resume(log: FakeLog, start: int) -> None:
    """The platform was restored with `start` entries, and publishes what that means."""
    end = len(log.entries)
    for index in range(start, end):
        log.rows[index] = None
    log.add(
        "log-resumed", "ab" * 32, start=start, end=end, start_root="cd" * 32, at="2026-12-01T00:00:00+00:00"
    )


def lose(log: FakeLog, result_id: str) -> None:
    del log.bundles[result_id], log.states[result_id]


def test_what_a_gap_names_is_lost_and_no_finding(auditor: Agent, log: FakeLog) -> None:
    audit(auditor, log)  # a monitor that has seen the newer checkpoint
    result_id = log.receive("a late one")
    log.publish()
    size = audit(auditor, log)["size"]
    lose(log, result_id)
    resume(log, size - 3)
    log.publish()
    answer = audit(auditor, log)
    assert (auditor.code, answer["findings"]) == (0, [])
    assert answer["old_size"] == size
    assert [(gap["start"], gap["end"]) for gap in answer["gaps"]] == [(size - 3, size)]
    assert {row["code"] for row in answer["lost"]} == {"JM-LOG-ROW-GONE", "JM-LOG-BUNDLE", "JM-LOG-STATE"}
    assert auditor("audit", log.origin) == 0
    assert kept(auditor, log).lost_results() == {result_id}
    assert auditor("audit", log.origin, "--all") == 0
    assert "restored from a backup" in auditor.out


def test_a_lost_result_that_came_back_is_a_result_like_any_other(auditor: Agent, log: FakeLog) -> None:
    result_id = log.receive("a late one")
    data, size = log.bundles[result_id], len(log.entries)
    lose(log, result_id)
    resume(log, size - 2)
    log.publish()
    assert audit(auditor, log)["findings"] == []
    log.bundles[result_id] = data
    del log.rows[size - 2]
    log.judge(result_id, "accepted")
    log.publish()
    assert audit(auditor, log)["findings"] == []
    answer = audit(auditor, log, "--all")
    assert (answer["findings"], [row["index"] for row in answer["lost"]]) == ([], [size - 1])


def test_a_gap_excuses_neither_what_is_outside_nor_what_is_otherwise(auditor: Agent, log: FakeLog) -> None:
    size = len(log.entries)
    log.receive("a late one")
    resume(log, size)
    log.rows[size] = {"facts": {"key": "cd" * 32, "ticket": ""}}
    log.rows[size - 1] = None
    log.publish()
    assert sorted(codes(audit(auditor, log))) == ["JM-LOG-ROW-GONE", "JM-LOG-ROW-OTHER"]


def test_a_gap_names_nothing_behind_itself(auditor: Agent, log: FakeLog) -> None:
    size = len(log.entries)
    log.add(
        "log-resumed",
        "ab" * 32,
        start=size,
        end=size + 9,
        start_root="cd" * 32,
        at="2026-12-01T00:00:00+00:00",
    )
    log.receive("a later one")
    log.rows[size + 1] = None
    log.publish()
    assert codes(audit(auditor, log)) == ["JM-LOG-ROW-GONE"]
