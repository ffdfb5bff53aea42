"""The lean protocol beside the full one, on every cell of the standard suite that runs: `make bench-lean`.

Three parts. GPU hours, by `suite estimate` and by the clock of a simulated card (benchmarks/lean_card.py) under the
agent's own `measure`, one job after the other. How often the stated 95 % interval holds the population's mean, and the
mean error, over sessions drawn directly (BENCH_REPEATS of each cell) and over those on the card. And the demo's real
models, each measured in whole and in parts on this machine, with the test that decides whether both protocols agree.
BENCH_CELLS takes every so manieth cell; BENCH_FULL=0 leaves the full protocol's clock out, BENCH_REAL=0 the models.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from random import Random
from statistics import fmean, median
from typing import TYPE_CHECKING

sys.path.extend(str(Path(__file__).resolve().parents[1] / place) for place in ("", "agent", "simulation"))

import numpy as np

from benchmarks import report
from benchmarks.lean_card import Card, Work
from benchmarks.lean_cells import QUERIES, SEED, Cell, cells
from joulemark.consensus.protocols import MeasuredTwice, ProtocolAgreement, compare_protocols
from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.budget import method_u
from joulemark.energy.population import PopulationMean, WindowPart, population_mean
from joulemark.meters import sampler
from joulemark.meters.meter import sensor_of
from joulemark.record.trace import Population
from joulemark.session.measure import measure
from joulemark.session.progress import Silent
from joulemark.suite import Protocol, load_suite
from joulemark.suite.estimate import estimate
from joulemark.workloads.base import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY = int(os.environ.get("BENCH_CELLS", "1"))
REPEATS = int(os.environ.get("BENCH_REPEATS", "20"))
WITH_FULL = os.environ.get("BENCH_FULL", "1") != "0"
WITH_MODELS = os.environ.get("BENCH_REAL", "1") != "0"
FULL, LEAN = "a100-2024", "a100-2024-lean"
LOADING_S = 20.0
WINDOW_WANDER, QUERY_WANDER = 0.003, 0.01
"""Relative standard deviations: a window's pace and its power, and one run of a query beside the next."""
OVERHEAD_S, REST_S = 60.0, 1.2
GOAL_HOURS, GOAL_SHARE, GOAL_MINUTES, GOAL_BIAS = 23.0, 0.25, 12.0, 0.3
GOAL_COVERAGE = (93.0, 97.0)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One job on the card: how long it took, what it says, and what was true."""

    job: str
    seconds: float
    found: Analysis
    true_j: float

    @property
    def error(self) -> float:
        """Relative."""
        return self.found.totals.energy_per_query_j / self.true_j - 1

    @property
    def u(self) -> float:
        """Relative standard uncertainty of the method."""
        return method_u(self.found.budget)


def main() -> None:
    """Measure, print the table and the goals, and write build/bench/lean.json."""
    drawn = cells()[::EVERY]
    rows, missed = _hours_by_estimate(whole=EVERY == 1)
    if WITH_MODELS:
        from benchmarks.lean_models import both_ways

        _say("the demo's models on this machine")
        more, wrong = _real_models(both_ways())
        rows += more
        missed += wrong
    _say(f"{len(drawn)} cells on a simulated card, lean")
    lean = on_card(drawn, load_suite(LEAN).protocol, part_time=True)
    _say(f"{len(drawn)} cells on a simulated card, full" if WITH_FULL else "no full protocol: BENCH_FULL=0")
    full = on_card(drawn, load_suite(FULL).protocol, part_time=False) if WITH_FULL else []
    _say(f"{len(drawn) * REPEATS} sessions without a card")
    for found in (_hours_by_clock(full, lean), _coverage(drawn), _coverage_on_card(lean)):
        rows += found[0]
        missed += found[1]
    if full:
        rows += _agreement("simulated cells", compare_protocols(_pairs(full, lean)))
    report.publish("lean", rows, packages=["numpy"])
    print("\n".join(missed) if missed else "every goal is met")


def _say(what: str) -> None:
    print(f"now: {what}", file=sys.stderr, flush=True)


def on_card(drawn: Sequence[Cell], protocol: Protocol, *, part_time: bool) -> list[Session]:
    """Every cell after the other on one card, which cools a little while the next model is loaded."""
    sessions, warmth = [], 0.0
    for number, cell in enumerate(drawn):
        chances = Random(SEED + number)  # noqa: S311 - chances, no secrets
        card = Card(chances, part_time=part_time, warmth=warmth)
        sessions.append(_session(card, cell, protocol, chances))
        warmth = card.warmth_after(LOADING_S)
    return sessions


def _session(card: Card, cell: Cell, protocol: Protocol, chances: Random) -> Session:
    order = list(range(QUERIES))
    population = None
    if protocol.runs_parts:
        chances.shuffle(order)
        sizes = tuple(int(cell.sizes[query]) for query in order)
        population = Population(queries=QUERIES, inputs_sha256="0" * 64, sizes=sizes, unit="characters")
    else:
        sampler.PERIOD_S = (
            10.0  # between windows the counter is read as ever; in hours of work that is enough
        )
    work = Work(card, cell)
    measured = measure(
        work,
        [Query(str(number), {}, None) for number in order],
        card,
        protocol,
        Silent(),
        timings=(card.timing(),),
        timer=card,
        population=population,
    )
    found = analyse(measured.trace, sensor_of(card))
    return Session(
        job=cell.job,
        seconds=card.now_s,
        found=found,
        true_j=cell.mean_j * work.warm_over_nominal(found.totals.queries),
    )


def drawn_session(cell: Cell, protocol: Protocol, chance: np.random.Generator) -> PopulationMean:
    """A lean session without a card: windows of queries in a random order, until the protocol says it is enough."""
    order = chance.permutation(QUERIES)
    sizes = cell.sizes[order]
    parts: list[WindowPart] = []
    spent_s, ahead = OVERHEAD_S, 0
    while True:
        pace, power = chance.normal(1.0, WINDOW_WANDER, 2)
        durations, joules, seconds = [], 0.0, 0.0
        while seconds < protocol.window_s:
            query = order[ahead % QUERIES]
            lasted_s = float(cell.seconds[query] * pace * chance.normal(1.0, QUERY_WANDER))
            durations.append(lasted_s)
            joules += lasted_s * float(cell.watts[query]) * power
            seconds += lasted_s
            ahead += 1
        parts.append(WindowPart(energy_j=joules, seconds=seconds, durations_s=np.array(durations)))
        spent_s += seconds + REST_S
        if len(parts) < protocol.windows_min:
            continue
        found = population_mean(parts, population=QUERIES, sizes=sizes)
        enough = found.relative_half_width < protocol.half_width_target
        if enough or len(parts) == protocol.windows_max or spent_s >= protocol.budget_s:
            return found


def _hours_by_estimate(*, whole: bool) -> tuple[list[report.Row], list[str]]:
    minutes = {
        name: [row.gpu_minutes or 0.0 for row in estimate(load_suite(name)) if row.obstacle is None]
        for name in (FULL, LEAN)
    }
    rows = [row for name in (FULL, LEAN) for row in _hour_rows("by suite estimate", name, minutes[name])]
    return rows, _missed_hours("by suite estimate", minutes[FULL], minutes[LEAN]) if whole else []


def _hours_by_clock(full: Sequence[Session], lean: Sequence[Session]) -> tuple[list[report.Row], list[str]]:
    by_name = {FULL: full, LEAN: lean}
    minutes = {name: [one.seconds / 60 for one in found] for name, found in by_name.items() if found}
    rows = [
        row for name, found in minutes.items() for row in _hour_rows("by the simulated clock", name, found)
    ]
    if FULL not in minutes or EVERY > 1:
        return rows, []
    return rows, _missed_hours("by the simulated clock", minutes[FULL], minutes[LEAN])


def _hour_rows(case: str, name: str, minutes: list[float]) -> list[report.Row]:
    hours = sum(minutes) / 60
    return [
        report.Row(f"{len(minutes)} cells, {case}", name, "all together", hours, "GPU hours", (hours, hours)),
        report.row(f"{len(minutes)} cells, {case}", name, "a cell", "min", minutes),
    ]


def _missed_hours(case: str, full: list[float], lean: list[float]) -> list[str]:
    missed = []
    if sum(lean) / 60 > GOAL_HOURS:
        missed.append(f"missed: {case}: {sum(lean) / 60:.1f} GPU hours, goal {GOAL_HOURS}")
    if median(lean) > GOAL_SHARE * median(full):
        missed.append(
            f"missed: {case}: the median cell takes {median(lean) / median(full):.2f} of the full one"
        )
    if max(lean) > GOAL_MINUTES:
        missed.append(f"missed: {case}: the longest cell takes {max(lean):.1f} min, goal {GOAL_MINUTES}")
    return missed


def _coverage(drawn: Sequence[Cell]) -> tuple[list[report.Row], list[str]]:
    """Over sessions drawn directly, by task and together."""
    protocol = load_suite(LEAN).protocol
    errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number, cell in enumerate(drawn):
        chance = np.random.default_rng([SEED, number, 2])
        for _ in range(REPEATS):
            session = drawn_session(cell, protocol, chance)
            errors[cell.task].append((session.per_query_j / cell.mean_j - 1, session.relative_half_width))
    everything = [error for found in errors.values() for error in found]
    rows, missed = _covered(f"{len(everything)} drawn sessions", everything, goals=True)
    for task, found in errors.items():
        rows += _covered(f"{len(found)} drawn sessions, {task}", found, goals=False)[0]
    return rows, missed


def _coverage_on_card(lean: Sequence[Session]) -> tuple[list[report.Row], list[str]]:
    """Over whole sessions: here the meter's own errors are in it, and the budget's other terms."""
    return _covered(f"{len(lean)} sessions on a card", [(one.error, 2 * one.u) for one in lean], goals=False)


def _covered(
    case: str, found: Sequence[tuple[float, float]], *, goals: bool
) -> tuple[list[report.Row], list[str]]:
    inside = 100 * fmean(abs(error) <= half for error, half in found)
    sure = 196 * (inside / 100 * (1 - inside / 100) / len(found)) ** 0.5
    bias = 100 * fmean(error for error, _ in found)
    off = 196 * float(np.std([error for error, _ in found])) / len(found) ** 0.5
    rows = [
        report.Row(
            case, LEAN, "interval holds the mean", inside, "%", (inside - sure, min(inside + sure, 100))
        ),
        report.Row(case, LEAN, "mean error", bias, "%", (bias - off, bias + off)),
        report.row(case, LEAN, "half-width", "%", [100 * half for _, half in found]),
    ]
    missed = []
    if goals and not GOAL_COVERAGE[0] <= inside <= GOAL_COVERAGE[1]:
        missed.append(f"missed: {case}: the interval holds {inside:.1f} %, goal {GOAL_COVERAGE}")
    if goals and abs(bias) > GOAL_BIAS:
        missed.append(f"missed: {case}: mean error {bias:.2f} %, goal {GOAL_BIAS}")
    return rows, missed


def _pairs(full: Sequence[Session], lean: Sequence[Session]) -> list[MeasuredTwice]:
    """Each energy over what the card truly drew for the population, so that its warmth is in neither."""
    return [
        MeasuredTwice(
            cell=one.job, first_j=1 + one.error, first_u=one.u, second_j=1 + two.error, second_u=two.u
        )
        for one, two in zip(full, lean, strict=True)
    ]


def _agreement(case: str, found: ProtocolAgreement) -> list[report.Row]:
    mean = 100 * found.mean
    low, high = (100 * (value if value is not None else found.mean) for value in (found.low, found.high))
    print(f"{case}: the protocols {found.verdict} over {found.cells} cells")
    return [
        report.Row(case, f"{LEAN} / {FULL}", f"{found.verdict}: mean difference", mean, "%", (low, high)),
        report.Row(
            case, f"{LEAN} / {FULL}", "dispersion", found.dispersion, "", (found.dispersion, found.dispersion)
        ),
    ]


def _real_models(pairs: Sequence[MeasuredTwice]) -> tuple[list[report.Row], list[str]]:
    rows, missed = [], []
    for pair in pairs:
        off, joint = 100 * pair.difference, 200 * hypot(pair.first_u, pair.second_u)
        case = str(pair.cell)
        rows.append(report.Row(case, "parts / whole", "difference", off, "%", (off - joint, off + joint)))
        if abs(off) > joint:
            missed.append(f"missed: {case}: parts differ from the whole by {off:.2f} %, within {joint:.2f} %")
    return rows + _agreement("the demo's models", compare_protocols(pairs)), missed


if __name__ == "__main__":
    main()
