"""Lies about sessions of a simulated GPU, through the real doors: edited, scaled, invented and borrowed traces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from joulemark.record.trace import Queries, Trace, from_deltas, to_deltas
from joulemark.rules.case import Case, Context
from joulemark_simulation import records
from joulemark_simulation.honest_cases import honest, measuring
from joulemark_simulation.trace_edits import counting, reading, scaled
from tests.contract.attacks.book import Outcome, attack
from tests.contract.attacks.conftest import Send
from tests.core.lies import invented, stating, suite_of

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]


@pytest.fixture
def a100() -> Case:
    return honest()["a100"]


@attack("(an honest session, for comparison)", "harmless", how="accepted")
def test_an_honest_session(send: Send, a100: Case) -> Outcome:
    return send(a100)


@attack("Edited total with the old trace", "rejected", "JM-TOTALS")
def test_edited_total(send: Send, a100: Case) -> Outcome:
    half = replace(a100.predicate.totals, energy_per_query_j=a100.predicate.totals.energy_per_query_j / 2)
    return send(stating(a100, totals=half))


@attack("Another result's trace reused", "rejected", "JM-TRACE-REUSED")
def test_replayed_trace(send: Send, a100: Case) -> Outcome:
    send(a100)
    again = Case(a100.statement, a100.trace, replace_ticket(a100))
    absent = {**again.predicate.absent, "ticket": "offline"}
    other = stating(again, ticket=None, nonce="5" * 32, absent=absent)
    found = send(other, key=records.signing_key(2))
    return Outcome(found.kind, found.codes & {"JM-TRACE-REUSED"})


@attack("Another result's trace with every energy scaled", "rejected", "JM-TRACE-REUSED")
def test_scaled_trace_of_another(send: Send, a100: Case) -> Outcome:
    send(a100)
    plain = Case(a100.statement, a100.trace, replace_ticket(a100))
    less = measuring(plain, lambda trace: scaled(trace, 0.83))
    absent = {**less.predicate.absent, "ticket": "offline"}
    found = send(stating(less, ticket=None, nonce="5" * 32, absent=absent), key=records.signing_key(2))
    return Outcome(found.kind, found.codes & {"JM-TRACE-REUSED"})


@attack("Another result's trace with every reading jittered and scaled", "rejected", "JM-TRACE-REUSED")
def test_jittered_trace_of_another(send: Send, a100: Case) -> Outcome:
    send(a100)
    draw = np.random.default_rng(5)

    def moved(trace: Trace) -> Trace:
        (stream,) = trace.streams
        t_us = np.array(from_deltas(stream.t_us)) + draw.integers(-3, 4, len(stream.t_us))
        queries = tuple(
            replace(
                one,
                duration_us=tuple(
                    int(us) for us in np.array(one.duration_us) + draw.integers(-3, 4, len(one.duration_us))
                ),
            )
            for one in trace.queries
        )
        times = to_deltas([int(us) for us in np.maximum.accumulate(t_us)])
        return replace(
            scaled(trace, 0.95),
            streams=(replace(scaled(trace, 0.95).streams[0], t_us=times),),
            queries=queries,
        )

    plain = Case(a100.statement, a100.trace, replace_ticket(a100))
    absent = {**plain.predicate.absent, "ticket": "offline"}
    found = send(
        stating(
            measuring(plain, moved), ticket=None, nonce="5" * 32, absent=absent, device={"tag": "77" * 32}
        ),
        key=records.signing_key(2),
    )
    return Outcome(found.kind, found.codes & {"JM-TRACE-REUSED"})


@attack("Own trace, every energy divided by five", "quarantined", "JM-IDLE-RANGE")
def test_scaled_down(send: Send, a100: Case) -> Outcome:
    return send(measuring(a100, lambda trace: scaled(trace, 0.2)))


@attack(
    "Own trace, every energy doubled",
    "rejected",
    "JM-CONTROL-ENERGY",
    "JM-IDLE-RANGE",
    "JM-NOISE",
    "JM-POWER-HIGH",
)
def test_scaled_up(send: Send, a100: Case) -> Outcome:
    return send(measuring(a100, lambda trace: scaled(trace, 2.0)))


@attack(
    "Counter scaled, power readings unchanged", "quarantined", "JM-COUNTER-POWER", "JM-DIRTY", "JM-ESTIMATORS"
)
def test_scaled_counter(send: Send, a100: Case) -> Outcome:
    def less(trace: Trace) -> Trace:
        return counting(trace, lambda _, value: np.round((value - value[0]) * 0.7) + value[0])

    return send(measuring(a100, less))


@attack(
    "Synthetic trace without noise",
    "quarantined",
    "JM-NOISE",
    "JM-COUNTER-POWER",
    "JM-DIRTY",
    "JM-ESTIMATORS",
)
def test_smooth_trace(send: Send, a100: Case) -> Outcome:
    return send(measuring(a100, lambda trace: invented(trace, idle_w=61.0, load_w=250.0)))


@attack(
    "Trace of a small model declared as a large one's",
    "rejected",
    "JM-MEMORY",
    "JM-ROOFLINE",
    "JM-ESTIMATORS",
)
def test_trace_of_another_model(send: Send) -> Outcome:
    small = honest()["l4"]
    model = suite_of(small).model("text-generation-7069016064")
    facts = replace_ticket(small, model=model.id)
    large = stating(
        Case(small.statement, small.trace, facts),
        workload={
            "model": model.id,
            "parameters": model.parameters,
            "model_revision": model.revision,
            "weights_sha256": model.weights_sha256,
        },
    )
    return send(large)


@attack("Windows that start late and end early", "rejected", "JM-LATENCY")
def test_narrow_windows(send: Send, a100: Case) -> Outcome:
    def narrow(trace: Trace) -> Trace:
        spans = tuple(
            replace(span, start_us=span.start_us + 1_500_000, end_us=span.end_us - 1_500_000)
            if span.kind == "window"
            else span
            for span in trace.spans
        )
        return replace(trace, spans=spans)

    found = send(measuring(a100, narrow))
    return Outcome(found.kind, found.codes & {"JM-LATENCY"})


@attack("Work continued outside the windows", "quarantined", "JM-REST")
def test_work_in_rests(send: Send, a100: Case) -> Outcome:
    def busy_rests(trace: Trace) -> Trace:
        rests = [span for span in trace.spans if span.kind == "rest"]

        def more(t_us: NDArray[Any], value: NDArray[Any]) -> NDArray[Any]:
            worked = sum(np.clip(t_us - span.start_us, 0, span.end_us - span.start_us) for span in rests)
            return np.round(value + worked * 250e-3)

        return counting(trace, more)

    found = send(measuring(a100, busy_rests))
    return Outcome(found.kind, found.codes & {"JM-REST"})


@attack("Run that began before its ticket was issued", "rejected", "JM-RUN-LENGTH", "JM-TICKET-LATE")
def test_longer_than_the_ticket(send: Send, a100: Case) -> Outcome:
    longer = stating(a100, started_at=a100.predicate.started_at - timedelta(hours=2))
    return send(longer, late=timedelta(hours=-2))


@attack("Run in which the machine and its clock slept for ten minutes", "quarantined", "JM-RUN-LENGTH")
def test_sleep(send: Send, a100: Case) -> Outcome:
    found = send(stating(a100, started_at=a100.predicate.started_at - timedelta(minutes=10)))
    return Outcome(found.kind, found.codes & {"JM-RUN-LENGTH"})


@attack("Other programs running during a RAPL measurement, without a flag", "quarantined", "JM-FLAGS")
def test_others_on_the_processor(send: Send) -> Outcome:
    def busy(trace: Trace) -> Trace:
        return reading(trace, "cpu-foreign", lambda t_us, ms: ms + (t_us / 1e3).astype(np.int64))

    return send(stating(measuring(honest()["rapl"], busy), flags=()))


@attack("Lowered power limit declared as the default", "quarantined", "JM-DEVICE")
def test_lowered_limit(send: Send, a100: Case) -> Outcome:
    lowered = measuring(a100, lambda trace: reading(trace, "gpu-power-limit", lambda _, w: w * 0 + 350_000))
    return send(stating(lowered, device={"power_limit_w": 350.0, "power_limit_default_w": 350.0}))


@attack("Another GPU declared as an A100", "rejected", "JM-DEVICE", "JM-UNCERTAINTY", "JM-ESTIMATORS")
def test_other_gpu(send: Send) -> Outcome:
    return send(stating(honest()["rtx-3090"], device={"name": "NVIDIA A100-SXM4-80GB"}))


@attack("Another GPU declared as an A100, with the A100 sensor's uncertainty", "quarantined", "JM-DEVICE")
def test_other_gpu_with_its_uncertainty(send: Send) -> Outcome:
    found = send(stating(honest()["l4"], device={"name": "NVIDIA A100-SXM4-80GB"}))
    return Outcome(found.kind, found.codes & {"JM-DEVICE"})


@attack("Slice of a GPU (MIG) declared as the whole", "quarantined", "JM-DEVICE")
def test_slice(send: Send, a100: Case) -> Outcome:
    return send(stating(a100, device={"name": "NVIDIA A100-SXM4-80GB MIG 1g.10gb"}))


@attack(
    "NVML library that returns constants",
    "quarantined",
    "JM-CONSTANT",
    "JM-COUNTER-POWER",
    "JM-DIRTY",
    "JM-ESTIMATORS",
)
def test_constant_library(send: Send, a100: Case) -> Outcome:
    return send(
        measuring(a100, lambda trace: reading(trace, "gpu-power-instant", lambda _, mw: mw * 0 + 250_000))
    )


@attack("NVML counter that rises at a constant rate", "quarantined", "JM-CONSTANT")
def test_constant_counter(send: Send, a100: Case) -> Outcome:
    found = send(
        measuring(a100, lambda trace: counting(trace, lambda t_us, _: np.round(70.0 * t_us / 1e3) + 10**9))
    )
    return Outcome(found.kind, found.codes & {"JM-CONSTANT"})


@attack("Cached answers", "rejected", "JM-LATENCY-SUM", "JM-POWER-HIGH")
def test_cached_answers(send: Send, a100: Case) -> Outcome:
    def cached(trace: Trace) -> Trace:
        queries = []
        for one in trace.queries:
            short = [max(round(length * 0.2), 1) for length in one.duration_us]
            left = [before - now for before, now in zip(one.duration_us, short, strict=True)]
            gaps = [one.gap_us[0], *(gap + more for gap, more in zip(one.gap_us[1:], left, strict=False))]
            queries.append(Queries(duration_us=tuple(short), gap_us=tuple(gaps)))
        return replace(trace, queries=tuple(queries))

    return send(measuring(a100, cached))


@attack("Truncated answers", "rejected", "JM-TOKENS")
def test_truncated_answers(send: Send, a100: Case) -> Outcome:
    cut = tuple(replace(window, output_tokens=0) for window in a100.predicate.windows)
    return send(stating(a100, windows=cut))


@attack("One query repeated instead of the sample", "quarantined", "JM-ANSWERS")
def test_one_query_again(send: Send, a100: Case) -> Outcome:
    def repeated(trace: Trace) -> Trace:
        return replace(trace, answers=trace.answers[:4] * (len(trace.answers) // 4))

    found = send(measuring(a100, repeated))
    return Outcome(found.kind, found.codes & {"JM-ANSWERS"})


@attack("Another revision of the model", "rejected", "JM-REVISION")
def test_other_revision(send: Send, a100: Case) -> Outcome:
    return send(stating(a100, workload={"model_revision": "2"}))


@attack("Other weights", "rejected", "JM-REVISION")
def test_other_weights(send: Send, a100: Case) -> Outcome:
    return send(stating(a100, workload={"weights_sha256": "0" * 64}))


@attack("Sample that is not the seeded one", "rejected", "JM-SAMPLE")
def test_other_sample(send: Send, a100: Case) -> Outcome:
    return send(stating(a100, workload={"sample_sha256": "0" * 64}))


@attack("Energy of 0", "rejected", "JM-ENERGY-ZERO")
def test_zero_energy(send: Send, a100: Case) -> Outcome:
    zero = tuple(replace(window, energy_gross_j=0.0) for window in a100.predicate.windows)
    found = send(stating(a100, windows=zero))
    return Outcome(found.kind, found.codes & {"JM-ENERGY-ZERO"})


@attack("Readings at times that no real clock produces", "quarantined", "JM-NOISE")
def test_round_times(send: Send, a100: Case) -> Outcome:
    def rounded(trace: Trace) -> Trace:
        (stream,) = trace.streams
        t_us = [time // 1000 * 1000 for time in from_deltas(stream.t_us)]
        return replace(trace, streams=(replace(stream, t_us=to_deltas(t_us)),))

    return send(measuring(a100, rounded))


def replace_ticket(case: Case, **changes: Any) -> Context:
    """The context with another ticket, or with none."""
    from dataclasses import replace as changed

    ticket = case.context.ticket
    return changed(case.context, ticket=changed(ticket, **changes) if changes and ticket else None)
