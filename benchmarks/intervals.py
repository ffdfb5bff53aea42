"""What the two intervals of a value hold, where boards' sensors err as measured ones do: `make bench-intervals`.

Simulated cells (benchmarks/sensed_crowds.py) of 3, 8 and 40 devices at full and light load: with one design of sensor,
with designs that differ, and with such under one hardware name. BENCH_CELLS changes the number of cells.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

sys.path.extend(str(Path(__file__).resolve().parents[1] / place) for place in ("", "agent", "simulation"))

from benchmarks import report
from joulemark.consensus.cell import CellValue, cell_value
from joulemark_simulation.sensed_crowds import EVERY, SensedCrowd, sensed_cells

CELLS = int(os.environ.get("BENCH_CELLS", "1000"))
SEED = 20261130
LEAST_PER_CENT = 93.0
WITH_SENSORS, BETWEEN = "interval with the sensors' error", "interval between contributors"


def main() -> None:
    """Simulate, print the table and the goals, and write build/bench/intervals.json."""
    rows: list[report.Row] = []
    missed = []
    for crowd in EVERY:
        cells = [
            (cell_value(cell.readings), cell.expected_j)
            for cell in sensed_cells(crowd, number=CELLS, seed=SEED)
        ]
        of_truth = _per_cent([_holds(value, 1.0) for value, _ in cells])
        of_readings = _per_cent([_holds_between(value, expected_j) for value, expected_j in cells])
        rows += [
            _row(crowd, WITH_SENSORS, "holds the true energy", of_truth),
            _row(
                crowd, BETWEEN, "holds the true energy", _per_cent([_holds_between(v, 1.0) for v, _ in cells])
            ),
            _row(crowd, BETWEEN, "holds what such sensors read on average", of_readings),
            _width(crowd, WITH_SENSORS, [(v.low_j, v.high_j) for v, _ in cells]),
            _width(crowd, BETWEEN, [(v.between_low_j, v.between_high_j) for v, _ in cells]),
        ]
        if of_truth < LEAST_PER_CENT:
            missed.append(
                f"missed: {crowd.case}: the interval with the sensors' error holds {of_truth:.1f} %"
            )
        if crowd.designs == "one design" and of_readings < LEAST_PER_CENT:
            missed.append(
                f"missed: {crowd.case}: the interval between contributors holds {of_readings:.1f} %"
            )
    report.publish("intervals", rows, packages=["numpy"])
    print("\n".join(missed) if missed else "every goal is met")


def _holds(value: CellValue, true_j: float) -> bool:
    assert value.low_j is not None
    assert value.high_j is not None
    return value.low_j <= true_j <= value.high_j


def _holds_between(value: CellValue, expected_j: float) -> bool:
    assert value.between_low_j is not None
    assert value.between_high_j is not None
    return value.between_low_j <= expected_j <= value.between_high_j


def _per_cent(held: list[bool]) -> float:
    return 100 * sum(held) / len(held)


def _row(crowd: SensedCrowd, tool: str, metric: str, per_cent: float) -> report.Row:
    sure = 196 * math.sqrt(per_cent / 100 * (1 - per_cent / 100) / CELLS)
    return report.Row(
        crowd.case, tool, metric, per_cent, "%", (max(per_cent - sure, 0.0), min(per_cent + sure, 100.0))
    )


def _width(crowd: SensedCrowd, tool: str, ends: list[tuple[float | None, float | None]]) -> report.Row:
    halves = [50 * (high - low) for low, high in ends if low is not None and high is not None]
    return report.row(crowd.case, tool, "half-width, of the true energy", "%", halves)


if __name__ == "__main__":
    main()
