"""From many results to one value, beside the ways in which others combine: `make bench-consensus`.

Simulated cells with a known truth (benchmarks/crowds.py). Every tool gets the same results. The plain mean, the
weighted mean, DerSimonian-Laird and Paule-Mandel combine devices on the log scale with the uncertainties that these
state; the CodeCarbon-style mean is the mean energy over all runs, as the 2024 study took it. The median and Huber are
what ours could have been (docs/decisions/0023). BENCH_CELLS changes the number of cells of each case.
"""

from __future__ import annotations

import math
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.extend(str(Path(__file__).resolve().parents[1] / place) for place in ("", "agent", "simulation"))

import numpy as np

from benchmarks import report
from joulemark.consensus.cell import ResultReading, cell_value
from joulemark.consensus.dark import paule_mandel
from joulemark_simulation.crowds import Crowd, NestedCrowd, cells, nested_cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CELLS = int(os.environ.get("BENCH_CELLS", "2000"))
SEED = 20261124
OURS = "joulemark"
KINDS = ("clean", "dirty", "colluders")
CROWDS = [Crowd(devices, kind) for devices in (3, 8, 40) for kind in KINDS]
OTHER_SPREADS = [
    Crowd(devices, kind, between) for between in (0.01, 0.06) for devices in (8, 40) for kind in KINDS
]
GOALS = {
    (8, "clean"): 1.3, (8, "dirty"): 2.1, (8, "colluders"): 2.0,
    (40, "clean"): 0.6, (40, "dirty"): 1.3, (40, "colluders"): 1.3,
}  # fmt: skip
"""Root-mean-square error in per cent, at most."""
NESTED = [
    NestedCrowd(contributors, devices, sessions, 0.02, 0.03, 0.01, 0.02)
    for contributors in (3, 8, 20, 40)
    for devices, sessions in ((1, 1), (1, 4), (2, 2), (3, 3))
]
LEVELS = ("window", "session", "device", "contributor")
FACTOR = 1.5
"""How far a stated part of the spread may lie from the truth, in nine of ten cells."""
COVERAGE = {"clean": (93.0, 97.0), "dirty": (90.0, 100.0)}


def main() -> None:
    """Simulate, print the table and the goals, and write build/bench/consensus.json."""
    rows: list[report.Row] = []
    missed = []
    for crowd in [*CROWDS, *OTHER_SPREADS]:
        errors, held, widths = measured(crowd)
        for tool, found in errors.items():
            rows.append(_row(crowd, tool, "root-mean-square error", _rms(found), _spread(found)))
        covered = 100 * sum(held) / len(held)
        sure = 196 * math.sqrt(covered / 100 * (1 - covered / 100) / len(held))
        rows.append(
            _row(crowd, OURS, "interval covers", covered, (covered - sure, min(covered + sure, 100.0)))
        )
        rows.append(report.row(crowd.case, OURS, "half-width of the interval", "%", widths))
        if crowd in CROWDS:
            missed += _missed(crowd, _rms(errors[OURS]), covered)
    for nested in NESTED:
        of_nested, wrong = _parts(nested)
        rows += of_nested
        missed += wrong
    report.publish("consensus", rows, packages=["numpy"])
    print("\n".join(missed) if missed else "every goal is met")


def measured(crowd: Crowd) -> tuple[dict[str, list[float]], list[bool], list[float]]:
    """(log errors by tool, whether our interval held the truth, its half-widths in per cent)."""
    errors: dict[str, list[float]] = defaultdict(list)
    held, widths = [], []
    for readings in cells(crowd, number=CELLS, seed=SEED):
        value = cell_value(readings)
        assert value.low_j is not None
        assert value.high_j is not None
        errors[OURS].append(math.log(value.energy_per_query_j))
        held.append(value.low_j <= 1.0 <= value.high_j)
        widths.append(50 * math.log(value.high_j / value.low_j))
        values, stated = _devices(readings)
        for tool, combine in TOOLS.items():
            errors[tool].append(combine(values, stated))
        errors["CodeCarbon-style mean"].append(math.log(np.mean([r.energy_per_query_j for r in readings])))
    return errors, held, widths


def _parts(crowd: NestedCrowd) -> tuple[list[report.Row], list[str]]:
    """(rows, goals missed): of each part of the spread how often it is withheld, and how many stated are near."""
    chance = np.random.default_rng([SEED, crowd.contributors, crowd.devices, crowd.sessions])
    splits = [cell_value(nested_cell(crowd, chance)).variance for _ in range(CELLS // 10)]
    rows, missed = [], []
    for level in LEVELS:
        truth = crowd.truth()[level]
        stated = [sd for split in splits if (sd := getattr(split, level)) is not None]
        withheld = 100 * (1 - len(stated) / len(splits))
        rows.append(report.Row(crowd.case, OURS, f"{level}: withheld", withheld, "%", (withheld, withheld)))
        if not stated:
            continue
        near = sum(truth is not None and truth / FACTOR <= sd <= truth * FACTOR for sd in stated)
        share = 100 * near / len(stated)
        rows.append(report.Row(crowd.case, OURS, f"{level}: near the truth", share, "%", (share, share)))
        if len(stated) - near > 0.1 * len(splits):
            missed.append(f"missed: {crowd.case}: {level} within {FACTOR} in {share:.0f} % of the stated")
    return rows, missed


def _devices(readings: list[ResultReading]) -> tuple[Floats, Floats]:
    """(mean log energy, stated uncertainty) of each device."""
    said: dict[object, list[float]] = defaultdict(list)
    stated: dict[object, float] = {}
    for reading in readings:
        said[reading.device].append(math.log(reading.energy_per_query_j))
        stated[reading.device] = reading.relative_u or 0.0
    return np.array([np.mean(values) for values in said.values()]), np.array(list(stated.values()))


def weighted_mean(values: Floats, stated: Floats) -> float:
    """Weights are the inverse squares of what is stated."""
    return float(np.average(values, weights=stated**-2))


def dersimonian_laird(values: Floats, stated: Floats) -> float:
    """DerSimonian and Laird 1986, doi:10.1016/0197-2456(86)90046-2."""
    weights = stated**-2
    excess = weights @ np.square(values - weighted_mean(values, stated)) - (len(values) - 1)
    squared = max(excess / (weights.sum() - np.square(weights).sum() / weights.sum()), 0.0)
    return float(np.average(values, weights=1 / (stated**2 + squared)))


def paule_mandel_mean(values: Floats, stated: Floats) -> float:
    """Paule and Mandel 1982."""
    dark = paule_mandel(values, stated)
    return float(np.average(values, weights=1 / (stated**2 + dark**2)))


def huber(values: Floats, _stated: Floats) -> float:
    """Huber's estimate at k = 1.345 with the median absolute deviation as its scale."""
    middle = float(np.median(values))
    scale = 1.4826 * float(np.median(np.abs(values - middle)))
    for _ in range(50):
        off = np.maximum(np.abs(values - middle), 1e-12)
        middle = float(np.average(values, weights=np.minimum(1.0, 1.345 * scale / off)))
    return middle


TOOLS: dict[str, Callable[[Floats, Floats], float]] = {
    "plain mean": lambda values, _stated: float(values.mean()),
    "weighted mean": weighted_mean,
    "DerSimonian-Laird": dersimonian_laird,
    "Paule-Mandel": paule_mandel_mean,
    "median": lambda values, _stated: float(np.median(values)),
    "Huber": huber,
}


def _rms(errors: list[float]) -> float:
    return 100 * math.sqrt(np.mean(np.square(errors)))


def _spread(errors: list[float]) -> tuple[float, float]:
    """Of ten parts of the cells, the least and the largest error."""
    parts = [_rms(list(part)) for part in np.array_split(np.array(errors), 10)]
    return min(parts), max(parts)


def _row(crowd: Crowd, tool: str, metric: str, value: float, spread: tuple[float, float]) -> report.Row:
    return report.Row(crowd.case, tool, metric, value, "%", spread)


def _missed(crowd: Crowd, error: float, covered: float) -> list[str]:
    found = []
    goal = GOALS.get((crowd.devices, crowd.kind))
    if goal is not None and error > goal:
        found.append(f"missed: {crowd.case}: error {error:.2f} %, goal {goal} %")
    low, high = COVERAGE.get(crowd.kind, (0.0, 100.0))
    if crowd.devices >= 8 and not low <= covered <= high:
        found.append(
            f"missed: {crowd.case}: the interval covers {covered:.1f} %, goal {low:.0f} to {high:.0f} %"
        )
    return found


if __name__ == "__main__":
    main()
