"""What must be alike within a cell: a processor's threads and quota are, a GPU's host is not asked."""

from __future__ import annotations

from itertools import product

import pytest
from made import predicate, signing_key, trace
from msgspec.structs import replace

from joulemark.record.statement import Parallelism, Predicate
from joulemark.suite import load_suite
from measurements.review.derive import stratum_of


@pytest.fixture(scope="module")
def said() -> Predicate:
    suite = load_suite("demo")
    return predicate(key=signing_key(), of=trace(), suite=suite, job=suite.jobs[0])


def parallel(said: Predicate, threads: int | None, quota: float | None, *, kind: str = "cpu") -> Predicate:
    stated = Parallelism(intra_op_threads=threads, inter_op_threads=1, cpu_quota=quota)
    return replace(said, parallelism=stated, device=replace(said.device, kind=kind))


def test_results_that_do_not_state_it_stay_where_they_are(said: Predicate) -> None:
    assert stratum_of(said) == "float32.b1.power-default"


def test_unlike_threads_and_quotas_do_not_share_a_cell(said: Predicate) -> None:
    cpus = said.host.cpu_count
    assert stratum_of(parallel(said, 4, None)) == "float32.b1.power-default.threads-4"
    assert stratum_of(parallel(said, 4, cpus)) == "float32.b1.power-default.threads-4", (
        "it takes nothing away"
    )
    limited = stratum_of(parallel(said, 4, cpus - 0.5))
    assert limited == f"float32.b1.power-default.threads-4.quota-{cpus - 0.5:g}"
    quotas = (None, *(0.25 + step for step in range(min(cpus, 4))))
    stated = [stratum_of(parallel(said, *one)) for one in product((None, 1, 2, 64), quotas)]
    assert len(set(stated)) == len(stated)


def test_the_threads_of_a_gpus_host_are_stated_and_change_no_cell(said: Predicate) -> None:
    assert stratum_of(parallel(said, 4, 0.5, kind="gpu")) == "float32.b1.power-default"


def test_the_longest_fits_its_column(said: Predicate) -> None:
    work = replace(said.workload, dtype="bfloat16", batch_size=65536)
    limits = replace(said.device, power_limit_w=100.0, power_limit_default_w=200.0)
    longest = replace(said, workload=work, device=limits, host=replace(said.host, cpu_count=70000))
    assert len(stratum_of(parallel(longest, 65536, 12345.678))) <= 60
