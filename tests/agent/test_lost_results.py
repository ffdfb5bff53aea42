"""A platform that was restored no longer knows results that it gave receipts for: the agent notices and sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


@pytest.fixture
def sent(enrolled: Agent) -> Agent:
    """One result with its receipt."""
    assert enrolled("run", "--meter", "estimate", "--no-submit", "--only", "writing/*") == 0
    assert enrolled("submit") == 0
    return enrolled


def lose(platform: FakePlatform) -> str:
    """Restored from a backup of before; the result that is gone."""
    ((result_id, _bundle),) = platform.results.items()
    platform.results.clear()
    return result_id


def test_a_lost_result_is_sent_again_with_its_receipt_and_once(sent: Agent, platform: FakePlatform) -> None:
    (before,) = sent.outbox.results()
    result_id = lose(platform)
    assert sent("submit") == 0
    assert platform.results == {}, "nobody has asked for it"
    answer = sent.json("submit", "--since", "2020-01-01")
    assert (sent.code, [row["result_id"] for row in answer["results"]]) == (0, [result_id])
    assert platform.results == {result_id: before.bundle.as_sent()}
    (after,) = sent.outbox.results()
    assert after.bundle == before.bundle
    assert sent.json("submit", "--since", "2020-01-01")["results"] == []
    assert platform.asked["POST results"] == 2


def test_what_was_receipted_before_is_left_alone(sent: Agent, platform: FakePlatform) -> None:
    lose(platform)
    assert sent.json("submit", "--since", "2100-01-01")["results"] == []
    assert platform.results == {}


def test_results_and_status_name_what_was_lost(sent: Agent, platform: FakePlatform) -> None:
    assert sent.json("results")["lost"] == []
    result_id = lose(platform)
    assert sent.json("results")["lost"] == [result_id]
    sent("results")
    assert "joulemark submit --since 20" in sent.out
    assert sent("status") == 4
    assert "joulemark submit --since 20" in sent.out


def test_a_refusal_keeps_the_receipt(sent: Agent, platform: FakePlatform) -> None:
    lose(platform)
    platform.refuse["results/receipted"] = "JM-RECEIPT-OTHER"
    answer = sent.json("submit", "--since", "2020-01-01")
    assert (sent.code, answer["results"][0]["code"]) == (4, "JM-RECEIPT-OTHER")
    (kept,) = sent.outbox.results()
    assert kept.state == "sent"
    del platform.refuse["results/receipted"]
    assert sent("submit", "--since", "2020-01-01") == 0
    assert len(platform.results) == 1
