"""The scores as one table for readers, grouped by card and counter."""

from __future__ import annotations

from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.meters.scores import best, ranked
from benchmarks.meters.tools import OURS, OURS_QUERIES, SAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.meters.scores import Score, Scores

LEGEND = """Errors in percent of the true energy over {fewest} trials, {most} of the single burst.
* least mean absolute error of the cell   - not measurable   ~ measurable in some trials only   = as {ours}
{queries}: what its result states per query, against the queries' own stretches; beside the others, never ranked"""
CHOICE = (
    f"{OURS} chooses when a repetition begins and rests between repetitions, which is what its session time shows; "
    "its probe of the card, once for each, is not in it."
)
LABEL, WIDTH = 31, 12


def table(found: Scores, tools: list[str]) -> Iterator[str]:
    """Its lines."""
    trials = [one.trials for of in found.values() for one in of.values()]
    yield LEGEND.format(fewest=min(trials), most=max(trials), ours=OURS, queries=OURS_QUERIES)
    for (profile, mode), cells in groupby(found, key=lambda cell: (cell.profile, cell.mode)):
        yield ""
        yield f"{profile + ', ' + mode:<{LABEL}}" + _row(tools, tools)
        for cell in cells:
            yield from _lines(cell.workload, found[cell], tools)


def sessions(found: Scores, tools: list[str]) -> Iterator[str]:
    """What stands below the table: how long the tools took, and why ours takes longer."""
    medians = {
        tool: median(seconds for of in found.values() if (seconds := of[tool].session_s) is not None)
        for tool in tools
        if tool != OURS_QUERIES  # whose sessions are those of ours
    }
    told = ", ".join(f"{tool} {seconds:.1f}" for tool, seconds in medians.items())
    yield f"Session time, median of all cells, in simulated seconds: {told}."
    if OURS in medians:
        yield CHOICE


def _lines(workload: str, of: dict[str, Score], tools: list[str]) -> Iterator[str]:
    least, first = best(of), ranked(of)
    marks = [
        "~"
        if of[tool].errors and not of[tool].is_whole
        else "*"
        if tool in first and of[tool].mean_absolute == least
        else " "
        for tool in tools
    ]
    shown = [of[tool] for tool in tools]
    sizes = [_number(one, one.mean_absolute) + mark for one, mark in zip(shown, marks, strict=True)]
    yield _line(workload, "mean", tools, [_number(one, one.mean, sign="+") + " " for one in shown])
    yield _line("", "|mean|", tools, sizes)
    yield _line("", "worst", tools, [_number(one, one.worst, sign="+") + " " for one in shown])


def _line(workload: str, metric: str, tools: list[str], numbers: list[str]) -> str:
    return (f"  {workload:<22}{metric:<{LABEL - 24}}" + _row(tools, numbers)).rstrip()


def _row(tools: list[str], words: list[str]) -> str:
    """One of `words` for each column, which is wide enough for its tool's name."""
    return "".join(f"{word:>{max(WIDTH, len(tool) + 2)}}" for tool, word in zip(tools, words, strict=True))


def _number(score: Score, value: float | None, *, sign: str = "") -> str:
    if value is None:
        return "=" if score.note == SAME else "-"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:{sign}.{digits}f}"
