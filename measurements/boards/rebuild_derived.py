"""What is derived of cells, from nothing but the cells: every part's comparison and places, every factor at equal size.

By the functions with which the sweep derives it, so what differs was edited, or derived by other software. What is only
behind its cells is no fault: pages or the sweep derive it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.boards.equal_size import factor_faults, refresh_factor, stale_factors
from measurements.boards.job_needs import job_count_differences, job_counts_behind, refresh_job_counts
from measurements.boards.models import Cell, SizeFactor
from measurements.boards.part_storage import part_faults, part_states, parts_behind, refresh_part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.boards.part_key import PartKey

Board = tuple[int, str]
"""Primary key of a suite, and grade."""


def part_differences() -> dict[PartKey, list[str]]:
    """The parts whose row or standings differ, to the last digit, from what is derived of their cells; and in what."""
    faults = {key: part_faults(key) for key in sorted(part_states(Cell.objects.all()))}
    return {key: names for key, names in faults.items() if names}


def factor_differences() -> dict[Board, list[str]]:
    """The boards whose factor differs from what is computed of their device values; and in what."""
    boards = SizeFactor.objects.order_by("suite_id", "grade").values_list("suite_id", "grade")
    faults = {board: factor_faults(*board) for board in boards}
    return {board: names for board, names in faults.items() if names}


def mend_derived(parts: Iterable[PartKey], boards: Iterable[Board]) -> int:
    """Derive these parts and factors anew, and all that are behind; returns how many changed."""
    behind = parts_behind(part_states(Cell.objects.all()))
    changed = sum(refresh_part(key) for key in dict.fromkeys([*parts, *behind]))
    changed += refresh_job_counts([*job_counts_behind(), *job_count_differences()])
    return changed + sum(refresh_factor(*board) for board in dict.fromkeys([*boards, *stale_factors()]))
