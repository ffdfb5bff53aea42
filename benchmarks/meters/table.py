"""The scores as one table for readers, grouped by card and counter."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from benchmarks.meters.scores import best

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.meters.scores import Score, Scores

LEGEND = """Errors in percent of the true energy over {fewest} trials, {most} of the single burst.
* least mean absolute error of the cell   - not measurable   ~ measurable in some trials only"""
LABEL, WIDTH = 31, 12


def table(found: Scores, tools: list[str]) -> Iterator[str]:
    """Its lines."""
    trials = [one.trials for of in found.values() for one in of.values()]
    yield LEGEND.format(fewest=min(trials), most=max(trials))
    for (profile, mode), cells in groupby(found, key=lambda cell: (cell.profile, cell.mode)):
        yield ""
        yield f"{profile + ', ' + mode:<{LABEL}}" + "".join(f"{tool:>{WIDTH}}" for tool in tools)
        for cell in cells:
            yield from _lines(cell.workload, found[cell], tools)


def _lines(workload: str, of: dict[str, Score], tools: list[str]) -> Iterator[str]:
    least = best(of)
    ranked = [of[tool] for tool in tools]
    marks = [
        "~" if one.errors and not one.is_whole else "*" if one.mean_absolute == least else " "
        for one in ranked
    ]
    sizes = [_number(one.mean_absolute) + mark for one, mark in zip(ranked, marks, strict=True)]
    yield _line(workload, "mean", [_number(one.mean, sign="+") + " " for one in ranked])
    yield _line("", "|mean|", sizes)
    yield _line("", "worst", [_number(one.worst, sign="+") + " " for one in ranked])


def _line(workload: str, metric: str, numbers: list[str]) -> str:
    line = f"  {workload:<22}{metric:<{LABEL - 24}}" + "".join(f"{number:>{WIDTH}}" for number in numbers)
    return line.rstrip()


def _number(value: float | None, *, sign: str = "") -> str:
    if value is None:
        return "-"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:{sign}.{digits}f}"
