"""Windows that run parts of a population: what a suite draws, what a record says, what the rules make of it."""

from __future__ import annotations

from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import asdict, replace

from joulemark.energy import budget
from joulemark.energy.analysis import analyse, mean_of_parts
from joulemark.energy.errors import TraceInconsistent
from joulemark.record.codec import decode, encode
from joulemark.record.errors import Malformed
from joulemark.record.keys import public_hex
from joulemark.record.messages import Ticket
from joulemark.record.trace import Population, Trace
from joulemark.rules import suite_rules
from joulemark.rules.case import Case, Context, TicketFacts
from joulemark.rules.judge import judge, judge_by
from joulemark.suite import Protocol, load_suite
from joulemark.suite.estimate import estimate
from joulemark_simulation import records
from tests import parts
from tests.core.analytic import GPU

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.record.statement import Predicate

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SEED = 17
FACTS = TicketFacts(
    id="a" * 32,
    nonce="b" * 32,
    sample_seed=SEED,
    task=parts.JOB.task,
    dataset=parts.JOB.dataset,
    model=parts.JOB.model,
    device_tag="ab" * 32,
    issued_at=NOW - timedelta(minutes=5),
    expires_at=NOW + timedelta(hours=1),
)
TICKET = Ticket(
    id=FACTS.id,
    nonce=FACTS.nonce,
    sample_seed=SEED,
    issued_at=FACTS.issued_at,
    expires_at=FACTS.expires_at,
)


def case(
    *,
    of: Trace | None = None,
    change: Callable[[Predicate], Predicate] = lambda said: said,
    suite: Any = parts.SUITE,
    **context: Any,
) -> Case:
    """An honest result in parts, as a platform sees it that knows `context`."""
    of = of or parts.trace(SEED)
    statement = parts.bundle(TICKET, of=of, change=change, now=NOW).statement()
    known = Context(
        received_at=NOW,
        audience=records.ORIGIN,
        public_key=public_hex(records.signing_key()),
        key_revoked=False,
        ticket=FACTS,
        suite=suite,
        same_trace_as=None,
    )
    return Case(statement, of, changed(known, **context))


def codes(of: Case) -> set[str]:
    return {finding.code for finding in judge(of).findings}


# ---- the suite


def test_the_lean_suite_is_the_standard_one_but_for_its_protocol() -> None:
    standard, lean = asdict(load_suite("a100-2024")), asdict(load_suite("a100-2024-lean"))
    differ = {name for name in standard if standard[name] != lean[name]}
    assert differ == {"name", "title", "digest", "protocol"}
    protocol: Protocol = lean["protocol"]
    assert (protocol.queries, protocol.half_width_target) == (1000, 0.02)
    assert protocol.window_s == 10.0
    assert protocol.runs_parts
    assert not load_suite("a100-2024").protocol.runs_parts


def test_it_costs_a_thirtieth_by_the_estimate_and_no_cell_takes_long() -> None:
    def minutes(name: str) -> list[float]:
        expected = []
        for row in estimate(load_suite(name)):
            if row.obstacle is not None:
                continue
            assert row.gpu_minutes is not None
            assert row.most_gpu_minutes is not None
            assert row.most_gpu_minutes >= row.gpu_minutes
            expected.append(row.gpu_minutes)
        return sorted(expected)

    full, lean = minutes("a100-2024"), minutes("a100-2024-lean")
    assert len(full) == len(lean) == 304
    assert sum(full) / 60 == pytest.approx(681.4, abs=0.1)
    assert sum(lean) / 60 < 23
    assert lean[152] < full[152] / 4
    assert lean[-1] < 12


def test_parts_are_drawn_from_the_first_queries_in_an_order_of_their_own() -> None:
    suite = replace(parts.SUITE, protocol=replace(parts.SUITE.protocol, queries=40))
    population = suite.population(parts.JOB.dataset)
    assert population == suite.query_ids(parts.JOB.dataset)[:40]
    order = suite.sample(parts.JOB.dataset, SEED, 40).query_ids
    assert sorted(order) == sorted(population)
    assert order != population
    assert order != suite.sample(parts.JOB.dataset, SEED + 1, 40).query_ids
    assert suite.sample(parts.JOB.dataset, SEED, 7).query_ids == order[:7]
    assert [population[place] for place in suite.places(parts.JOB.dataset, SEED)] == list(order)


def test_parts_need_two_windows_and_queries_without_pauses() -> None:
    fields = asdict(parts.SUITE.protocol)
    with pytest.raises(ValueError, match="two windows"):
        Protocol(**{**fields, "windows_min": 1})
    with pytest.raises(ValueError, match="throughput"):
        Protocol(**{**fields, "mode": "latency"})


# ---- the record


def test_a_population_travels_and_older_traces_say_nothing_of_one() -> None:
    of = parts.trace(SEED)
    assert decode(encode(of), Trace, what="trace").population == of.population
    assert b"population" not in encode(records.trace())


@pytest.mark.parametrize(
    "wrong",
    [{"sizes": (1, 2)}, {"unit": None}, {"queries": 99}, {"queries": 0}, {"sizes": (-1,) * 100}],
)
def test_sizes_are_of_all_queries_or_of_none(wrong: dict[str, Any]) -> None:
    honest = {"queries": 100, "inputs_sha256": "0" * 64, "sizes": (1,) * 100, "unit": "characters"}
    decode(msgspec.json.encode(honest), Population, what="population")
    with pytest.raises(Malformed):
        decode(msgspec.json.encode({**honest, **wrong}), Population, what="population")


def test_whoever_runs_the_population_states_the_same_content_whatever_the_order() -> None:
    digests = {
        parts.population(seed).content_sha256(parts.SUITE.places(parts.JOB.dataset, seed))
        for seed in range(5)
    }
    assert len(digests) == 1
    longer = replace(parts.population(1), sizes=(1, *parts.population(1).sizes[1:]))
    assert longer.content_sha256(parts.SUITE.places(parts.JOB.dataset, 1)) not in digests
    with pytest.raises(ValueError, match="places"):
        longer.content_sha256(range(99))


# ---- the energy


def test_a_run_of_parts_has_a_term_for_the_choice_of_its_queries() -> None:
    population = Population(queries=30, inputs_sha256="0" * 64)
    of = replace(records.gpu_trace(windows=3), population=population)
    lengths = (300_000, 500_000, 700_000, 499_960)
    queries = tuple(replace(one, duration_us=lengths) for one in of.queries)
    found = analyse(replace(of, queries=queries), GPU)
    terms = {term.name: term for term in found.budget}
    assert list(terms)[:2] == ["windows", "queries"]
    assert (terms["queries"].kind, terms["windows"].kind) == ("A", "A")
    assert 0.01 < terms["queries"].relative < 0.2
    assert found.of_parts is not None
    assert found.totals.energy_per_query_j == found.of_parts.per_query_j
    assert found.estimates["bracket"] == pytest.approx(found.totals.energy_per_query_j, rel=1e-9)
    assert budget.method_u(found.budget) >= terms["queries"].relative
    everything = analyse(replace(of, population=replace(population, queries=12)), GPU)
    assert next(term.relative for term in everything.budget if term.name == "queries") == 0.0


def test_only_windows_whose_queries_follow_each_other_are_parts() -> None:
    of = parts.trace(SEED)
    with pytest.raises(TraceInconsistent, match="does not say of what"):
        mean_of_parts(replace(of, population=None), [1.0, 1.0, 1.0])
    with pytest.raises(TraceInconsistent, match="follow each other"):
        mean_of_parts(replace(of, mode="latency"), [1.0, 1.0, 1.0])


# ---- the rules


@pytest.mark.parametrize("windows", [2, 3, 5])
def test_an_honest_run_of_parts_is_accepted(windows: int) -> None:
    assert codes(case(of=parts.trace(SEED, windows=windows))) == set()


def other_sample(said: Predicate) -> Predicate:
    """The first sixty of another order."""
    sample = parts.SUITE.sample(parts.JOB.dataset, SEED + 1, 60)
    return replace(said, workload=replace(said.workload, sample_sha256=sample.sha256))


def other_energy(said: Predicate) -> Predicate:
    totals = replace(said.totals, energy_per_query_j=said.totals.energy_per_query_j * 0.98)
    return replace(said, totals=totals)


def other_inputs(said: Predicate) -> Predicate:
    return replace(said, workload=replace(said.workload, inputs_sha256="5" * 64))


@pytest.mark.parametrize(
    ("change", "code"),
    [(other_sample, "JM-SAMPLE"), (other_energy, "JM-TOTALS"), (other_inputs, "JM-POPULATION")],
)
def test_what_is_stated_otherwise_is_rejected(change: Callable[[Predicate], Predicate], code: str) -> None:
    assert codes(case(change=change)) == {code}


def smaller_beyond(of: Trace) -> Trace:
    """The queries that did not run are said to be short, so that the mean comes out low."""
    assert of.population is not None
    sizes = tuple(size if place < 60 else 1 for place, size in enumerate(of.population.sizes))
    return replace(of, population=replace(of.population, sizes=sizes))


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (smaller_beyond, {"JM-POPULATION", "JM-PART-SIZES"}),
        (lambda of: replace(of, population=None), {"JM-POPULATION"}),
        (
            lambda of: replace(of, population=Population(queries=99, inputs_sha256="0" * 64)),
            {"JM-POPULATION"},
        ),
        (lambda of: replace(of, answers=of.answers[:-4]), {"JM-ANSWERS"}),
    ],
)
def test_a_trace_that_tells_of_another_population_is_not_believed(
    edit: Callable[[Trace], Trace], found: set[str]
) -> None:
    assert codes(case(of=edit(parts.trace(SEED)))) == found


def test_where_the_platform_has_no_texts_sizes_are_held_to_what_chance_allows() -> None:
    def found(of: Trace) -> set[str]:
        judged = judge_by((suite_rules.part_is_like_the_whole,), case(of=of))
        return {finding.code for finding in judged.findings}

    for seed in range(20):
        assert found(parts.trace(seed)) == set()
    assert found(smaller_beyond(parts.trace(SEED))) == {"JM-PART-SIZES"}


def test_a_population_has_no_place_in_a_suite_of_whole_samples() -> None:
    whole = replace(parts.SUITE, protocol=replace(parts.SUITE.protocol, sample="seeded", queries=20))
    assert "JM-POPULATION" in codes(case(suite=whole))


def test_windows_shorter_than_the_suite_says_are_put_aside() -> None:
    longer = replace(parts.SUITE, protocol=replace(parts.SUITE.protocol, window_s=1.5))
    assert codes(case(suite=longer)) == {"JM-WINDOWS-SHORT"}


def test_a_metric_is_over_no_more_answers_than_ran() -> None:
    def more(said: Predicate) -> Predicate:
        return replace(said, quality=tuple(replace(one, n=61) for one in said.quality))

    assert codes(case(change=more)) == {"JM-QUALITY"}


@pytest.mark.parametrize(("size", "put_aside"), [(12, False), (2000, True)])
def test_quality_is_held_to_others_by_how_many_queries_they_ran(size: int, *, put_aside: bool) -> None:
    def many(said: Predicate) -> Predicate:
        return replace(said, quality=tuple(replace(one, n=60, value=0.75) for one in said.quality))

    metrics = parts.SUITE.quality_metrics(parts.JOB.dataset)
    others = {metric: [0.99, 0.99, 0.99] for metric in metrics}
    sizes = {metric: [size] * 3 for metric in metrics}
    found = codes(case(change=many, quality_by_others=others, quality_sizes_by_others=sizes))
    assert found == ({"JM-QUALITY-BAND"} if put_aside else set())
