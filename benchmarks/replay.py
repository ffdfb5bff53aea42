"""Results a second of one core by which a release is replayed, and the memory for it: `make bench-replay`.

Two kinds of release, each in two sizes. CPU estimates: written without a platform, one session after another. A100
sessions: a simulated crowd's, published by the platform. `joulemark replay --jobs 1` reads each from its files to its
report. Printed: results by second of the processor, in all and of what the larger release has more (then the start of
the program and of its libraries is left out), and the most memory that the process held, of both sizes.

BENCH_RESULTS (1000) is the number of estimates in the smaller release; the larger has four times as many. BENCH_CROWDS
(40x30,80x60) are contributors and days of the two crowds, BENCH_ROUNDS (3) is how often each release is replayed.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]
sys.path[:0] = SOURCES

from benchmarks import report
from joulemark.release.layout import LEAVES_PER_PART
from joulemark_simulation.small_release import Run, build, usual_runs

RESULTS = int(os.environ.get("BENCH_RESULTS", "1000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
TIMES = 4
CONTRIBUTORS = 40
CROWDS = [crowd.split("x") for crowd in os.environ.get("BENCH_CROWDS", "40x30,80x60").split(",")]
"""Contributors and days of the two crowds."""
OURS = "joulemark"
LOOK_EVERY_S = 0.02
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


def publish(folder: Path, contributors: str, days: str) -> Path:
    """The folder of releases of a new platform with a simulated crowd: SQLite, tasks in the process itself."""
    ours = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    } | {
        "JOULEMARK_DATA_DIR": str(folder),
        "JOULEMARK_ORIGIN": "http://127.0.0.1:8000",
        "JOULEMARK_LOG_LEVEL": "WARNING",
        "PYTHONPATH": os.pathsep.join(SOURCES),
    }
    crowd = ["simulate_crowd", "--contributors", contributors, "--days", days, "--seed", "7"]
    for words in (["prepare"], crowd, ["publish_release"]):
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=ROOT, env=ours, check=True, stdout=subprocess.DEVNULL)
    return folder / "releases"


def sessions(folder: Path) -> tuple[Path, Path]:
    """Two releases of simulated crowds, by the platform."""
    small, large = (publish(folder / f"crowd-{who}", who, days) for who, days in CROWDS)
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
            status, usage, peak_mb = ended(process.pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        answer = json.loads(out.read_bytes())
        assert answer["ok"], answer["differences"][:5]
        return Spent(answer["compared"]["results"], usage.ru_utime + usage.ru_stime, peak_mb)


def ended(pid: int) -> tuple[int, resource.struct_rusage, float]:
    """Wait for a process: its status, its times, and the megabytes that it held at most.

    Linux counts those of the program that it was forked from as its own, so its own are read while it runs.
    """
    peak_mb = 0.0
    while True:
        with suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            peak_mb = max([peak_mb, *(int(kb) / 1024 for kb in re.findall(r"VmHWM:\s+(\d+) kB", status))])
        found, exit_status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return exit_status, usage, peak_mb
        time.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    main()
