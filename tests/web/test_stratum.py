"""What must be alike within a cell: a processor's threads and quota are, a GPU's host is not asked."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from joulemark.leaderboard.stratum import stratum_of
from joulemark.record.statement import Parallelism, PowerControls, Predicate
from joulemark.suite import load_suite
from joulemark_simulation.records import predicate, signing_key, trace


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


BY_DEFAULT = PowerControls(
    workload_profiles=(),
    workload_profiles_requested=(),
    smoothing=False,
    smoothing_profile=None,
    edpp_percent=100,
    limit_least_w=200.0,
    limit_most_w=1000.0,
    module_limit_w=1000.0,
    module_limit_default_w=1000.0,
    sm_clock_most_mhz=1965,
    memory_clock_most_mhz=3996,
    boost_clock_most_mhz=1965,
    application_clock_mhz=1965,
    application_clock_default_mhz=1965,
    clock_reasons=0x7FF,
)
NOTHING_TOLD = PowerControls(**dict.fromkeys(PowerControls.__struct_fields__))


def controlled(said: Predicate, **changes: object) -> str:
    return stratum_of(replace(said, power_controls=replace(BY_DEFAULT, **changes)))


def test_what_is_as_by_default_or_cannot_be_told_has_no_word(said: Predicate) -> None:
    assert controlled(said) == stratum_of(said)
    assert stratum_of(replace(said, power_controls=NOTHING_TOLD)) == stratum_of(said)
    assert controlled(said, workload_profiles_requested=(3,)) == stratum_of(said), (
        "asked for and not enforced"
    )
    assert controlled(said, sm_clock_most_mhz=1755, limit_most_w=1200.0) == stratum_of(said), (
        "a board, not a setting"
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"workload_profiles": (2,)}, "profile-2"),
        ({"workload_profiles": (11, 6)}, "profile-6-11"),
        ({"smoothing": True}, "smoothing"),
        ({"smoothing": True, "smoothing_profile": 3}, "smoothing-3"),
        ({"edpp_percent": 90}, "edpp-90"),
        ({"module_limit_w": 800.0}, "module-lowered"),
        ({"application_clock_mhz": 1500}, "clock-lowered"),
        ({"smoothing": True, "edpp_percent": 80}, "smoothing.edpp-80"),
    ],
)
def test_a_gpu_that_was_told_otherwise_has_a_cell_of_its_own(
    said: Predicate, changes: dict[str, object], word: str
) -> None:
    assert controlled(said, **changes) == f"{stratum_of(said)}.{word}"


def test_however_much_was_told_it_fits_its_column_and_stays_apart(said: Predicate) -> None:
    work = replace(said.workload, dtype="bfloat16", batch_size=65536)
    many = {"smoothing": True, "smoothing_profile": 255, "edpp_percent": 10000, "application_clock_mhz": 1}
    long = [
        controlled(replace(said, workload=work), workload_profiles=tuple(range(first, 256)), **many)
        for first in range(20)
    ]
    assert max(map(len, long)) <= 60
    assert len(set(long)) == len(long)
