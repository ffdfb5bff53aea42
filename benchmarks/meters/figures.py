"""The file of figures, build/bench/meters.json: the machine first, then one row for each cell, tool and metric."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.report import FOLDER, machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.meters.scores import Score, Scores

FILE = FOLDER / "meters.json"
PACKAGES = ("zeus", "codecarbon", "nvidia-ml-py")
MEAN, MEAN_ABSOLUTE, WORST, SESSION = "mean error", "mean absolute error", "worst error", "session time"


@dataclass(frozen=True)
class Figure:
    """One row as the plot reads it: percent, seconds of a session, or None."""

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
            for metric, (value, unit, trials) in _metrics(score).items():
                row = {"case": str(cell), "tool": tool, "metric": metric, "value": value, "unit": unit}
                yield {
                    **row,
                    "spread": [min(trials), max(trials)] if trials else None,
                    **({"note": score.note} if score.note else {}),
                }


def _metrics(score: Score) -> dict[str, tuple[float | None, str, Sequence[float]]]:
    """Each metric's value, its unit and what it was in the trials, as sizes where the metric is one."""
    sizes = [abs(one) for one in score.errors]
    return {
        MEAN: (score.mean, "%", score.errors),
        MEAN_ABSOLUTE: (score.mean_absolute, "%", sizes),
        WORST: (score.worst, "%", score.errors),
        SESSION: (score.session_s, "s", score.sessions_s),
    }
