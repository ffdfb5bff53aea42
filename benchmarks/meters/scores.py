"""From a cell's trials to its scores: mean, mean absolute and worst error in percent, and the seconds of a session."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from benchmarks.meters.tools import OURS_QUERIES

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
    """One tool in one cell: errors in percent of those trials in which it could measure, and why not in others.

    `sessions_s` are how long it took in each, also where it then could not say an energy.
    """

    errors: tuple[float, ...]
    trials: int
    note: str | None
    sessions_s: tuple[float, ...]

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

    @property
    def session_s(self) -> float | None:
        """The median session, in simulated seconds."""
        return median(self.sessions_s) if self.sessions_s else None


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
    return min(size for one in ranked(of).values() if (size := one.mean_absolute) is not None)


def ranked(of: dict[str, Score]) -> dict[str, Score]:
    """Those of a cell that can be its best: all that measured in every trial, and the same quantity as the others."""
    return {tool: one for tool, one in of.items() if one.is_whole and tool != OURS_QUERIES}


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
    sessions_s = tuple(one.session_s for one in trials if one.session_s is not None)
    return Score(errors=errors, trials=len(trials), note=note, sessions_s=sessions_s)
