"""From the errors of a cell's trials to its scores: mean, mean absolute and worst error, in percent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.meters.trial import Outcome

CLOSE = 0.1  # percentage points: who is that near to the best is as good


@dataclass(frozen=True, order=True)
class Cell:
    """One profile of card, with one mode of counter, under one workload."""

    profile: str
    mode: str
    workload: str

    def __str__(self) -> str:
        """Its name in the file of figures."""
        return f"{self.profile}, {self.mode}, {self.workload}"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One tool in one cell: errors in percent of those trials in which it could measure, and why not in others."""

    errors: tuple[float, ...]
    trials: int
    note: str | None

    @property
    def is_whole(self) -> bool:
        """Whether it measured in every trial; only then it can be the best."""
        return len(self.errors) == self.trials

    @property
    def mean(self) -> float | None:
        """The mean error: what it is off by on the average."""
        return fmean(self.errors) if self.errors else None

    @property
    def mean_absolute(self) -> float | None:
        """The mean of the errors' sizes: what one measurement is off by. The best tool has the least of this."""
        return fmean(map(abs, self.errors)) if self.errors else None

    @property
    def worst(self) -> float | None:
        """The largest error, with its sign."""
        return max(self.errors, key=abs) if self.errors else None


Scores = dict[Cell, dict[str, Score]]


def scores(outcomes: Iterable[tuple[Cell, Outcome]]) -> Scores:
    """By cell and tool, in the order in which they come."""
    found: dict[Cell, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    for cell, outcome in outcomes:
        found[cell][outcome.tool].append(outcome)
    return {
        cell: {tool: _score(trials) for tool, trials in by_tool.items()} for cell, by_tool in found.items()
    }


def best(of: dict[str, Score]) -> float:
    """The least mean absolute error of a cell."""
    return min(size for one in of.values() if one.is_whole and (size := one.mean_absolute) is not None)


def is_as_good(tool: str, of: dict[str, Score]) -> bool:
    """Whether `tool` is the best of a cell or within 0.1 percentage point of it."""
    size = of[tool].mean_absolute
    return of[tool].is_whole and size is not None and size <= best(of) + CLOSE


def _score(trials: list[Outcome]) -> Score:
    errors = tuple(100 * one.error for one in trials if one.error is not None)
    notes = [one.note for one in trials if one.note is not None]
    note = notes[0] if notes else None
    if note is not None and errors:
        note = f"In {len(trials) - len(errors)} of {len(trials)} trials: {note}"
    return Score(errors=errors, trials=len(trials), note=note)
