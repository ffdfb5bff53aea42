"""Uploads that fail: none keeps another back, and a platform that answers none is not asked for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from joulemark.record import bundle as bundles
from joulemark.record.messages import Problem

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


def states(agent: Agent) -> list[str]:
    return [kept.state for kept in agent.outbox.results()]


@pytest.fixture
def three(enrolled: Agent) -> Agent:
    """Three results, kept and not sent."""
    assert enrolled("run", "--meter", "estimate", "--no-submit") == 0
    return enrolled


def digests(agent: Agent) -> list[str]:
    return [kept.digest for kept in agent.outbox.results()]


class Uploads:
    """Answers uploads of some results in another way, and has the order in which they came."""

    def __init__(self, platform: FakePlatform, faults: dict[str, tuple[int, Any]]) -> None:
        self.order: list[str] = []
        self.faults = faults
        self._honest = platform.receive
        platform.override("receive", self.receive)

    def receive(self, body: bytes) -> tuple[int, Any]:
        digest = bundles.parse(body).digest()
        self.order.append(digest)
        return self.faults.get(digest) or self._honest(body)


def problem(status: int, code: str = "JM-BROKEN") -> tuple[int, Problem]:
    return status, Problem(type="", title="", status=status, detail="No.", code=code)


NO_RECEIPT = (200, Problem(type="", title="", status=200, detail="This is no receipt.", code="X"))


@pytest.mark.parametrize(
    ("fault", "state", "code"),
    [
        (problem(500), "waiting", 5),
        (problem(422, "JM-SCHEMA"), "refused", 4),
        (problem(403, "JM-KEY-UNKNOWN"), "waiting", 6),
        (problem(301), "waiting", 5),
        (NO_RECEIPT, "waiting", 5),
    ],
    ids=["its own 500", "refused", "a strange key", "led elsewhere", "no receipt"],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_failed_upload_keeps_no_other_back(
    three: Agent, platform: FakePlatform, fault: tuple[int, Any], state: str, code: int, place: int
) -> None:
    bad = digests(three)[place]
    uploads = Uploads(platform, {bad: fault})
    answer = three.json("submit", "--patience", "1")
    assert three.code == code
    assert {row["result_id"]: row["state"] for row in answer["results"]} == {
        digest: state if digest == bad else "sent" for digest in digests(three)
    }
    assert len(answer["results"]) == 3, "each is told once"
    assert uploads.order.count(bad) <= 3
    uploads.faults.clear()
    assert three("submit", "--retry-refused") == 0
    assert states(three) == ["sent"] * 3


def test_a_result_over_which_the_platform_failed_goes_last_the_next_time(
    three: Agent, platform: FakePlatform
) -> None:
    first, second, third = digests(three)
    uploads = Uploads(platform, {first: NO_RECEIPT, second: NO_RECEIPT})
    assert three("submit") == 5
    assert uploads.order == [first, second, third]
    assert three("run", "--meter", "estimate", "--no-submit", "--fresh", "--only", "writing/*") == 0
    (newest,) = set(digests(three)) - {first, second, third}
    uploads.order.clear()
    assert three("submit") == 5
    assert uploads.order == [newest, first, second]


def test_a_platform_of_whose_answers_none_can_be_used_is_not_asked_for_each_result(
    three: Agent, platform: FakePlatform
) -> None:
    for _ in range(2):
        assert three("run", "--meter", "estimate", "--no-submit", "--fresh") == 0
    uploads = Uploads(platform, dict.fromkeys(digests(three), NO_RECEIPT))
    answer = three.json("submit")
    assert (three.code, len(uploads.order), len(answer["results"])) == (5, 5, 5)
    uploads.order.clear()
    uploads.faults.clear()
    assert three("submit") == 0
    assert states(three) == ["sent"] * 9


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_dead_platform_is_not_asked_for_each_result(
    three: Agent, platform: FakePlatform, status: int
) -> None:
    for _ in range(2):
        assert three("run", "--meter", "estimate", "--no-submit", "--fresh") == 0
    uploads = Uploads(platform, dict.fromkeys(digests(three), problem(status)))
    assert three("submit") == 5
    assert len(uploads.order) <= 15, "three rounds of five at most"
    assert states(three) == ["waiting"] * 9


def failing(platform: FakePlatform, count: int) -> Uploads:
    """The first `count` uploads are answered with 503."""
    uploads = Uploads(platform, {})
    left = [count]

    def receive(body: bytes) -> tuple[int, Any]:
        left[0] -= 1
        return problem(503) if left[0] >= 0 else uploads.receive(body)

    platform.override("receive", receive)
    return uploads


def test_one_result_that_is_sent_in_a_run_takes_the_others_along(
    enrolled: Agent, platform: FakePlatform
) -> None:
    uploads = failing(platform, 3)
    answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 0
    assert [row["state"] for row in answer["results"]] == ["sent"] * 3
    second, first, third = uploads.order
    assert [first, second, third] == digests(enrolled)


def test_what_could_not_be_sent_on_the_way_is_when_nothing_is_left_to_measure(
    enrolled: Agent, platform: FakePlatform
) -> None:
    uploads = failing(platform, 9)
    answer = enrolled.json("run", "--meter", "estimate")
    assert (enrolled.code, len(uploads.order)) == (0, 3)
    assert [row["state"] for row in answer["results"]] == ["sent"] * 3
