"""What the agent sends passes the rules by which a platform judges it: an estimate, and a counter."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from joulemark.meters import cpu_time, processor_checks
from joulemark.meters.meter import Reading, Tick
from joulemark.meters.rapl import meter as rapl
from joulemark.record import bundle as bundles
from joulemark.record import trace as traces
from joulemark.record.statement import offline_seed
from joulemark.rules.case import Case, Context
from joulemark.rules.judge import judge
from joulemark.suite.rows import Prompt
from tests.agent import fake_suite

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.meters.meter import Now
    from joulemark.outbox import OutboxResult
    from joulemark.suite import Sample, Suite
    from tests.agent.agent_commands import Agent

POWER_W = 15


def codes(kept: OutboxResult, suite: Suite | None = None) -> set[str]:
    """What the rules find in an offline result."""
    statement = bundles.verified_statement(kept.bundle)
    context = Context(
        received_at=datetime.now(UTC),
        audience=statement.predicate.audience,
        public_key=statement.predicate.contributor.public_key,
        key_revoked=False,
        ticket=None,
        suite=suite or fake_suite.suite(),
        same_trace_as=None,
    )
    trace = traces.parse(traces.unpack(kept.bundle.trace))
    return {finding.code for finding in judge(Case(statement, trace, context)).findings}


@pytest.fixture
def steady_rapl(agent: Agent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Agent:
    """A machine whose one package draws 15 W all the time."""
    package = tmp_path / "powercap" / "intel-rapl:0"
    package.mkdir(parents=True)
    for name, text in (("name", "package-0"), ("energy_uj", "0"), ("max_energy_range_uj", str(2**40))):
        (package / name).write_text(text, encoding="ascii")
    monkeypatch.setattr(rapl, "POWERCAP", package.parent)

    def read(_meter: object, now: Now) -> Reading:
        t_us = now()
        return Reading(ticks=(Tick(t_us, t_us * POWER_W),))

    monkeypatch.setattr(rapl.RaplMeter, "read", read)
    monkeypatch.setattr(processor_checks, "WATCH_S", 0.01)
    return agent


def test_an_estimate_is_accepted_without_a_reject(agent: Agent) -> None:
    assert agent("run", "--offline", "--meter", "estimate") == 0
    for kept in agent.outbox.results():
        assert codes(kept) == {"JM-TICKET-NONE"}


def test_a_counter_gives_gross_net_and_idle(steady_rapl: Agent) -> None:
    assert steady_rapl("run", "--offline", "--only", "writing/*") == 0
    (kept,) = steady_rapl.outbox.results()
    said = kept.bundle.statement().predicate
    assert (said.sensor.meter, said.sensor.grade, said.sensor.scope) == ("rapl", "measured", "cpu")
    assert said.idle is not None
    assert (said.idle.before_w, said.idle.after_w) == pytest.approx((POWER_W, POWER_W))
    for window in said.windows:
        at_15_watts = POWER_W * (window.end_s - window.start_s)
        assert window.end_s - window.start_s >= 0.1, "a hundred periods of the counter"
        assert window.queries % 5 == 0, "whole samples"
        assert window.energy_gross_j >= at_15_watts, "ticks are taken outwards"
        assert window.energy_net_j == pytest.approx(window.energy_gross_j - at_15_watts, abs=1e-9)
    assert said.absent["sensor.stated_watts"] == "energy-is-measured"
    assert said.flags == ()
    assert codes(kept) == {"JM-TICKET-NONE"}


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> Suite:
    """The tiny suite, its windows parts of the ten rows, each for a fifth of a second or longer."""
    tiny = fake_suite.suite()
    protocol = replace(tiny.protocol, sample="parts", queries=10, window_s=0.2)
    suite = replace(tiny, protocol=protocol)
    monkeypatch.setattr(fake_suite, "suite", lambda: suite)  # what the agent is given for any name

    def queries(_workload: object, sample: Sample) -> list[SimpleNamespace]:
        rows = suite.rows(suite.datasets[1].id)
        texts = {row.id: row.prompt for row in rows if isinstance(row, Prompt)}
        return [SimpleNamespace(id=name, inputs={"text": texts[name]}) for name in sample.query_ids]

    monkeypatch.setattr(fake_suite.Workload, "queries", queries)
    return suite


def test_a_run_of_parts_states_the_mean_of_all_and_is_believed(steady_rapl: Agent, in_parts: Suite) -> None:
    assert steady_rapl("run", "--offline", "--only", "writing/*") == 0
    (kept,) = steady_rapl.outbox.results()
    said = kept.bundle.statement().predicate
    trace = traces.parse(traces.unpack(kept.bundle.trace))
    assert codes(kept, in_parts) == {"JM-TICKET-NONE"}
    assert trace.population is not None
    assert (trace.population.queries, trace.population.unit) == (10, "characters")
    assert all(window.end_s - window.start_s >= 0.2 for window in said.windows)
    assert said.totals.queries > 10, "they are short: all ran, and again"
    assert len(trace.answer_digests()) == 10
    terms = {term.name: term.relative for term in said.budget}
    assert terms["queries"] == 0.0
    seed = offline_seed(said.nonce)
    order = in_parts.sample("letters", seed, 10)
    assert said.workload.sample_sha256 == order.sha256
    assert said.workload.inputs_sha256 == trace.population.content_sha256(in_parts.places("letters", seed))


def test_a_processor_that_others_keep_busy_is_refused_and_a_forced_run_is_flagged(
    steady_rapl: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others take 2 of its processors all the time."""
    began_s = time.monotonic()

    def busy_s(_processor: object) -> float:
        return 2.0 * (time.monotonic() - began_s)

    monkeypatch.setattr(cpu_time.ProcessorTime, "_read_busy_s", busy_s)
    monkeypatch.setattr(processor_checks, "WATCH_S", 0.05)
    answer = steady_rapl.json("run", "--offline", "--only", "writing/*")
    assert (steady_rapl.code, answer["error"]["code"]) == (7, "noisy-machine")
    assert "Other programs keep 2" in answer["error"]["sentence"]
    assert steady_rapl("run", "--offline", "--force", "--only", "writing/*") == 0
    (kept,) = steady_rapl.outbox.results()
    assert "noisy-machine" in kept.bundle.statement().predicate.flags
    assert "JM-DIRTY" in codes(kept)
    assert "cpu-foreign" in {gauge.name for gauge in traces.parse(traces.unpack(kept.bundle.trace)).gauges}
