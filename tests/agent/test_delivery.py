"""Sending: failures keep the result, refusals keep the reason, receipts are believed only when they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from joulemark.record import bundle as bundles
from joulemark.record import keys
from joulemark.record.messages import RECEIPT_TYPE, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


@pytest.fixture
def measured(enrolled: Agent) -> Agent:
    """One result, kept and not sent."""
    assert enrolled("run", "--meter", "estimate", "--no-submit", "--only", "writing/*") == 0
    return enrolled


def states(agent: Agent) -> list[str]:
    return [kept.state for kept in agent.outbox.results()]


def test_the_receipt_is_written_into_the_kept_file_and_its_id_stays(
    measured: Agent, platform: FakePlatform
) -> None:
    (before,) = measured.outbox.results()
    sent = before.path.read_bytes()
    assert measured("submit") == 0
    (after,) = measured.outbox.results()
    assert after.digest == before.digest
    assert after.bundle.receipt is not None
    assert after.bundle.receipt.payload_type == RECEIPT_TYPE
    assert platform.results == {before.digest: sent}


def test_submit_twice_sends_once(measured: Agent, platform: FakePlatform) -> None:
    measured("submit")
    assert measured("submit") == 0
    assert platform.asked["POST results"] == 1


def test_a_server_error_is_tried_again(measured: Agent, platform: FakePlatform) -> None:
    platform.failures = [0, 500, 503]
    assert measured("submit") == 0
    assert platform.asked["POST results"] == 3


def test_a_server_that_stays_broken_leaves_the_result_waiting(
    measured: Agent, platform: FakePlatform
) -> None:
    platform.failures = [0, 500, 500, 500]
    answer = measured.json("submit")
    assert measured.code == 5
    assert answer["results"][0]["code"] == "server-failed"
    assert platform.asked["POST results"] == 3
    assert states(measured) == ["waiting"]
    assert measured("submit") == 0


def test_a_busy_platform_is_asked_again(measured: Agent, platform: FakePlatform) -> None:
    platform.failures = [0, 429]
    assert measured("submit") == 0


def test_no_network_leaves_everything_and_says_what_to_do(
    measured: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joulemark import config, identity

    enrolled_at = identity.enrolment(measured.folders, config.load().origin)
    assert enrolled_at is not None
    with monkeypatch.context() as gone:
        gone.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:9")
        identity.store_enrolment(
            measured.folders,
            "http://127.0.0.1:9",
            replace(enrolled_at, platform=replace(enrolled_at.platform, origin="http://127.0.0.1:9")),
        )
        assert measured("run", "--meter", "estimate") == 5
        assert "joulemark submit" in measured.err
    assert states(measured) == ["waiting"]


def test_a_refusal_is_kept_with_its_reason_and_not_retried(measured: Agent, platform: FakePlatform) -> None:
    platform.refuse = {"results": "JM-SCHEMA"}
    answer = measured.json("submit")
    assert measured.code == 4
    assert answer["results"][0]["state"] == "refused"
    assert answer["results"][0]["code"] == "JM-SCHEMA"
    assert states(measured) == ["refused"]

    platform.refuse = {}
    assert measured("submit") == 4
    assert "JM-SCHEMA: The platform does not want this." in measured.out
    assert platform.asked["POST results"] == 1
    shown = measured.json("show")
    assert shown["results"][0]["refusal"]["code"] == "JM-SCHEMA"

    assert measured("submit", "--retry-refused") == 0
    assert states(measured) == ["sent"]


def test_a_key_that_the_platform_does_not_know_is_no_fault_of_the_results(
    measured: Agent, platform: FakePlatform
) -> None:
    platform.refuse = {"results": "JM-KEY-UNKNOWN"}
    answer = measured.json("submit")
    assert measured.code == 6
    assert [(row["state"], row["code"]) for row in answer["results"]] == [("waiting", "JM-KEY-UNKNOWN")]
    assert states(measured) == ["waiting"]
    platform.refuse = {}
    assert measured("submit") == 0
    assert states(measured) == ["sent"]


def test_a_result_of_a_strange_key_does_not_hold_up_the_others(
    enrolled: Agent, platform: FakePlatform
) -> None:
    assert enrolled("run", "--meter", "estimate", "--no-submit") == 0
    strange = next(iter(enrolled.outbox.results())).digest
    receive = platform.receive

    def refuse_the_first(body: bytes) -> tuple[int, Any]:
        if bundles.parse(body).digest() == strange:
            return 403, Problem(type="", title="", status=403, detail="Who?", code="JM-KEY-UNKNOWN")
        return receive(body)

    platform.override("receive", refuse_the_first)
    answer = enrolled.json("submit")
    assert enrolled.code == 6
    assert [row["state"] for row in answer["results"]] == ["waiting", "sent", "sent"]


def test_a_refusal_during_a_run_does_not_stop_the_other_jobs(enrolled: Agent, platform: FakePlatform) -> None:
    platform.refuse = {"results": "JM-TICKET"}
    answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 4
    assert [row["refusal"]["code"] for row in answer["results"]] == ["JM-TICKET"] * 3


def test_a_wrong_clock_is_named(enrolled: Agent, platform: FakePlatform) -> None:
    platform.refuse = {"tickets": "JM-CLOCK"}
    platform.clock_ahead_s = 3600
    answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 4
    assert answer["error"]["code"] == "JM-CLOCK"
    assert "s behind the platform's: set it (`timedatectl set-ntp true`)" in enrolled.err


def test_a_receipt_by_another_key_is_not_believed(measured: Agent, platform: FakePlatform) -> None:
    platform.receipt_key = keys.generate()
    (row,) = measured.json("submit")["results"]
    assert (measured.code, row["state"], row["code"]) == (3, "waiting", "bad-receipt")
    assert "does not match the key stored for" in measured.err
    assert states(measured) == ["waiting"]


def test_a_receipt_for_another_result_is_not_believed(measured: Agent, platform: FakePlatform) -> None:
    platform.receipt_for = "0" * 64
    (row,) = measured.json("submit")["results"]
    assert (measured.code, row["code"]) == (3, "bad-receipt")
    assert states(measured) == ["waiting"]


def test_a_receipt_that_is_not_believed_ends_no_run(enrolled: Agent, platform: FakePlatform) -> None:
    platform.receipt_for = "0" * 64
    answer = enrolled.json("run", "--meter", "estimate")
    assert (enrolled.code, len(answer["results"])) == (3, 3)
    assert states(enrolled) == ["waiting"] * 3


def test_a_platform_that_changed_its_key_gets_nothing(measured: Agent, platform: FakePlatform) -> None:
    platform.key = keys.generate()
    for words in (["submit"], ["enrol"], ["run", "--meter", "estimate"]):
        answer = measured.json(*words)
        assert measured.code == 3
        assert answer["error"]["code"] == "platform-key-changed"
    assert not platform.results
    assert platform.asked["POST enrolments"] == 1


def test_status_tells_the_verdict_with_codes_and_sentences(measured: Agent, platform: FakePlatform) -> None:
    measured("submit")
    (digest,) = platform.results
    platform.states = {digest: "rejected"}
    answer = measured.json("status", digest[:8])
    assert measured.code == 0
    assert answer["results"][0]["state"] == "rejected"
    assert answer["results"][0]["findings"] == [["JM-POWER-LOW", "reject", "The power is below idle."]]
    measured("status")
    assert "JM-POWER-LOW (reject) The power is below idle." in measured.out
    assert measured.json("show")["results"][0]["verdict"] == "rejected"


def test_status_fetches_a_receipt_that_was_lost_on_the_way(measured: Agent, platform: FakePlatform) -> None:
    """As if killed after the platform had received the result and before the receipt was written."""
    (kept,) = measured.outbox.results()
    platform.results[kept.digest] = kept.path.read_bytes()
    assert states(measured) == ["waiting"]
    assert measured("status") == 0
    assert states(measured) == ["sent"]


@pytest.mark.parametrize("command", ["submit", "show", "status", "run --meter estimate"])
def test_a_damaged_note_hides_no_result(measured: Agent, platform: FakePlatform, command: str) -> None:
    (kept,) = measured.outbox.results()
    note = kept.path.with_name(f"{kept.digest}.note.json")
    note.write_bytes(b"garbage")
    if command == "status":  # as if killed before the receipt was written
        platform.results[kept.digest] = kept.path.read_bytes()
    assert measured(*command.split()) == 0
    assert f"The note {note} cannot be read and is ignored" in measured.err
    if command == "show":
        return
    assert kept.digest in platform.results
    assert "sent" in states(measured)
    assert note.read_bytes() != b"garbage", "it is written anew"
    assert measured.json("submit")["ok"] is True


@pytest.fixture
def damaged(measured: Agent) -> Path:
    """A second result, whose file is damaged."""
    (good,) = measured.outbox.results()
    path = good.path.with_name("ab" * 32 + ".joulemark.json")
    path.write_bytes(good.path.read_bytes()[:-100])
    return path


def test_submit_sends_the_rest_and_names_what_is_damaged(
    measured: Agent, platform: FakePlatform, damaged: Path
) -> None:
    answer = measured.json("submit")
    assert (measured.code, answer["ok"]) == (2, False)
    assert [row["file"] for row in answer["damaged"]] == [str(damaged)]
    assert len(platform.results) == 1
    assert measured("submit") == 2
    assert "abababababababab  damaged" in measured.out
    assert "are sent" not in measured.out


def test_status_names_what_is_damaged(measured: Agent, damaged: Path) -> None:
    measured("submit")
    answer = measured.json("status")
    assert (measured.code, len(answer["results"]), len(answer["damaged"])) == (2, 1, 1)
    assert measured("status", "abab") == 2
    assert str(damaged) in measured.err


@pytest.mark.parametrize("command", ["submit", "status"])
def test_an_outbox_with_nothing_but_damage_is_not_called_empty(
    measured: Agent, damaged: Path, command: str
) -> None:
    (good,) = measured.outbox.results()
    good.path.unlink()
    answer = measured.json(command)
    assert (measured.code, len(answer["damaged"])) == (2, 1)
    assert "Measure something first" not in measured.err


def test_status_of_a_result_that_the_platform_does_not_have(measured: Agent) -> None:
    assert measured("status") == 4
    assert "JM-UNKNOWN-RESULT" in measured.out


def test_results_for_another_platform_are_left_alone(measured: Agent, platform: FakePlatform) -> None:
    measured("run", "--meter", "estimate", "--offline", "--only", "sorting/numbers/small")
    with pytest.MonkeyPatch.context() as other:
        other.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:9")
        measured("run", "--meter", "estimate", "--offline", "--only", "sorting/numbers/large")
    assert measured("submit") == 0
    assert "1 result is stored for another platform (http://" in measured.out
    assert len(platform.results) == 2
