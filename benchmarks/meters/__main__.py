"""Every meter on every card, counter and workload: prints the table and writes build/bench/meters.json.

The process starts itself again in a simulated machine's environment, because the loader reads LD_LIBRARY_PATH only at
a program's start; there two workers share the trials.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.meters import ROOT, figures, tools
from benchmarks.meters.goals import verdicts
from benchmarks.meters.machine import simulated
from benchmarks.meters.scores import Cell, Scores, scores
from benchmarks.meters.table import sessions, table
from benchmarks.meters.trial import MODES, one_trial
from benchmarks.meters.workloads import workloads
from joulemark_simulation.nvml.cards import A100, CARDS

TRIALS = 6
TRIALS_OF_ONE = 2  # times as many where a single repetition is measured: how that goes is a matter of luck
WORKERS = 2
NAMES = [workload.name for workload in workloads(A100)]
FACTORS = [TRIALS_OF_ONE if workload.repetitions == 1 else 1 for workload in workloads(A100)]


def measured(profiles: list[str], trials: int) -> Scores:
    """All scores, in the order of the table; the longest workloads are begun first."""
    jobs = [
        (profile, number, trial)
        for number in reversed(range(len(NAMES)))
        for profile in profiles
        for trial in range(trials * FACTORS[number])
    ]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as workers:
        outcomes = dict(zip(jobs, workers.map(one_trial, *zip(*jobs, strict=True)), strict=True))
    return scores(
        (Cell(profile, mode, name), outcome)
        for profile in profiles
        for mode in MODES
        for number, name in enumerate(NAMES)
        for trial in range(trials * FACTORS[number])
        for outcome in outcomes[profile, number, trial]
        if outcome.mode == mode
    )


def report(found: Scores, *, trials: int, seconds: float) -> None:
    """The table, the verdicts and the file."""
    figures.write(found, trials=trials, seconds=seconds)
    names = [tool.name for tool in (*tools.counting(), *tools.polling())]
    print(*table(found, names), "", *sessions(found, names), "", sep="\n")
    if tools.OURS in names:
        print(*verdicts(found), sep="\n")
    else:
        print(f"{tools.OURS} was not measured: there is no {tools.OURS_MODULE} yet.")
    print(f"measured in {seconds:.0f} s, written to {figures.FILE}")


def main() -> int:
    """Start again in the simulated machine's environment, or be the process that was started there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.meters", description=__doc__)
    parser.add_argument("--profile", action="append", choices=CARDS, help="only this card (repeat for more)")
    parser.add_argument(
        "--trials",
        type=int,
        default=TRIALS,
        help="trials a cell (%(default)s), twice as many of a single repetition",
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        with simulated() as environment:
            again = [sys.executable, "-m", "benchmarks.meters", "--inside", *sys.argv[1:]]
            return subprocess.run(again, cwd=ROOT, env=environment, check=False).returncode
    begin_s = time.perf_counter()
    found = measured(options.profile or list(CARDS), options.trials)
    report(found, trials=options.trials, seconds=time.perf_counter() - begin_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
