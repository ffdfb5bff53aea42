"""The factor at equal size reads every device value: the longer that takes, the less often a sweep does it."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db.models import F

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards import equal_size
from measurements.boards.equal_size import due_factors, refresh_due_factor, stale_factors
from measurements.boards.models import BoardVersion
from measurements.boards.services import refresh_cells_of


@pytest.fixture
def board(db: None) -> tuple[int, str]:
    """A board whose factor is not stored."""
    demo_catalog()
    refresh_cells_of(result_ids=[make_result(Run()).pk])
    cache.clear()
    (board,) = BoardVersion.objects.values_list("suite_id", "grade")
    return board


def change() -> None:
    BoardVersion.objects.update(version=F("version") + 1)


def test_a_factor_is_left_alone_after_it_was_computed(
    board: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equal_size, "pause_s", lambda: 10)
    assert due_factors() == [board]
    refresh_due_factor(board)
    assert stale_factors() == []
    change()
    assert (stale_factors(), due_factors()) == ([board], [])
    cache.clear()
    assert due_factors() == [board], "the pause is over, or the cache was lost"


def test_the_pause_follows_from_the_time_that_it_took(
    board: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equal_size, "pause_s", lambda: 10)
    times = iter([100.0, 103.5])
    monkeypatch.setattr(equal_size, "monotonic", lambda: next(times))
    kept: dict[str, int] = {}
    monkeypatch.setattr(cache, "set", lambda key, _value, timeout: kept.update({key: timeout}))
    refresh_due_factor(board)
    assert list(kept.values()) == [70]


def test_where_no_beat_comes_back_nothing_waits(
    board: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equal_size, "pause_s", lambda: 0)
    refresh_due_factor(board)
    change()
    assert due_factors() == [board]
