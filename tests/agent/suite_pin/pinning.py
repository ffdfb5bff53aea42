"""Pinning a suite into the folder beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.fake_hub import FakeHub


def pin(command: Agent, hub: FakeHub, small: Path) -> dict[str, Any]:
    """Pin into the folder beside it."""
    return command.json(
        "suite", "pin", str(small), "--out", str(small.parent / "pinned"), "--hub", hub.origin
    )
