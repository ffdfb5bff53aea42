"""`joulemark doctor` and `joulemark run` on a GPU, from the driver to a result that the rules accept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from joulemark.energy.analysis import analyse
from joulemark.record import bundle as bundles
from joulemark.record import trace as traces
from joulemark.record.statement import Predicate, Term
from joulemark.rules.case import Case, Context
from joulemark.rules.judge import judge
from joulemark.suite import load_suite
from joulemark_simulation.nvml.cards import A100, GA102, H100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import ENERGY, Failure, Idle, Process, Scenario, Sensor
from tests.agent import fake_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark_simulation.nvml.cards import Card

pytestmark = pytest.mark.long
PROGRAM = Path(__file__).with_name("run_on_gpu.py")
IDLE = Idle(watts=60.0, extra_w=5.0, decay_s=10.0, warm_s=5.0)
FIELDS = "nvmlDeviceGetFieldValues"
OTHERS = (Process(pid=os.getpid()), Process(pid=os.getppid()))
"""That run, and are not the agent's."""


@dataclass(frozen=True)
class Ended:
    """A finished command."""

    code: int
    answer: dict[str, Any]
    err: str
    home: Path


def scenario(card: Card = A100, **changes: Any) -> Scenario:
    return Scenario(card=card, by_activity=True, idle=IDLE, sensor=Sensor(noise_w=1.0), **changes)


def command(
    home: Path, of: Scenario, *arguments: str, driver: bool = True, environment: dict[str, str] | None = None
) -> Ended:
    """`joulemark ARGUMENTS --json` on a card."""
    folders = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "STATE", "CACHE")}
    with running(of, driver=driver) as simulation:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), *arguments, "--json"],
            env={
                **simulation.environment,
                **folders,
                "TMPDIR": str(home),
                "JOULEMARK_PLATFORM": "http://127.0.0.1:9",
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.stdout, done.stderr
    return Ended(done.returncode, json.loads(done.stdout), done.stderr, home)


def run(home: Path, of: Scenario, *arguments: str, **how: Any) -> Ended:
    return command(home, of, "run", "--offline", "--meter", "nvml", "--only", "writing/*", *arguments, **how)


def kept(ended: Ended) -> bundles.Bundle:
    (row,) = ended.answer["results"]
    return bundles.parse(Path(row["file"]).read_bytes())


def codes(bundle: bundles.Bundle) -> set[str]:
    """What the rules find in an offline result."""
    statement = bundles.verified_statement(bundle)
    context = Context(
        received_at=datetime.now(UTC),
        audience=statement.predicate.audience,
        public_key=statement.predicate.contributor.public_key,
        key_revoked=False,
        ticket=None,
        suite=fake_suite.suite(),
        same_trace_as=None,
    )
    trace = traces.parse(traces.unpack(bundle.trace))
    return {finding.code for finding in judge(Case(statement, trace, context)).findings}


def test_a_result_carries_its_evidence_and_is_believed(tmp_path: Path) -> None:
    ended = run(tmp_path, scenario(H100.part_time()))
    assert ended.code == 0, ended.err
    bundle = kept(ended)
    said = bundle.statement().predicate
    trace = traces.parse(traces.unpack(bundle.trace))
    timing = trace.streams[0].timing
    assert timing is not None
    assert (timing.coverage, timing.period_us) == ("part-time", 100_000)
    assert said.totals.energy_per_query_j == pytest.approx(300.0 * 0.05, rel=0.005)
    assert {"bracket", "counter", "derivative", "power", "average"} == set(said.estimates)
    assert " ".join(term.name for term in said.budget) == "windows edge idle tail phase gain offset"
    assert {gauge.name for gauge in trace.gauges} >= {"gpu-power-instant", "gpu-temperature", "gpu-throttle"}
    other_scopes = dict.fromkeys(("gpu-memory-power", "gpu-module-power"), "not-offered-by-gpu")
    assert said.not_read == {"cpu": "no-rapl", "dram": "no-rapl", **other_scopes}
    assert said.flags == ()
    assert codes(bundle) == {"JM-TICKET-NONE", "JM-TIMES"}, "the calendar is real and the run's clock is not"


def test_the_probe_is_made_once_and_kept(tmp_path: Path) -> None:
    first = run(tmp_path, scenario())
    second = run(tmp_path, scenario(), "--fresh")
    assert "probed now" in first.err
    assert "probed on" in second.err
    assert "Probing" not in second.err


def test_a_noisy_machine_is_refused_and_a_forced_run_is_flagged(tmp_path: Path) -> None:
    busy = scenario(processes=OTHERS)
    refused = run(tmp_path, busy)
    assert (refused.code, refused.answer["error"]["code"]) == (7, "noisy-machine")
    assert "--force" in refused.answer["error"]["sentence"]
    forced = run(tmp_path, busy, "--force")
    assert forced.code == 0, forced.err
    bundle = kept(forced)
    assert {"foreign-process", "noisy-machine"} <= set(bundle.statement().predicate.flags)
    assert "JM-DIRTY" in codes(bundle)


def test_a_hidden_flag_is_found(tmp_path: Path) -> None:
    from joulemark_simulation import records

    bundle = kept(run(tmp_path, scenario(processes=OTHERS), "--force"))

    def hide(payload: dict[str, Any]) -> None:
        payload["predicate"]["flags"] = []

    assert "JM-FLAGS" in codes(records.resealed(bundle, hide, key=_key(tmp_path)))


def test_an_edited_uncertainty_is_found(tmp_path: Path) -> None:
    from joulemark_simulation import records

    bundle = kept(run(tmp_path, scenario()))

    def shrink(payload: dict[str, Any]) -> None:
        payload["predicate"]["budget"][-1]["relative"] = 0.001

    def better(payload: dict[str, Any]) -> None:
        payload["predicate"]["estimates"]["power"] *= 0.9

    for edit in (shrink, better):
        assert "JM-UNCERTAINTY" in codes(records.resealed(bundle, edit, key=_key(tmp_path)))


@pytest.mark.parametrize(
    ("card", "changes", "driver", "sentence"),
    [
        (A100, {}, False, "No NVIDIA driver is installed"),
        (replace(A100, mig=1), {}, True, "is partitioned (MIG)"),
        (replace(GA102, counter_supported=False), {}, True, "has no energy counter"),
        (
            A100,
            {"failures": (Failure(function=FIELDS, error="gpu lost", start_s=140.0),)},
            True,
            "fell off the bus",
        ),
        (
            A100,
            {"failures": (Failure(function="nvmlInit", error="version mismatch"),)},
            True,
            "have different versions",
        ),
        (A100, {"counter_reset_s": 140.0}, True, "fell during the run"),
    ],
    ids=["no driver", "MIG", "no counter", "GPU lost", "driver mismatch", "counter reset"],
)
def test_what_cannot_be_measured_is_one_sentence_and_code_7(
    tmp_path: Path, card: Card, changes: dict[str, Any], *, driver: bool, sentence: str
) -> None:
    ended = run(tmp_path, scenario(card, **changes), driver=driver)
    assert ended.code == 7, ended.err
    sentences = [row["sentence"] for row in ended.answer["failed"]]
    if "error" in ended.answer:  # no job can be measured; a counter that fell costs its own job alone
        sentences.append(ended.answer["error"]["sentence"])
    assert any(sentence in one for one in sentences), sentences
    assert ("error" in ended.answer) == (sentence != "fell during the run")
    assert ended.answer["results"] == []
    assert "Traceback" not in ended.err


def test_a_driver_too_old_for_fields_is_asked_by_function(tmp_path: Path) -> None:
    old = scenario(failures=(Failure(function=FIELDS, error="not supported"),))
    said = kept(run(tmp_path, old)).statement().predicate
    assert said.totals.energy_per_query_j == pytest.approx(300.0 * 0.05, rel=0.005)


def test_a_driver_too_old_for_any_counter_says_so(tmp_path: Path) -> None:
    ancient = scenario(
        failures=(
            Failure(function=FIELDS, error="not supported"),
            Failure(function=ENERGY, error="not supported"),
        )
    )
    ended = run(tmp_path, ancient)
    assert (ended.code, "has no energy counter" in ended.answer["error"]["sentence"]) == (7, True)


def test_the_doctor_probes_and_says_what_is_there(tmp_path: Path) -> None:
    ended = command(tmp_path, scenario(A100.lagging()), "doctor")
    found = {finding["what"]: finding for finding in ended.answer["findings"]}
    assert (found["probe"]["state"], found["probe"]["value"]) == ("ok", "full")
    assert found["counter-period-ms"]["value"] == pytest.approx(100, abs=2)
    assert found["rapl"]["reason"] == "no-rapl"
    assert all(
        finding["reason"]
        for finding in ended.answer["findings"]
        if finding["area"] == "gpu" and finding["state"] == "not available"
    )


def test_the_quick_doctor_leaves_the_probe_out(tmp_path: Path) -> None:
    found = {
        finding["what"] for finding in command(tmp_path, scenario(), "doctor", "--quick").answer["findings"]
    }
    assert "nvml" in found
    assert "probe" not in found


def _key(home: Path) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    (path,) = (home / "CONFIG").rglob("key.pem")
    return load_pem_private_key(path.read_bytes(), password=None)


def edited_trace(bundle: bundles.Bundle, change: Callable[[traces.Trace], traces.Trace]) -> set[str]:
    """What the rules find in the honest statement with its trace changed, every number recomputed as a liar would."""
    said = bundle.statement()
    trace = change(traces.parse(traces.unpack(bundle.trace)))
    found = analyse(trace, said.predicate.sensor)
    windows = tuple(
        structs.replace(
            window, start_s=one.start_s, end_s=one.end_s, energy_gross_j=one.gross_j, energy_net_j=one.net_j
        )
        for window, one in zip(said.predicate.windows, found.windows, strict=True)
    )
    lie = structs.replace(
        said.predicate,
        windows=windows,
        totals=found.totals,
        idle=found.idle,
        estimates=found.estimates,
        not_estimated=found.not_estimated,
        comparisons=found.comparisons,
        budget=found.budget,
    )
    context = Context(
        received_at=datetime.now(UTC),
        audience=lie.audience,
        public_key=lie.contributor.public_key,
        key_revoked=False,
        ticket=None,
        suite=fake_suite.suite(),
        same_trace_as=None,
    )
    judged = judge(Case(structs.replace(said, predicate=lie), trace, context))
    return {finding.code for finding in judged.findings} - {"JM-TICKET-NONE", "JM-TIMES"}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> bundles.Bundle:
    return kept(run(tmp_path_factory.mktemp("honest"), scenario(H100.full())))


def on_stream(trace: traces.Trace, **timing: Any) -> traces.Trace:
    (stream,) = trace.streams
    assert stream.timing is not None
    return structs.replace(
        trace, streams=(structs.replace(stream, timing=structs.replace(stream.timing, **timing)),)
    )


def test_an_honest_trace_has_nothing_to_hide(honest: bundles.Bundle) -> None:
    assert edited_trace(honest, lambda trace: trace) == set()


def test_work_that_goes_on_in_a_rest_is_seen(honest: bundles.Bundle) -> None:
    def shorter(trace: traces.Trace) -> traces.Trace:
        """Every window begins in its middle; what was before it is called a rest."""
        spans, queries, number = [], [], 0
        for span in trace.spans:
            if span.kind != "window":
                spans.append(span)
                continue
            asked = trace.queries[number]
            half = len(asked.duration_us) // 2
            begin_us = asked.starts_us(span.start_us)[half]
            spans.append(traces.Span(kind="rest", start_us=span.start_us, end_us=begin_us))
            spans.append(structs.replace(span, start_us=begin_us))
            queries.append(
                traces.Queries(duration_us=asked.duration_us[half:], gap_us=(0, *asked.gap_us[half + 1 :]))
            )
            number += 1
        return structs.replace(trace, spans=tuple(spans), queries=tuple(queries))

    assert {"JM-REST", "JM-WINDOWS"} & edited_trace(honest, shorter)
    assert "JM-REST" in edited_trace(honest, shorter)


def test_a_counter_that_is_said_to_keep_other_time_is_seen(honest: bundles.Bundle) -> None:
    lies: list[dict[str, Any]] = [{"period_us": 500_000}, {"period_us": 1000}, {"delay_us": -900_000}]
    for lie in lies:
        assert "JM-TIMING" in edited_trace(honest, partial(on_stream, **lie)), lie


def test_a_gpu_without_timing_or_without_its_state_is_seen(honest: bundles.Bundle) -> None:
    def untimed(trace: traces.Trace) -> traces.Trace:
        return structs.replace(trace, streams=(structs.replace(trace.streams[0], timing=None),))

    def unseen(trace: traces.Trace) -> traces.Trace:
        kept_gauges = tuple(gauge for gauge in trace.gauges if gauge.name != "gpu-throttle")
        return structs.replace(trace, gauges=kept_gauges)

    assert "JM-TIMING" in edited_trace(honest, untimed)
    assert "JM-GAUGES" in edited_trace(honest, unseen)


def test_a_budget_without_readings_is_not_believed(honest: bundles.Bundle) -> None:
    """Also where no stream has a timing, as with an estimate."""
    from joulemark_simulation import records

    def invent(said: Predicate) -> Predicate:
        term = Term(name="gain", kind="B", relative=1e-6)
        return structs.replace(said, estimates={}, not_estimated={}, budget=(term,))

    bundle = records.bundle(change=invent)
    statement = bundle.statement()
    context = Context(
        received_at=datetime.now(UTC),
        audience=records.ORIGIN,
        public_key=statement.predicate.contributor.public_key,
        key_revoked=False,
        ticket=None,
        suite=load_suite("demo"),
        same_trace_as=None,
    )
    trace = traces.parse(traces.unpack(bundle.trace))
    assert "JM-UNCERTAINTY" in {finding.code for finding in judge(Case(statement, trace, context)).findings}


def test_another_mode_than_the_suites_is_seen(honest: bundles.Bundle) -> None:
    assert "JM-CONFIG" in edited_trace(honest, lambda trace: structs.replace(trace, mode="latency"))


def test_a_probe_that_cannot_be_kept_is_used(tmp_path: Path) -> None:
    state = tmp_path / "STATE" / "joulemark"
    state.mkdir(parents=True)
    (state / "probes").write_text("in the way")
    ended = run(tmp_path, scenario())
    assert ended.code == 0, ended.err
    assert "could not be stored" in ended.err


def test_a_probe_of_a_noisy_machine_is_not_kept(tmp_path: Path) -> None:
    busy = scenario(processes=OTHERS)
    assert command(tmp_path, busy, "doctor").code == 7
    assert list(tmp_path.rglob("probes/*")) == []


def test_a_probe_that_cannot_run_is_in_the_result(tmp_path: Path) -> None:
    ended = run(tmp_path, scenario(), environment={"JOULEMARK_TEST_NO_KERNEL": "1"})
    said = kept(ended).statement().predicate
    assert said.not_read["probe"] == "workload-error"
    assert {term.name: term.relative for term in said.budget}["phase"] > 0


def test_an_edited_probe_file_is_probed_anew(tmp_path: Path) -> None:
    run(tmp_path, scenario())
    (file,) = tmp_path.rglob("probes/*.json")
    stored = json.loads(file.read_bytes())
    stored["timing"]["period_us"] = 1
    file.write_text(json.dumps(stored))
    assert "probed now" in run(tmp_path, scenario(), "--fresh").err
