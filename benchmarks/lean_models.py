"""The demo's real models, each measured in whole and in parts on this machine, one after the other.

In whole: every query of its data set in each window, two windows before the parts and two behind them, so that a
machine that gets slower or faster meanwhile changes neither more than the other. In parts: windows of a second and a
half, a fifth of the queries or more, until the mean is known to 5 %. Energy is by the processor time of this process,
the meter that every machine has, so that both see the same sensor.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import torch
from msgspec.structs import replace

from joulemark import workloads
from joulemark.consensus.protocols import MeasuredTwice
from joulemark.energy.analysis import analyse
from joulemark.energy.precision import relative_half_width
from joulemark.meters.estimate import EstimateMeter
from joulemark.meters.meter import sensor_of
from joulemark.session.measure import measure
from joulemark.session.population import population_of
from joulemark.session.progress import Silent
from joulemark.suite import Protocol, Suite, load_suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.suite import Job
    from joulemark.workloads import Query, Workload

CORE_W = 10.0
SEED = 20261130
WHOLE = Protocol(
    queries=1,
    windows_min=2,
    windows_max=2,
    warmup_queries=3,
    idle_s=0.0,
    half_width_target=0.02,
    budget_s=600.0,
    sample="first",
)
PARTS = Protocol(
    queries=1,
    windows_min=4,
    windows_max=12,
    warmup_queries=3,
    idle_s=0.0,
    half_width_target=0.05,
    budget_s=60.0,
    sample="parts",
    window_s=1.5,
)


def whole_suite(protocol: Protocol) -> Suite:
    """The demo suite under a protocol; a window, or the population, is all rows of a data set."""
    demo = load_suite("demo")
    datasets = tuple(
        replace(dataset, queries_per_window=len(demo.query_ids(dataset.id))) for dataset in demo.datasets
    )
    return replace(demo, protocol=protocol, datasets=datasets)


def both_ways(*, jobs: int | None = None) -> list[MeasuredTwice]:
    """Each job of the demo suite by both protocols, or the first so many; on one thread, since waiting ones count."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as cache:
        return [_both_ways(job, Path(cache)) for job in load_suite("demo").jobs[:jobs]]


def _both_ways(job: Job, cache_dir: Path) -> MeasuredTwice:
    suite = whole_suite(PARTS)
    workload = workloads.open_workload(suite, job, device="cpu", cache_dir=cache_dir)
    try:
        workload.load()
        sample = suite.sample(job.dataset, SEED, suite.queries_per_window(job.dataset))
        queries = workload.queries(sample)
        whole = _in_whole(workload, queries)
        parts_j, parts_u = _by_parts(suite, job, workload, queries)
        whole += _in_whole(workload, queries)
    finally:
        workload.finish()
    return MeasuredTwice(
        cell=job.key,
        first_j=fmean(whole),
        first_u=relative_half_width(whole) / 2,
        second_j=parts_j,
        second_u=parts_u,
    )


def _by_parts(suite: Suite, job: Job, workload: Workload, queries: Sequence[Query]) -> tuple[float, float]:
    meter = EstimateMeter(watts=CORE_W)
    drawn_from = population_of(suite, job, queries, seed=SEED)
    assert drawn_from is not None
    measured = measure(workload, queries, meter, suite.protocol, Silent(), population=drawn_from.population)
    found = analyse(measured.trace, sensor_of(meter)).of_parts
    assert found is not None
    return found.per_query_j, found.relative_half_width / 2


def _in_whole(workload: Workload, queries: Sequence[Query]) -> list[float]:
    """Return the joules per query of each window."""
    meter = EstimateMeter(watts=CORE_W)
    measured = measure(workload, queries, meter, WHOLE, Silent())
    windows = analyse(measured.trace, sensor_of(meter)).windows
    return [window.gross_j / window.queries for window in windows]
