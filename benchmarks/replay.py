"""Results a second of one core by which a release is replayed, and the memory for it: `make bench-replay`.

Two kinds of release, each in two sizes. CPU estimates: written without a platform, one session after another. A100
sessions: a simulated crowd's, published by the platform. `joulemark replay --jobs 1` reads each from its files to its
report. Printed: results by second of the processor, in all and of what the larger release has more (then the start of
the program and of its libraries is left out), and the most memory that the process held, of both sizes.

BENCH_RESULTS (1000) is the number of estimates in the smaller release; the larger has four times as many. BENCH_ROUNDS
(3) is how often each is replayed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]
sys.path[:0] = SOURCES

from benchmarks import report
from joulemark.release.layout import LEAVES_PER_PART
from tests.core.replay.small_release import Run, build, usual_runs
from tests.release_check import publish

RESULTS = int(os.environ.get("BENCH_RESULTS", "1000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
TIMES = 4
CONTRIBUTORS = 40
CROWDS = (("40", "30"), ("80", "60"))
"""Contributors and days of the two crowds."""
OURS = "joulemark"
PACKAGES = ("numpy", "pyarrow", "msgspec", "cryptography")


class Spent(NamedTuple):
    """What one replay took: results and verdicts that it compared, seconds of the processor, megabytes at most."""

    results: int
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Measure, print the table and write build/bench/replay.json."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*measured("CPU estimates", *estimates(folder)), *measured("A100 sessions", *sessions(folder))]
        report.publish("replay", rows, packages=PACKAGES)


def estimates(folder: Path) -> tuple[Path, Path]:
    """Two releases of estimates."""
    small, large = folder / "estimates", folder / "more-estimates"
    for root, count in ((small, RESULTS), (large, TIMES * RESULTS)):
        build(root, islice(runs(), count), width=LEAVES_PER_PART)
    return small, large


def runs() -> Iterator[Run]:
    """Sessions without end, by the contributors in turn."""
    jobs = usual_runs()[:2]
    number = 0
    while True:
        usual = jobs[number % 2]
        yield Run(1 + number // 2 % CONTRIBUTORS, usual.job, usual.busy + number % 7 / 100)
        number += 1


def sessions(folder: Path) -> tuple[Path, Path]:
    """Two releases of simulated crowds, by the platform."""
    small, large = (
        publish(
            folder / f"crowd-{contributors}", ["--contributors", contributors, "--days", days, "--seed", "7"]
        )
        for contributors, days in CROWDS
    )
    return small, large


def measured(case: str, small: Path, large: Path) -> list[report.Row]:
    """The rows of a kind of release in its two sizes."""
    pairs = [(replayed(small), replayed(large)) for _ in range(ROUNDS)]
    further = [(more.results - few.results) / (more.cpu_s - few.cpu_s) for few, more in pairs]
    few, more = pairs[0]
    return [
        report.row(
            f"{case}, {more.results:,} results", OURS, "whole command", "results a CPU second",
            [each.results / each.cpu_s for _, each in pairs],
        ),
        report.row(
            f"{case}, {more.results - few.results:,} results more", OURS, "without its start",
            "results a CPU second", further,
        ),
        report.row(f"{case}, {few.results:,} results", OURS, "memory at most", "MB", [a.peak_mb for a, _ in pairs]),
        report.row(f"{case}, {more.results:,} results", OURS, "memory at most", "MB", [b.peak_mb for _, b in pairs]),
    ]  # fmt: skip


def replayed(root: Path) -> Spent:
    """Replay a release once, by one process. Raises AssertionError where something differs."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "joulemark", "replay", str(root), "--jobs", "1", "--json"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(SOURCES[1:2])}
        out = Path(name) / "answer"
        with out.open("wb") as file:
            process = subprocess.Popen(
                [*command, "--state", str(Path(name) / "state")],
                stdout=file,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=name,
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        answer = json.loads(out.read_bytes())
        assert answer["ok"], answer["differences"][:5]
        return Spent(answer["compared"]["results"], usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
