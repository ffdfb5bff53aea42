"""What ours is meant to reach: bounds on its mean absolute error in every cell of a workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.meters.scores import best, is_as_good, ranked
from benchmarks.meters.tools import OURS, OURS_QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.meters.scores import Cell, Score, Scores


@dataclass(frozen=True)
class Goal:
    """At most `percent` in each cell whose workload begins so, of one mode of counter or of all, in ours' column."""

    percent: float
    workload: str
    mode: str | None = None
    tool: str = OURS

    def covers(self, cell: Cell) -> bool:
        """Whether the cell is one of them."""
        return cell.workload.startswith(self.workload) and self.mode in (None, cell.mode)

    def __str__(self) -> str:
        """In words."""
        what = f"<= {self.percent:g} % {self.workload}" + (f", {self.mode}" if self.mode else "")
        return what if self.tool == OURS else f"{what} ({self.tool})"


GOALS = (
    Goal(0.5, "steady 8 s"),
    Goal(1.0, "LLM-like 1.5 s"),
    Goal(2.0, "300 ms burst"),
    Goal(2.0, "square", "part-time"),
    Goal(2.0, "square", "part-time", OURS_QUERIES),
)


def verdicts(found: Scores) -> Iterator[str]:
    """Lines: in how many cells ours is the best, in which it is not, and which goals it reaches."""
    silent = [cell for cell, of in found.items() if of[OURS].mean_absolute is None]
    behind = [cell for cell, of in found.items() if cell not in silent and not is_as_good(OURS, of)]
    yield (
        f"{OURS} has the least mean absolute error, or is within 0.1 percentage point of it, "
        f"in {len(found) - len(behind) - len(silent)} of {len(found)} cells, and calls {len(silent)} not measurable"
    )
    yield from (f"  not in: {cell}: {_beside(OURS, found[cell])}" for cell in behind)
    yield from (f"  not measurable: {cell}: {found[cell][OURS].note}" for cell in silent)
    for goal in GOALS:
        sizes = {cell: found[cell][goal.tool].mean_absolute for cell in found if goal.covers(cell)}
        unknown = [cell for cell, size in sizes.items() if size is None]
        size, cell = max(
            ((size, cell) for cell, size in sizes.items() if size is not None), default=(0.0, None)
        )
        reached = bool(sizes) and not unknown and size <= goal.percent
        least = f"worst {size:.2f} % in {cell}" if cell else "not measured"
        yield f"[{'x' if reached else ' '}] {goal}: {least}" + (
            f"; not measurable in {unknown[0]}" if unknown else ""
        )


def _beside(tool: str, of: dict[str, Score]) -> str:
    """Its size beside the least one, or why it has none."""
    size, least = of[tool].mean_absolute, best(of)
    leader = next(name for name, score in ranked(of).items() if score.mean_absolute == least)
    own = of[tool].note or "not measured" if size is None else f"{size:.2f} %"
    return f"{own} against {least:.2f} % of {leader}"
