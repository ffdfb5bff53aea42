"""Runs of the agent on simulated cards under the machine's own clock: 5 ms between readings, calls of up to 6 ms.

`python real_clock.py RUNS [SUITE...]` plays each suite's protocol so often on each of five cards, the counter probed
anew in the first run of each; without a name every suite in the software. `make real-clock`. It prints a line a run,
and ends with 1 if one gave no result.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent / part) for part in ("simulation", "agent")]

from joulemark.suite import suite_names
from joulemark_simulation.nvml.cards import A100, GA102, H100, V100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import ALL, Idle, Scenario, Sensor

PROGRAM = Path(__file__).with_name("run_real_clock.py")
READ = "nvmlDeviceGetFieldValues"
UNEVEN = replace(GA102, name="NVIDIA GeForce RTX 3080", counter_uneven=0.9, counter_lag_s=0.15)
CARDS = {
    "A100": (A100, 0.006),
    "H100": (H100, 0.001),
    "V100": (V100, 0.0005),
    "GA102": (GA102, 0.002),
    "uneven": (UNEVEN, 0.003),
}
"""Each with what a reading costs, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run: the exit code, what it printed as JSON and what it said beside that."""

    card: str
    code: int
    answer: dict[str, Any]
    err: str


def scenario(name: str) -> Scenario:
    """One of CARDS, whose power follows the work that is marked."""
    card, read_s = CARDS[name]
    return Scenario(
        card=card,
        by_activity=True,
        idle=Idle(watts=50.0, extra_w=4.0, decay_s=8.0, warm_s=4.0),
        sensor=Sensor(noise_w=1.0),
        call_costs_s={READ: read_s, ALL: 0.0001},
        costs_sleep=True,
    )


def run(name: str, suite: str, home: Path, *, timing: str | None = None, seconds: float = 120) -> Ended:
    """`joulemark run` on the card called `name`; `timing` spares the probe."""
    folders = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "STATE", "CACHE")}
    arguments = ("run", "--offline", "--fresh", "--meter", "nvml", "--only", "writing/*", "--json")
    with running(scenario(name), real_clock=True) as simulation:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), *arguments],
            env={
                **simulation.environment,
                **folders,
                "TMPDIR": str(home),
                "JOULEMARK_PLATFORM": "http://127.0.0.1:9",
                "JOULEMARK_TEST_PROTOCOL": suite,
                **({} if timing is None else {"JOULEMARK_TEST_TIMING": timing}),
            },
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    return Ended(card=name, code=done.returncode, answer=json.loads(done.stdout or "{}"), err=done.stderr)


def main(runs: int, suites: list[str]) -> int:
    """Every suite `runs` times on every card, the cards side by side."""

    def of(name: str) -> int:
        failed = 0
        with tempfile.TemporaryDirectory() as home:
            for number in range(runs * len(suites)):
                suite = suites[number % len(suites)]
                ended = run(name, suite, Path(home), seconds=1200)
                failed += ended.code != 0
                last = ended.err.strip().splitlines()[-1:] if ended.code else []
                print(f"{name:8} {suite:16} {'ok' if not ended.code else ended.code}", *last, flush=True)
        return failed

    with ThreadPoolExecutor(len(CARDS)) as pool:
        failed = sum(pool.map(of, CARDS))
    print(f"{failed} of {runs * len(suites) * len(CARDS)} runs gave no result.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:] or list(suite_names())))
