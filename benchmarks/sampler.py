"""What the sampler costs: its share of a core, how much it slows the work beside it, and its memory.

Run by `make bench-sampler`, on a simulated NVML in real time, whose calls cost what a driver's do. The work is paired:
the same pieces with the sampler and without it, in turn. Goals: 1 % of a core at ten reads a second, work slowed by
0.5 %, 50 MB for a session of 30 minutes.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "simulation")]

from benchmarks.report import Row, publish, row
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.sampler import Sampler
from joulemark.meters.timer import RealTimer
from joulemark_simulation.nvml.cards import H100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import ALL, Scenario, scripted
from joulemark_simulation.nvml.virtual import VirtualTimer

CALL_S = 0.0001
BLOCKS = int(os.environ.get("BENCH_BLOCKS", "60"))
PIECE_S = 0.5
SESSION_S = int(os.environ.get("BENCH_SESSION_S", "1800"))
INSIDE = "JOULEMARK_BENCH_INSIDE"


def work(rounds: int) -> float:
    """Seconds that so many rounds of plain Python take: the kind of work that a second thread disturbs most."""
    begin = time.perf_counter()
    for _ in range(rounds):
        sum(range(1000))
    return time.perf_counter() - begin


def rounds_of(seconds: float) -> int:
    """How many rounds take about so long."""
    work(1000)
    return max(1, round(1000 * seconds / work(1000)))


def slowed() -> tuple[list[float], list[float]]:
    """By block: slowing in percent, and the sampler's share of a core in percent.

    A block is the order without, with, with, without, so that a machine that drifts cancels; the clock of each piece
    is the wall's.
    """
    rounds = rounds_of(PIECE_S)
    slower, shares = [], []
    with (
        running(scripted(H100, call_costs_s={ALL: CALL_S}), real_clock=True) as simulation,
        simulation.here(),
    ):
        meter = NvmlMeter(environ={})
        for _ in range(BLOCKS):
            first_s = work(rounds)
            second_s, share = beside(meter, rounds)
            third_s, other_share = beside(meter, rounds)
            fourth_s = work(rounds)
            shares.append((share + other_share) / 2)
            slower.append(((second_s + third_s) / (first_s + fourth_s) - 1) * 100)
        meter.close()
    return slower, shares


def beside(meter: NvmlMeter, rounds: int) -> tuple[float, float]:
    """The work beside the sampler: its seconds, and the sampler thread's share of a core in percent."""
    with Sampler(meter, RealTimer()):
        thread = next(one for one in threading.enumerate() if one.name == "joulemark-sampler")
        clock = time.pthread_getcpuclockid(thread.ident or 0)
        before_s = time.clock_gettime(clock)
        taken_s = work(rounds)
        return taken_s, (time.clock_gettime(clock) - before_s) / taken_s * 100


def memory_mb() -> float:
    """How much a session of 30 minutes adds to the process, in megabytes; its clock is virtual, its reads are real."""
    with running(Scenario(card=H100, by_activity=True)) as simulation, simulation.here():
        timer = VirtualTimer(simulation)
        meter = NvmlMeter(environ={})
        timer.wait(1.0)
        gc.collect()
        before_kb = _resident_kb()
        with Sampler(meter, timer) as sampler:
            for _ in range(SESSION_S // 60):
                timer.work(300.0, 50.0)
                sampler.rest(10.0)
            added_kb = _resident_kb() - before_kb
            sampler.streams()
            sampler.gauges()
            added_kb = max(added_kb, _resident_kb() - before_kb)
        meter.close()
    return added_kb * 1024 / 1e6


def _resident_kb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024


def main() -> int:
    """Starts itself again in the simulated machine's environment: the loader reads it only at a program's start."""
    if INSIDE not in os.environ:
        with running(scripted(H100)) as simulation:
            environment = {**simulation.environment, INSIDE: "1"}
            return subprocess.run([sys.executable, __file__], env=environment, check=False).returncode
    slower, shares = slowed()
    rows: list[Row] = [
        row("10 reads a second", "joulemark", "share of a core", "%", shares),
        _interval(slower),
        row("30 minutes", "joulemark", "memory added", "MB", [memory_mb()]),
    ]
    publish("sampler", rows, packages=["nvidia-ml-py"])
    return 0


def _interval(slower: list[float]) -> Row:
    """The median of the blocks, with the interval that holds it in 95 of 100 (binomial): single blocks are noisy."""
    ordered = sorted(slower)
    half = 0.98 * len(ordered) ** 0.5
    low, high = (
        max(0, round(len(ordered) / 2 - half)),
        min(len(ordered) - 1, round(len(ordered) / 2 + half)),
    )
    return Row(
        "work beside it",
        "joulemark / alone",
        "slowed by",
        statistics.median(ordered),
        "%",
        (ordered[low], ordered[high]),
    )


if __name__ == "__main__":
    sys.exit(main())
