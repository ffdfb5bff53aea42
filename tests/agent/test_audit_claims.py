"""The audit of what a platform shows: rows, bundles, states and the list must be what its log says."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from joulemark.audit import store
from joulemark.audit.claims import measured
from joulemark.record.codec import encode
from joulemark.record.messages import ResultState
from joulemark_simulation import records
from tests.agent.auditing import audit, codes, first, kept

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_log import FakeLog


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


def test_a_moment_that_an_older_entry_spells_in_another_zone_is_the_same(
    auditor: Agent, log: FakeLog
) -> None:
    index = log.add("key-revoked", "ab" * 32, untrusted_since="2026-11-28T12:00:00+03:00")
    log.publish()
    log.rows[index] = {"facts": {"untrusted_since": "2026-11-28T09:00:00+00:00"}}
    assert audit(auditor, log)["findings"] == []
    log.rows[index] = {"facts": {"untrusted_since": "2026-11-28T09:00:01+00:00"}}
    assert codes(audit(auditor, log, "--all")) == ["JM-LOG-ROW-OTHER"]


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
    monkeypatch.setattr("joulemark.audit.client.PAGE", 2)
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

    log.override("answer", behind)
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


@pytest.mark.parametrize("decided", ["in this audit", "before it"])
def test_new_rules_do_not_undo_what_a_person_has_decided(auditor: Agent, log: FakeLog, decided: str) -> None:
    result_id = first(log, "quarantined")
    log.judge(result_id, "accepted", "moderation")
    if decided == "before it":
        log.publish()
        assert audit(auditor, log)["findings"] == []
    log.add("verdict", result_id, state="quarantined", cause="new-rules", codes=[])
    log.publish()
    assert (audit(auditor, log)["findings"], auditor.code) == ([], 0)
    log.add("verdict", result_id, state="rejected", cause="key-revoked", codes=[])
    log.publish()
    assert codes(audit(auditor, log)) == ["JM-LOG-STATE"]
    log.states[result_id] = "rejected"
    assert audit(auditor, log)["findings"] == []


def test_new_rules_move_what_no_person_has_decided(auditor: Agent, log: FakeLog) -> None:
    result_id = first(log, "quarantined")
    log.add("verdict", result_id, state="accepted", cause="new-rules", codes=[])
    log.publish()
    assert codes(audit(auditor, log)) == ["JM-LOG-STATE"]


def test_what_an_older_version_kept_is_read_again(auditor: Agent, log: FakeLog) -> None:
    """It did not keep about which results a person has decided."""
    audit(auditor, log)
    store.path_of(auditor.folders, log.origin).write_bytes(
        encode(replace(kept(auditor, log), moderated=None))
    )
    answer = audit(auditor, log)
    assert (answer["read"], answer["old_size"], auditor.code) == (600, 600, 0)


def listing(log: FakeLog, result_id: str, **numbers: object) -> None:
    """The public list with these numbers of a result."""
    plain = log.answer

    def answered(target: str) -> tuple[int, bytes]:
        status, body = plain(target)
        if not target.startswith("/api/v1/results/?"):
            return status, body
        shown = json.loads(body)
        shown["results"] = [
            one | numbers if one["result_id"] == result_id else one for one in shown["results"]
        ]
        return status, json.dumps(shown).encode()

    log.override("answer", answered)


@pytest.mark.parametrize(
    ("change", "state", "faults"),
    [
        ({}, "accepted", 0),
        ({"energy_per_query_j": 1e-6}, "accepted", 1),
        ({"model": "another"}, "quarantined", 1),
        ({"queries": 1}, "accepted", 1),
        ({"energy_per_query_j": None}, "accepted", 1),
        (dict.fromkeys(("energy_per_query_j", "queries", "task", "dataset", "model")), "rejected", 0),
    ],
)
def test_numbers_that_are_not_those_of_the_bundle_are_found(
    auditor: Agent, log: FakeLog, change: dict[str, object], state: ResultState, faults: int
) -> None:
    data = records.bundle().to_bytes()
    result_id = hashlib.sha256(data).hexdigest()
    log.bundles[result_id] = data
    at = log.add("result-received", result_id, key="ab" * 32, ticket="")
    log.judge(result_id, state)
    log.publish()
    said = measured(data)
    assert said is not None
    listing(log, result_id, **(said | change))
    answer = audit(auditor, log)
    wanted = [("JM-LOG-NUMBERS", at, result_id)] * faults
    assert [(one["code"], one["index"], one["result_id"]) for one in answer["findings"]] == wanted
    assert codes(audit(auditor, log, "--no-bundles")) == []
