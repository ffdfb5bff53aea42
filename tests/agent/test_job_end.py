"""The end of a job: rules at home, the verdict waited for shortly, the comparison, and a plan that stops in time."""

from __future__ import annotations

from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.errors import Unreachable
from joulemark.patience import SHORT
from joulemark.record.messages import ResultState, StandingFinding, StandingOthers
from joulemark.session import measure as measuring
from joulemark.session import verdicts
from joulemark.session.run import _Readiness
from tests.agent import fake_suite
from tests.agent.fake_platform import FakePlatform, RunningPlatform

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent

RUN = ("run", "--meter", "estimate")
FIRST = fake_suite.JOBS[0].key
UNRESTED = StandingFinding(code="JM-REST", severity="quarantine", sentence="In a rest the device took 90 W.")
SLICED = StandingFinding(code="JM-DEVICE", severity="quarantine", sentence="The device is a slice of a GPU.")
OTHERS = StandingOthers(
    energy_wh_per_1000=2.27,
    between_low_wh_per_1000=2.21,
    between_high_wh_per_1000=2.34,
    interval="bootstrap",
    label="several sources",
    n_contributors=14,
)


@pytest.fixture
def flagged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Flags that every statement of this run carries, as a machine in such a state would give it."""
    flags: list[str] = []
    monkeypatch.setattr(
        "joulemark.session.run._ready", lambda *_: _Readiness(timings=(None,), flags=tuple(flags))
    )
    return flags


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.now_s += seconds


def received(platform: FakePlatform, result_id: str = "ab" * 32) -> str:
    platform.results[result_id] = b""
    return result_id


def test_the_verdict_is_told_with_a_link_and_how_the_result_compares(
    enrolled: Agent, platform: FakePlatform
) -> None:
    receive = platform.receive

    def judge_at_once(body: bytes) -> tuple[int, Any]:
        answer = receive(body)
        platform.standings = {
            result_id: {"others": OTHERS, "comparison": "agrees"} for result_id in platform.results
        }
        return answer

    platform.override("receive", judge_at_once)
    assert enrolled(*RUN, "--only", FIRST) == 0
    (result_id,) = platform.results
    link = f"{platform.origin}/r/{result_id[:16]}"
    assert f"Accepted: {link}\n" in enrolled.err
    assert (
        "Your processor 2.31 Wh per 1,000 queries (estimated), 14 others 2.27 (2.21 to 2.34): agrees; "
        "this cell is now 2.31, single source.\n"
    ) in enrolled.err
    lines = enrolled.out.splitlines()
    assert lines[0] == f"accepted     {FIRST}"
    assert lines[1].endswith("Wh per 1,000 queries (estimated); agrees with 14 others")
    assert lines[2] == f"             {link}"
    (kept,) = enrolled.outbox.results()
    assert kept.note.verdict == "accepted"


def test_the_answer_has_the_verdict_and_the_standing(enrolled: Agent, platform: FakePlatform) -> None:
    answer = enrolled.json(*RUN, "--only", FIRST)
    (row,) = answer["results"]
    assert (row["verdict"], row["found_unfit"], row["standing"]["comparison"]) == ("accepted", [], "alone")
    assert (answer["stopped"], answer["most_useful_next"]) == (None, None)


def test_a_verdict_is_waited_for_with_growing_pauses(platform: FakePlatform, home: object) -> None:
    clock = Clock()
    platform.unjudged_looks = 4
    with verdicts.Verdicts(platform.origin, clock=clock, sleep=clock.sleep) as waiting:
        standing = waiting.wait_for(received(platform), within_s=20)
    assert standing is not None
    assert standing.state == "accepted"
    assert clock.pauses_s == [0.25, 0.5, 1.0, 2.0]


def test_a_verdict_that_does_not_come_is_not_waited_for_longer_than_agreed(
    platform: FakePlatform, home: object
) -> None:
    clock = Clock()
    platform.unjudged_looks = 10_000
    with verdicts.Verdicts(platform.origin, clock=clock, sleep=clock.sleep) as waiting:
        standing = waiting.wait_for(received(platform), within_s=20)
        assert standing is not None
        assert standing.state == "received"
        assert 16 <= clock.now_s <= 20
        looks = platform.asked["GET standing"]
        assert waiting.wait_for("ab" * 32, within_s=0) is not None
        assert platform.asked["GET standing"] == looks + 1, "without time one look"


def test_an_accepted_result_is_waited_for_until_it_is_compared(platform: FakePlatform, home: object) -> None:
    clock = Clock()
    result_id = received(platform)
    platform.standings = {result_id: {"comparison": None}}

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        platform.standings = {}

    with verdicts.Verdicts(platform.origin, clock=clock, sleep=sleep) as waiting:
        standing = waiting.wait_for(result_id, within_s=20)
    assert standing is not None
    assert standing.comparison == "alone"
    assert len(clock.pauses_s) == 1


@pytest.mark.parametrize(("retry_after", "is_answered"), [("7", True), ("21", False)])
def test_a_busy_platform_is_asked_when_it_says_so_and_never_later_than_agreed(
    platform: FakePlatform,
    home: object,
    monkeypatch: pytest.MonkeyPatch,
    retry_after: str,
    is_answered: bool,  # noqa: FBT001
) -> None:
    clock = Clock()
    platform.failures = [429]
    end_headers = BaseHTTPRequestHandler.end_headers

    def with_retry_after(handler: BaseHTTPRequestHandler) -> None:
        handler.send_header("Retry-After", retry_after)
        end_headers(handler)

    monkeypatch.setattr(BaseHTTPRequestHandler, "end_headers", with_retry_after)
    monkeypatch.setattr("joulemark.waiting.SHORT", SHORT)
    answered = nullcontext() if is_answered else pytest.raises(Unreachable)
    with verdicts.Verdicts(platform.origin, clock=clock, sleep=clock.sleep) as waiting, answered:
        assert waiting.wait_for(received(platform), within_s=20) is not None
    assert [7 <= pause_s <= 20 for pause_s in clock.pauses_s] == [True] * is_answered


def test_a_platform_that_is_gone_is_an_error_within_the_time(home: object) -> None:
    clock = Clock()
    with RunningPlatform() as platform:
        origin = platform.origin
    with (
        verdicts.Verdicts(origin, clock=clock, sleep=clock.sleep) as waiting,
        pytest.raises(Unreachable),
    ):
        waiting.wait_for("ab" * 32, within_s=20)
    assert clock.now_s <= 20


def test_the_platform_is_never_asked_while_a_job_is_measured(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, answer = measuring.measure, platform.answer
    running: list[str] = []
    asked: list[tuple[str, bool]] = []

    def measure(*words: Any, **more: Any) -> Any:
        running.append("now")
        try:
            return real(*words, **more)
        finally:
            running.clear()

    def watched(method: str, path: str, body: bytes) -> tuple[int, Any]:
        asked.append((path, bool(running)))
        return answer(method, path, body)

    monkeypatch.setattr("joulemark.session.job_runner.measure", measure)
    platform.override("answer", watched)
    platform.unjudged_looks = 2
    assert enrolled(*RUN) == 0
    assert any(path.endswith("/standing") for path, _ in asked)
    assert [path for path, while_measuring in asked if while_measuring] == []


def test_a_slow_platform_costs_one_wait_and_its_verdicts_are_told_when_they_come(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    wait_for = verdicts.Verdicts.wait_for

    def noted(self: verdicts.Verdicts, result_id: str, *, within_s: float) -> object:
        waits.append(within_s)
        return wait_for(self, result_id, within_s=0.0)

    monkeypatch.setattr(verdicts.Verdicts, "wait_for", noted)
    monkeypatch.setattr(verdicts, "WAIT_S", 20.0)
    platform.unjudged_looks = 3
    assert enrolled(*RUN) == 0
    first, second, third = [20.0], [0.0, 0.0], [0.0, 0.0, 20.0]
    assert waits == first + second + third, "one look at each that waits, then at the job's own"
    assert enrolled.err.count("No verdict yet: ") == 2
    assert enrolled.err.count("Accepted: ") == 3
    assert [kept.note.verdict for kept in enrolled.outbox.results()] == ["accepted"] * 3


def test_a_pending_verdict_is_no_fault_and_is_asked_for_once_more_in_the_end(
    enrolled: Agent, platform: FakePlatform
) -> None:
    platform.verdict = "received"
    answer = enrolled.json(*RUN, "--only", FIRST)
    assert enrolled.code == 0
    assert platform.asked["GET standing"] == 2
    assert answer["results"][0]["verdict"] == "received"


def test_a_platform_that_says_nothing_of_standings_is_asked_once(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakePlatform, "standing", lambda *_: (404, platform.answer("GET", "nothing", b"")[1]))
    assert enrolled(*RUN) == 0
    assert platform.asked["GET standing"] == 1
    assert "`joulemark status` shows the verdict" in enrolled.err


def test_no_wait_asks_for_no_verdict(enrolled: Agent, platform: FakePlatform) -> None:
    assert enrolled(*RUN, "--no-wait") == 0
    assert platform.asked["GET standing"] == 0
    assert platform.asked["GET needed"] == 0
    assert len(platform.results) == 3
    assert "waiting for the verdict" not in enrolled.err


def test_what_is_not_sent_has_no_verdict(enrolled: Agent, platform: FakePlatform) -> None:
    assert enrolled(*RUN, "--no-submit") == 0
    assert platform.asked["GET standing"] == 0


@pytest.mark.parametrize("state", ["rejected", "quarantined"])
def test_when_nothing_counts_the_exit_code_says_so(
    enrolled: Agent, platform: FakePlatform, state: ResultState
) -> None:
    platform.verdict = state
    platform.findings = (
        StandingFinding(code="JM-KNOWN-ANSWERS", severity="quarantine", sentence="3 of 4 were wrong."),
    )
    answer = enrolled.json(*RUN)
    assert (enrolled.code, answer["ok"]) == (9, False)
    assert [row["verdict"] for row in answer["results"]] == [state] * 3, "a cause in the job stops no plan"
    assert answer["results"][0]["found_unfit"] == [
        {"code": "JM-KNOWN-ANSWERS", "sentence": "3 of 4 were wrong."}
    ]
    assert "What to do: Fetch the model again; check the versions of its libraries." in enrolled.err
    assert "None of these results counts." in enrolled.err
    assert enrolled(*RUN) == 9, "nor does it when all of it was measured before"


def test_when_something_counts_the_exit_code_is_0(enrolled: Agent, platform: FakePlatform) -> None:
    platform.verdict = "rejected"
    standing = platform.standing

    def second_counts(result_id: str) -> tuple[int, Any]:
        platform.verdict = "accepted" if len(platform.results) == 2 else "rejected"
        return standing(result_id)

    platform.override("standing", second_counts)
    assert enrolled(*RUN) == 0
    assert "None of these results counts" not in enrolled.out


def test_a_lasting_cause_that_the_rules_find_at_home_stops_the_plan(
    enrolled: Agent, platform: FakePlatform, flagged: list[str]
) -> None:
    flagged.append("mig")
    platform.verdict = "quarantined"
    answer = enrolled.json(*RUN)
    assert enrolled.code == 9
    assert [row["job"] for row in answer["results"]] == [FIRST]
    assert answer["stopped"] == {
        "code": "JM-DIRTY",
        "sentence": "The agent flagged the run: mig.",
        "what_to_do": "Turn MIG off: `sudo nvidia-smi -mig 0`",
    }
    assert [row["job"] for row in answer["put_off"]] == [job.key for job in fake_suite.JOBS[1:]]
    assert len(platform.results) == 1, "what was announced is sent all the same"
    told = enrolled.err
    assert told.index("JM-DIRTY (quarantine) The agent flagged the run: mig.") < told.index(
        "Quarantined until"
    )
    assert "Stopped: the same finding would apply to every further job." in told


def test_a_passing_cause_stops_the_plan_when_it_comes_back(enrolled: Agent, flagged: list[str]) -> None:
    flagged.append("thermal-slowdown")
    answer = enrolled.json(*RUN, "--offline")
    assert enrolled.code == 7
    assert [row["job"] for row in answer["results"]] == [job.key for job in fake_suite.JOBS[:2]]
    assert answer["stopped"]["code"] == "JM-DIRTY"
    assert "Let the GPU cool down" in enrolled.err


@pytest.mark.parametrize("flag", ["mig", "thermal-slowdown"])
def test_force_goes_on(enrolled: Agent, flagged: list[str], flag: str) -> None:
    flagged.append(flag)
    answer = enrolled.json(*RUN, "--offline", "--force")
    assert (enrolled.code, len(answer["results"]), answer["stopped"]) == (0, 3, None)


def test_a_cause_that_lies_in_a_job_stops_nothing(enrolled: Agent, flagged: list[str]) -> None:
    flagged.append("not-steady")
    answer = enrolled.json(*RUN, "--offline")
    assert (enrolled.code, len(answer["results"]), answer["stopped"]) == (0, 3, None)
    assert enrolled.err.count("JM-DIRTY (quarantine) The agent flagged the run: not-steady.") == 3


@pytest.mark.parametrize(("finding", "measured"), [(SLICED, 1), (UNRESTED, 2)])
def test_what_the_platform_finds_stops_the_plan_too(
    enrolled: Agent, platform: FakePlatform, finding: StandingFinding, measured: int
) -> None:
    platform.verdict, platform.findings = "quarantined", (finding,)
    answer = enrolled.json(*RUN)
    assert enrolled.code == 9
    assert (answer["stopped"]["code"], len(platform.results)) == (finding.code, measured)


def test_what_the_platform_accepts_stops_nothing(
    enrolled: Agent, platform: FakePlatform, flagged: list[str]
) -> None:
    """Its rules may be newer than those at home."""
    flagged.append("mig")
    answer = enrolled.json(*RUN)
    assert (enrolled.code, len(answer["results"]), answer["stopped"]) == (0, 3, None)


def test_a_plan_that_was_stopped_behind_what_counts_ends_with_7(
    enrolled: Agent, platform: FakePlatform
) -> None:
    platform.findings = (SLICED,)
    standing = platform.standing

    def first_counts(result_id: str) -> tuple[int, Any]:
        platform.verdict = "accepted" if len(platform.results) == 1 else "quarantined"
        return standing(result_id)

    platform.override("standing", first_counts)
    answer = enrolled.json(*RUN)
    assert (enrolled.code, len(answer["results"])) == (7, 2)


def test_rules_that_trip_cost_no_result(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("joulemark.session.job_end.judge_at_home", trip)
    assert enrolled(*RUN) == 0
    assert len(platform.results) == 3
    assert "The rules cannot be applied locally (ZeroDivisionError)" in enrolled.err
