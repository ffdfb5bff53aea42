"""The file of figures, build/bench/meters.json: the machine first, then one row for each cell, tool and metric."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.report import FOLDER, machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.meters.scores import Score, Scores

FILE = FOLDER / "meters.json"
PACKAGES = ("zeus", "codecarbon", "nvidia-ml-py")
MEAN, MEAN_ABSOLUTE, WORST = "mean error", "mean absolute error", "worst error"


@dataclass(frozen=True)
class Figure:
    """One row as the plot reads it: percent, or None."""

    profile: str
    mode: str
    workload: str
    tool: str
    metric: str
    value: float | None


def write(found: Scores, *, trials: int, seconds: float) -> None:
    """Write the file anew."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    head = {**machine(*PACKAGES), "trials": trials, "run_s": round(seconds, 1)}
    FILE.write_text(json.dumps([head, *_rows(found)], indent=1) + "\n")


def read() -> list[Figure]:
    """The rows of the file, in their order. Raises FileNotFoundError before the first run."""
    _, *rows = json.loads(FILE.read_text())
    return [_figure(row) for row in rows]


def _figure(row: dict[str, Any]) -> Figure:
    profile, mode, workload = row["case"].split(", ")
    return Figure(profile, mode, workload, row["tool"], row["metric"], row["value"])


def _rows(found: Scores) -> Iterator[dict[str, Any]]:
    for cell, of in found.items():
        for tool, score in of.items():
            values = {MEAN: score.mean, MEAN_ABSOLUTE: score.mean_absolute, WORST: score.worst}
            for metric, value in values.items():
                row = {"case": str(cell), "tool": tool, "metric": metric, "value": value, "unit": "%"}
                yield {
                    **row,
                    "spread": _spread(score, metric),
                    **({"note": score.note} if score.note else {}),
                }


def _spread(score: Score, metric: str) -> list[float] | None:
    """Lowest and highest of the trials, of their sizes where the metric is one."""
    if not score.errors:
        return None
    errors = [abs(one) for one in score.errors] if metric == MEAN_ABSOLUTE else score.errors
    return [min(errors), max(errors)]
