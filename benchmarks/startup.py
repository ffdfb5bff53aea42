"""Start-up of `joulemark` beside a bare interpreter of the same environment. Run by `make bench-startup`.

The goal is 2.5 times the bare interpreter for `--help`, `--version` and `verify`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "simulation")]

from benchmarks.report import Row, publish, row
from joulemark_simulation import records

ROUNDS = 31


def once_ms(command: list[str]) -> float:
    """One run from start to end, in milliseconds; it must end with status 0."""
    begin = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT, env={**os.environ, "COLUMNS": "80"}
    )
    return (time.perf_counter() - begin) * 1e3


def main() -> None:
    """Interleaved rounds; medians."""
    joulemark = str(Path(sys.executable).parent / "joulemark")
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "result.joulemark.json"
        bundle.write_bytes(records.bundle().to_bytes())
        cases = {
            "bare interpreter": [sys.executable, "-c", "pass"],
            "--version": [joulemark, "--version"],
            "--help": [joulemark, "--help"],
            "verify --help": [joulemark, "verify", "--help"],
            "verify FILE": [joulemark, "verify", str(bundle)],
        }
        times: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(ROUNDS):
            for case, command in cases.items():
                times[case].append(once_ms(command))
    tools = {case: "python" if case == "bare interpreter" else "joulemark" for case in cases}
    rows: list[Row] = [row(case, tools[case], "time", "ms", values) for case, values in times.items()]
    for case in list(cases)[1:]:
        ratios = [ours / bare for ours, bare in zip(times[case], times["bare interpreter"], strict=True)]
        rows.append(row(case, "joulemark / python", "ratio", "x", ratios))
    publish("startup", rows, packages=["cryptography", "securesystemslib", "msgspec"])


if __name__ == "__main__":
    main()
