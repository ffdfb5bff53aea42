"""The restore drill ends well: nothing is forked, nothing lost is lost for good, and everything else is identical."""

from __future__ import annotations

import pytest

from joulemark_simulation import records
from tests.contract import drill

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(900)]


def test_both_restores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        records, "ORIGIN", records.ORIGIN
    )  # the drill's agents set it; other tests want theirs
    names = [name.strip() for name, _seconds, _outcome in drill.run(is_short=True)]
    assert "restored current: manage.py restore" in names
    assert "restored current: base backup and WAL" in names
    assert names[-1] == "restored current: base backup and WAL"
    assert "each once, audit clean" in names
