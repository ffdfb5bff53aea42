"""The audit of a log: it only grows, its entries are those that it signed, and its keys are those that are trusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from joulemark.audit import store
from joulemark.log.checkpoints import parse
from joulemark.log.notes import COSIGNATURE, claimed_text, verifier_key
from joulemark.record import keys
from tests.agent.auditing import audit, codes, kept
from tests.agent.fake_log import START, FakeLog, RunningLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.agent_commands import Agent


def test_an_honest_log_fits(auditor: Agent, log: FakeLog) -> None:
    answer = audit(auditor, log)
    assert auditor.code == 0, auditor.err
    assert answer["ok"] is True
    assert (answer["size"], answer["read"], answer["old_size"]) == (600, 600, None)
    assert (answer["bundles"], answer["states"], answer["waiting"], answer["listed"]) == (5, 5, 1, 5)
    assert answer["kinds"] == {"key-enrolled": 1, "result-received": 5, "run-started": 590, "verdict": 4}
    assert answer["trust"] == "first-use"
    assert answer["root"] == parse(claimed_text(log.files["checkpoint"].decode())).root.hex()
    assert auditor("audit", log.origin) == 0
    assert "Everything that was checked is consistent." in auditor.out
    assert "stored by the last audit" in auditor.out


def test_an_empty_log_fits(auditor: Agent) -> None:
    with RunningLog() as log:
        log.publish()
        assert audit(auditor, log)["size"] == 0
        assert auditor.code == 0
        log.receive("the first")
        log.publish()
        assert audit(auditor, log)["read"] == 2
        assert auditor.code == 0


def test_only_what_is_new_is_read_the_next_time(auditor: Agent, log: FakeLog) -> None:
    audit(auditor, log)
    log.asked.clear()
    assert audit(auditor, log)["read"] == 0
    assert not [path for path in log.asked if "rows" in path or "tile" in path]
    log.receive("a later one", "rejected")
    log.fill(800)
    log.publish()
    log.asked.clear()
    answer = audit(auditor, log)
    assert auditor.code == 0, answer
    assert (answer["read"], answer["old_size"], answer["bundles"]) == (200, 600, 1)
    assert "/log/tile/entries/000" not in log.asked
    answer = audit(auditor, log, "--all", "--no-bundles")
    assert (auditor.code, answer["read"], answer["bundles"]) == (0, 800, 0)
    assert kept(auditor, log).read == 800


def test_entries_in_a_bundle_that_is_full_by_now_are_found_there(auditor: Agent, log: FakeLog) -> None:
    """A log may delete a partial tile once the full one is there, also while somebody reads."""
    checkpoint = log.files["checkpoint"]
    log.fill(800)
    log.publish()
    log.files = {path: data for path, data in log.files.items() if ".p/88" not in path}
    log.files["checkpoint"] = checkpoint
    assert audit(auditor, log)["read"] == 600
    assert auditor.code == 0


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the command has waited for, in seconds; no time passes."""
    waited: list[float] = []
    monkeypatch.setattr("joulemark.cli.audit.time.sleep", waited.append)
    return waited


ROWS = "/api/v1/log/rows/"


def test_a_platform_that_is_asked_too_often_is_waited_for_as_it_says(
    auditor: Agent, log: FakeLog, pauses: list[float]
) -> None:
    log.too_often = {ROWS: [1234, 3600], "/log/checkpoint": [1]}
    answer = audit(auditor, log)
    assert (auditor.code, answer["ok"], answer["read"]) == (0, True, 600)
    assert pauses == [1.0, 1234.0, 3600.0]
    assert "asks for a pause of 1234 s" in auditor.err
    assert "pause of 1 s" not in auditor.err


def test_a_platform_that_never_answers_about_its_rows_is_no_fault_of_the_log(
    auditor: Agent, log: FakeLog, pauses: list[float]
) -> None:
    log.too_often[ROWS] = [60] * 9
    assert auditor("audit", log.origin) == 5
    assert pauses == [60.0] * 2
    assert "HTTP 429" in auditor.err
    assert not store.path_of(auditor.folders, log.origin).exists()


def test_a_platform_that_asks_for_a_day_is_not_asked_before(
    auditor: Agent, log: FakeLog, pauses: list[float]
) -> None:
    log.too_often[ROWS] = [86_400] * 9
    assert auditor("audit", log.origin) == 5
    assert (pauses, len(log.too_often[ROWS])) == ([], 8)


def rewritten(log: FakeLog) -> None:
    log.entries[7] = log.entries[3]
    log.fill(610)
    log.publish()


def rewritten_without_growing(log: FakeLog) -> None:
    log.entries[599] = log.entries[3]
    log.publish()


def shrunk(log: FakeLog) -> None:
    del log.entries[590:]
    log.publish()


def reordered(log: FakeLog) -> None:
    log.entries[1], log.entries[2] = log.entries[2], log.entries[1]
    log.fill(700)
    log.publish()


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (rewritten, "JM-LOG-FORK"),
        (rewritten_without_growing, "JM-LOG-FORK"),
        (reordered, "JM-LOG-FORK"),
        (shrunk, "JM-LOG-SHRUNK"),
    ],
)
@pytest.mark.parametrize("words", [[], ["--all"]], ids=["new", "all"])
def test_another_past_is_found_and_both_checkpoints_are_kept(
    auditor: Agent, log: FakeLog, lie: Callable[[FakeLog], None], code: str, words: list[str]
) -> None:
    audit(auditor, log)
    before, note = kept(auditor, log), log.files["checkpoint"].decode()
    lie(log)
    answer = audit(auditor, log, *words)
    assert auditor.code == 3
    assert codes(answer) == [code]
    evidence = json.loads(open(answer["evidence"]).read())  # noqa: PTH123, SIM115 - a path as it was printed
    assert (evidence["kept_checkpoint"], evidence["shown_checkpoint"]) == (
        note,
        log.files["checkpoint"].decode(),
    )
    assert evidence["code"] == code
    assert kept(auditor, log) == before
    assert auditor("audit", log.origin) == 3
    assert "This log cannot be trusted." in auditor.out


def test_a_cache_that_is_behind_for_a_moment_is_no_lie(auditor: Agent, log: FakeLog) -> None:
    old = log.files["checkpoint"]
    log.fill(700)
    log.publish()
    audit(auditor, log)
    new, answers = log.files["checkpoint"], iter([old, old])
    plain = log.answer

    def behind(target: str) -> tuple[int, bytes]:
        if target == "/log/checkpoint":
            return 200, next(answers, new)
        return plain(target)

    log.override("answer", behind)
    assert audit(auditor, log)["size"] == 700
    assert auditor.code == 0


def test_an_edited_entry_is_named(auditor: Agent, log: FakeLog) -> None:
    path = "tile/entries/001"
    log.files[path] = log.files[path].replace(b"run-started", b"run-stopped", 1)
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert [(one["code"], one["index"]) for one in answer["findings"]] == [("JM-LOG-ENTRIES", 256)]


def test_an_entry_edited_with_its_tile_does_not_lead_to_the_root(auditor: Agent, log: FakeLog) -> None:
    note = log.files["checkpoint"]
    log.entries[300] = log.entries[3]
    log.publish()
    log.files["checkpoint"] = note
    assert codes(audit(auditor, log)) == ["JM-LOG-ENTRIES"]
    assert auditor.code == 3


@pytest.mark.parametrize("gone", ["checkpoint", "tile/entries/000", "tile/0/001", "tile/entries/002.p/88"])
def test_a_file_that_is_missing_is_named(auditor: Agent, log: FakeLog, gone: str) -> None:
    del log.files[gone]
    answer = audit(auditor, log)
    assert auditor.code == 3
    if gone == "checkpoint":
        assert answer["error"]["code"] == "JM-LOG-MISSING"
    else:
        assert codes(answer) == ["JM-LOG-MISSING"]
        assert gone.partition(".")[0] in answer["findings"][0]["sentence"]


def test_a_bundle_of_entries_that_is_cut_is_refused(auditor: Agent, log: FakeLog) -> None:
    log.files["tile/entries/000"] = log.files["tile/entries/000"][:-3]
    assert codes(audit(auditor, log)) == ["JM-ENTRIES"]


def test_an_entry_that_nobody_can_read_is_found(auditor: Agent, log: FakeLog) -> None:
    log.entries.append(b"what is this")
    log.publish()
    answer = audit(auditor, log)
    assert [(one["code"], one["index"]) for one in answer["findings"]] == [("JM-LOG-LEAF", 600)]


@pytest.mark.parametrize("second", ["older", "another"])
def test_the_second_look_is_as_strict_as_the_first(auditor: Agent, log: FakeLog, second: str) -> None:
    """An older checkpoint is a cache's; another one of the same size is a split view, and both are kept."""
    log.states["ef" * 32] = "accepted"  # something to look twice for
    good, size = log.files["checkpoint"], len(log.entries)
    if second == "older":
        other = FakeLog(origin=log.origin, key=log.key, entries=log.entries[:500])
    else:
        other = FakeLog(origin=log.origin, key=log.key, entries=[*log.entries[: size - 1], log.entries[3]])
    other.publish()
    notes, plain = iter([good]), log.answer

    def turned(target: str) -> tuple[int, bytes]:
        if target == "/log/checkpoint":
            return 200, next(notes, other.files["checkpoint"])
        return plain(target)

    log.override("answer", turned)
    answer = audit(auditor, log)
    assert auditor.code == 3
    if second == "older":
        assert codes(answer) == ["JM-LOG-UNLOGGED"]
        assert kept(auditor, log).checkpoint == good.decode()
    else:
        assert codes(answer) == ["JM-LOG-FORK"]
        evidence = json.loads(open(answer["evidence"]).read())  # noqa: PTH123, SIM115 - a path as it was printed
        assert evidence["kept_checkpoint"] == good.decode()
        assert evidence["shown_checkpoint"] == other.files["checkpoint"].decode()


def test_a_split_view_signed_by_another_key_is_refused(auditor: Agent, log: FakeLog) -> None:
    log.key, shown = keys.generate(), log.key
    log.publish()
    log.key = shown
    answer = audit(auditor, log)
    assert auditor.code == 3
    assert answer["error"]["code"] == "JM-NOTE-SIGNATURE"


@pytest.mark.parametrize("known", ["kept", "given", "enrolled"])
def test_a_log_that_changed_its_key_is_refused(auditor: Agent, log: FakeLog, known: str) -> None:
    words = ["--log-key", log.log_key.encode()] if known == "given" else []
    if known == "kept":
        audit(auditor, log)
    if known == "enrolled":
        from joulemark import identity
        from joulemark.record.messages import Enrolled

        enrolled = Enrolled(contributor="c-1", key_id="ab" * 32, platform=log.public)
        identity.store_enrolment(auditor.folders, log.origin, enrolled)
        assert audit(auditor, log)["trust"] == "enrolled"
        store.path_of(auditor.folders, log.origin).unlink()
    log.key = keys.generate()
    log.publish()
    answer = audit(auditor, log, *words)
    assert auditor.code == 3
    assert answer["error"]["code"] == "platform-key-changed"


def test_a_log_without_a_key_needs_one_that_is_given(auditor: Agent, log: FakeLog) -> None:
    log.shows_log_key = False
    assert audit(auditor, log)["error"]["code"] == "usage"
    assert auditor.code == 2
    assert audit(auditor, log, "--log-key", log.log_key.encode())["trust"] == "given"
    assert auditor.code == 0


def test_a_witness_that_is_asked_for_must_have_signed(auditor: Agent, log: FakeLog) -> None:
    witness = keys.generate()
    wanted = verifier_key(witness, name="witness.example/w", kind=COSIGNATURE).encode()
    assert audit(auditor, log, "--witness", wanted)["error"]["code"] == "JM-WITNESS"
    assert auditor.code == 3
    log.witnesses = {"witness.example/w": witness}
    log.publish()
    answer = audit(auditor, log, "--witness", wanted)
    assert auditor.code == 0
    assert answer["witnesses"] == [{"name": "witness.example/w", "at": START.isoformat()}]


@pytest.mark.parametrize("option", ["--witness", "--log-key"])
def test_what_is_no_key_or_one_of_the_other_kind_is_a_usage_error(
    auditor: Agent, log: FakeLog, option: str
) -> None:
    kind = COSIGNATURE if option == "--log-key" else 1
    for text in ("", "name+00000000+AAAA", verifier_key(log.key, name="w", kind=kind).encode()):
        answer = audit(auditor, log, option, text)
        assert (auditor.code, answer["error"]["code"]) == (2, "usage")


def test_a_platform_that_is_away_is_unreachable(auditor: Agent) -> None:
    answer = auditor.json("audit", "http://127.0.0.1:9")
    assert auditor.code == 5
    assert answer["error"]["code"] == "no-connection"
    assert "joulemark audit" in answer["error"]["sentence"]
    assert "joulemark submit" not in answer["error"]["sentence"]


def test_a_platform_by_another_name_is_refused(auditor: Agent, log: FakeLog) -> None:
    answer = auditor.json("audit", log.origin.replace("127.0.0.1", "localhost"))
    assert (auditor.code, answer["error"]["code"]) == (3, "platform-key-changed")


def test_a_damaged_state_is_named_and_nothing_is_lost_over_it(auditor: Agent, log: FakeLog) -> None:
    audit(auditor, log)
    path: Path = store.path_of(auditor.folders, log.origin)
    whole = path.read_bytes()
    saved = kept(auditor, log)
    from joulemark.record.codec import encode

    broken = replace(saved, peaks=(saved.peaks[1], saved.peaks[0], *saved.peaks[2:]))
    for data in (whole[:-9], b"", encode(broken), encode(replace(saved, read=599))):
        path.write_bytes(data)
        assert audit(auditor, log)["error"]["code"] == "usage"
        assert str(path) in auditor.err
        assert path.read_bytes() == data


def test_an_audit_that_was_overtaken_keeps_what_the_other_kept(auditor: Agent, log: FakeLog) -> None:
    audit(auditor, log)
    older = kept(auditor, log)
    log.fill(700)
    log.publish()
    audit(auditor, log)
    newer = kept(auditor, log)
    store.save(auditor.folders, log.origin, log.name, older)
    assert kept(auditor, log) == newer


def test_progress_is_told_on_stderr(auditor: Agent, log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joulemark.cli.audit.TELL_S", 0.0)
    audit(auditor, log)
    assert "256 of 600 entries read." in auditor.err
