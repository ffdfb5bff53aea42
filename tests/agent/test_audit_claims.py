"""The audit of what a platform shows: rows, bundles, states and the list must be what its log says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from auditing import audit, codes, first, kept

if TYPE_CHECKING:
    from agent_commands import Agent
    from fake_log import FakeLog


def test_a_row_that_is_gone_is_found(auditor: Agent, log: FakeLog) -> None:
    log.rows[2] = None
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert [(one["code"], one["index"]) for one in answer["findings"]] == [("JM-LOG-ROW-GONE", 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"facts": {"state": "rejected", "codes": ["JM-TICKET-NONE"]}},
        {"facts": {"state": "accepted", "codes": []}},
        {"facts": {"state": "accepted"}},
        {"subject": "cd" * 32},
        {"kind": "moderation"},
    ],
)
def test_a_row_with_other_facts_is_found(auditor: Agent, log: FakeLog, change: dict[str, object]) -> None:
    log.rows[4] = change
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert [(one["code"], one["index"]) for one in answer["findings"]] == [("JM-LOG-ROW-OTHER", 4)]


@pytest.mark.parametrize("now", [None, b"another bundle\n"])
def test_a_bundle_that_is_another_or_gone_is_found(auditor: Agent, log: FakeLog, now: bytes | None) -> None:
    result_id = first(log, "accepted")
    log.bundles[result_id] = now if now is not None else log.bundles[result_id]
    if now is None:
        del log.bundles[result_id]
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert [(one["code"], one["result_id"]) for one in answer["findings"]] == [("JM-LOG-BUNDLE", result_id)]
    assert audit(auditor, log, "--no-bundles")["findings"] == []


def test_a_state_that_the_log_does_not_say_is_found(auditor: Agent, log: FakeLog) -> None:
    result_id = first(log, "quarantined")
    log.states[result_id] = "accepted"
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert [(one["code"], one["result_id"]) for one in answer["findings"]] == [("JM-LOG-STATE", result_id)]
    assert "is quarantined by entry 2" in answer["findings"][0]["sentence"]


def test_the_last_entry_decides(auditor: Agent, log: FakeLog) -> None:
    log.judge(first(log, "quarantined"), "accepted", "moderation")
    withdrawn = first(log, "accepted")
    log.add("withdrawal", withdrawn, reason="private")
    log.states[withdrawn] = "withdrawn"
    log.publish()
    assert audit(auditor, log)["findings"] == []
    log.states[withdrawn] = "accepted"
    assert codes(audit(auditor, log, "--all")) == ["JM-LOG-STATE"]


def test_a_result_that_is_judged_again_waits(auditor: Agent, log: FakeLog) -> None:
    log.states[first(log, "accepted")] = "checking"
    answer = audit(auditor, log)
    assert (auditor.code, answer["waiting"]) == (0, 2)


def test_a_result_that_vanished_is_found_although_its_entry_was_read_before(
    auditor: Agent, log: FakeLog
) -> None:
    audit(auditor, log)
    gone = first(log, "accepted")
    del log.states[gone]
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert [(one["code"], one["result_id"]) for one in answer["findings"]] == [("JM-LOG-STATE", gone)]


def test_a_result_that_is_only_not_listed_is_no_lie(auditor: Agent, log: FakeLog) -> None:
    log.hidden = {first(log, "accepted")}
    assert audit(auditor, log)["findings"] == []


def test_a_result_without_an_entry_is_found(auditor: Agent, log: FakeLog) -> None:
    log.states["ef" * 32] = "accepted"
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert [(one["code"], one["result_id"]) for one in answer["findings"]] == [("JM-LOG-UNLOGGED", "ef" * 32)]


def test_long_lists_are_read_to_their_end(
    auditor: Agent, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.audit.reading.PAGE", 2)
    log.states["ef" * 32] = "accepted"  # the sixth, on the third page
    answer = audit(auditor, log)
    assert (answer["listed"], codes(answer)) == (6, ["JM-LOG-UNLOGGED"])


def test_what_is_shown_a_moment_before_it_is_logged_is_no_lie(auditor: Agent, log: FakeLog) -> None:
    """The log is read on before anything is called unlogged or in another state."""
    old = log.files["checkpoint"]
    log.receive("just now", "accepted")
    log.judge(first(log, "quarantined"), "rejected", "moderation")
    log.publish()
    new, answers = log.files["checkpoint"], iter([old])
    plain = log.answer

    def behind(target: str) -> tuple[int, bytes]:
        if target == "/log/checkpoint":
            return 200, next(answers, new)
        return plain(target)

    log.answer = behind  # type: ignore[method-assign]
    answer = audit(auditor, log)
    assert (auditor.code, answer["findings"]) == (0, [])
    assert (answer["size"], answer["read"]) == (603, 603)


def test_findings_are_told_until_they_are_mended_and_forks_are_noticed_meanwhile(
    auditor: Agent, log: FakeLog
) -> None:
    audit(auditor, log)
    at = log.add("run-started", "00", ticket="11")
    log.publish()
    log.rows[at] = None
    assert codes(audit(auditor, log)) == ["JM-LOG-ROW-GONE"]
    assert codes(audit(auditor, log)) == ["JM-LOG-ROW-GONE"]
    saved = kept(auditor, log)
    assert (saved.read, saved.opened(log.name).size) == (600, 601)
    honest = log.entries[at]
    log.entries[at] = log.entries[3]
    log.publish()
    assert codes(audit(auditor, log)) == ["JM-LOG-FORK"]
    log.entries[at] = honest
    log.rows = {}
    log.publish()
    assert audit(auditor, log)["findings"] == []
    assert kept(auditor, log).read == 601
