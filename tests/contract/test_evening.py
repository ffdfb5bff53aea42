"""An evening in which platform and hub go away in turn, with real processes; `make evening` plays it at full length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.evening import STAGES, evening

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


def test_the_plan_of_an_evening_ends_complete(tmp_path: Path) -> None:
    """Killed where an answer gets lost: that of a ticket, and what the platform does behind the last receipt."""
    killed = frozenset({"ticket", "verdict"})
    with evening(tmp_path, outage_s=0.5, killed=killed, pauses=(0.1, 0.5)) as found:
        told = "\n".join(found.lines)
        assert found.is_complete, f"{found.answer}\n{found.statuses}\n{told}"
        assert sorted(found.killed) == sorted(STAGES)
        assert found.hub_dead == 1
        assert found.busy > 0
