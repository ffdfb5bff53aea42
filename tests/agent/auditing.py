"""How tests ask for an audit and read its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.audit import store

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_log import FakeLog


def audit(auditor: Agent, log: FakeLog, *words: str) -> dict[str, Any]:
    return auditor.json("audit", log.origin, *words)


def codes(answer: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in answer["findings"]]


def kept(auditor: Agent, log: FakeLog) -> store.StoredAudit:
    found = store.load(auditor.folders, log.origin, log.name)
    assert found is not None
    return found


def first(log: FakeLog, state: str) -> str:
    return next(result_id for result_id, shown in log.states.items() if shown == state)
