"""Valid records for tests: a run of the demo suite as an honest agent would report it, with room for single changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from joulemark.record import keys, messages
from joulemark.record import statement as s
from joulemark.record import trace as t
from joulemark.record.bundle import Bundle
from joulemark.record.codec import encode
from joulemark.record.envelope import Envelope, seal
from joulemark.record.requests import Request
from joulemark.suite import Job, Suite, load_suite
from joulemark_simulation.signed_messages import enrolment_message, signed_message, ticket_message
from joulemark_simulation.statements import (
    Measured,
    Packed,
    Run,
    nonce,
    predicate_of,
    private_key,
    signed,
    suite_ref,
    workload_of,
)

R = TypeVar("R", bound=Request)
ORIGIN = "http://127.0.0.1:8000"
CORE_W = 12.0
QUERY_US = 50_000
GAP_US = 1_000


def signing_key(number: int = 1) -> Ed25519PrivateKey:
    """The same key for the same number."""
    return private_key(b"key %d" % number)


def estimate_sensor(watts: float = CORE_W) -> s.Sensor:
    """The meter of last resort, with so many watts per busy core."""
    return s.Sensor(
        meter="cpu-time-estimate",
        grade="estimated",
        scope="cpu",
        stated_watts=watts,
        stated_watts_source="a test",
    )


def trace(
    *, windows: int = 3, queries: int = 4, busy: float = 1.5, salt: int = 0, watts: float = CORE_W
) -> t.Trace:
    """A run on `busy` cores of so many watts: queries of 50 ms with gaps of 1 ms, a tick at both edges of a window.

    No two runs keep time alike: `salt` shifts the ticks, and from the 997th on also what lies between windows.
    """
    length = salt % 997 + queries * (QUERY_US + GAP_US) + GAP_US
    spans, queries_of_windows, times, values = [], [], [0], [1000 + salt]
    clock = 10_000
    for _ in range(windows):
        spans.append(t.Span(kind="window", start_us=clock, end_us=clock + length))
        starts = [clock + GAP_US + number * (QUERY_US + GAP_US) for number in range(queries)]
        queries_of_windows.append(t.Queries(start_us=t.to_deltas(starts), duration_us=(QUERY_US,) * queries))
        times += [clock, clock + length]
        values += [values[-1], values[-1] + round(length * busy)]
        clock += length + 5_000 + salt // 997
    stream = t.Stream(
        name="cpu-time",
        scope="cpu",
        unit="cpu-us",
        joules_per_unit=watts * 1e-6,
        wraps_at=None,
        t_us=t.to_deltas(times),
        value=t.to_deltas(values),
    )
    answers = b"".join(
        hashlib.sha256(b"answer %d of %d" % (number, salt)).digest()[:4] for number in range(queries)
    )
    return t.Trace(
        version=1, streams=(stream,), spans=tuple(spans), queries=tuple(queries_of_windows), answers=answers
    )


def predicate(
    *,
    key: Ed25519PrivateKey,
    of: t.Trace,
    suite: Suite,
    job: Job,
    ticket: messages.Ticket | None = None,
    now: datetime | None = None,
    tag: str = "ab" * 32,
) -> s.Predicate:
    """What an honest agent says about the trace `of`."""
    now = now or datetime.now(UTC)
    public, packed = keys.public_hex(key), Packed.of(of)
    own_nonce = nonce("result", public, packed.raw)
    seed = ticket.sample_seed if ticket else s.offline_seed(own_nonce)
    sample = suite.sample(job.dataset, seed=seed, count=suite.queries_per_window(job.dataset))
    written = [7 * len(each.duration_us) if job.generates_text else None for each in of.queries]
    run = Run(
        key=key,
        audience=ORIGIN,
        session=nonce("session", public),
        nonce=own_nonce,
        started_at=now - timedelta(seconds=60),
        ended_at=now - timedelta(seconds=1),
        issued_at=now,
        ticket=s.TicketRef(id=ticket.id, nonce=ticket.nonce, sample_seed=ticket.sample_seed)
        if ticket
        else None,
        suite=suite_ref(suite),
        workload=workload_of(
            suite, job, sample_sha256=sample.sha256, inputs_sha256=t.sha256(sample.sha256.encode())
        ),
        device=s.Device(
            tag=tag,
            kind="cpu",
            name="Testor 9000",
            memory_bytes=None,
            power_limit_w=None,
            power_limit_default_w=None,
            driver=None,
            vbios=None,
            ecc=None,
            mig=None,
        ),
        host=s.Host(
            system="Linux", architecture="x86_64", cpu="Testor 9000", cpu_count=2, memory_bytes=2**34
        ),
        software=s.Software(
            agent_version="0.1.0", source_sha256="cd" * 32, python="3.11.7", packages={"torch": "2.13.0"}
        ),
        sensor=estimate_sensor(round(of.streams[0].joules_per_unit * 1e6, 12)),
        quality=tuple(
            s.Quality(metric=name, value=0.75, n=12, higher_is_better=True)
            for name in suite.task(job.task).quality_metrics
        ),
        absent=absent(ticket=ticket, job=job),
    )
    measured = Measured.by(of, run.sensor, tokens=[(None, count) for count in written])
    return replace(predicate_of(run, measured, packed), idle=None)  # an estimate knows no rest


def absent(*, ticket: messages.Ticket | None, job: Job) -> dict[str, str]:
    """Why which field is null."""
    no_gpu = ("memory_bytes", "power_limit_w", "power_limit_default_w", "driver", "vbios", "ecc", "mig")
    reasons = {f"device.{name}": "no-gpu" for name in no_gpu}
    reasons |= {
        "idle": "estimate-has-no-idle",
        "windows.energy_net_j": "estimate-has-no-idle",
        "windows.input_tokens": "tokens-not-counted",
        "peak_memory_bytes": "device-does-not-count",
        "totals.energy_net_j": "estimate-has-no-idle",
    }
    if not job.generates_text:
        reasons["windows.output_tokens"] = "labels-only"
    return reasons if ticket else {**reasons, "ticket": "offline"}


def first_job(suite: Suite) -> Job:
    """A job of the suite to report on."""
    return suite.jobs[0]


def bundle(
    *,
    key: Ed25519PrivateKey | None = None,
    of: t.Trace | None = None,
    ticket: messages.Ticket | None = None,
    job: Job | None = None,
    change: Callable[[s.Predicate], s.Predicate] = lambda honest: honest,
    **facts: Any,
) -> Bundle:
    """A signed bundle. `change` edits the predicate before it is signed: what a liar with a real key would send."""
    key = key or signing_key()
    suite = load_suite("demo")
    job = job or first_job(suite)
    of = of or trace(queries=suite.queries_per_window(job.dataset))
    stated = change(predicate(key=key, of=of, suite=suite, job=job, ticket=ticket, **facts))
    return signed(stated, Packed.of(of), outputs_sha256=t.sha256(b"outputs"), key=key)


def resealed(
    original: Bundle, edit: Callable[[dict[str, Any]], None], *, key: Ed25519PrivateKey | None = None
) -> Bundle:
    """`original` with its payload edited as plain JSON and signed again, as a hand-made upload would be."""
    import json

    payload = json.loads(original.envelope.payload)
    edit(payload)
    envelope = seal(json.dumps(payload).encode(), payload_type=s.PAYLOAD_TYPE, key=key or signing_key())
    return replace(original, envelope=envelope)


def enrolment(
    *,
    key: Ed25519PrivateKey | None = None,
    name: str | None = None,
    now: datetime | None = None,
    **changes: Any,
) -> Envelope:
    """A self-signed enrolment."""
    key = key or signing_key()
    now = now or datetime.now(UTC)
    own_nonce = nonce("enrol", keys.public_hex(key), name, now)
    message = enrolment_message(key, audience=ORIGIN, name=name, nonce=own_nonce, at=now)
    return signed_message(replace(message, **changes), key)


def ticket_request(
    *,
    key: Ed25519PrivateKey | None = None,
    job: Job | None = None,
    now: datetime | None = None,
    **changes: Any,
) -> Envelope:
    """A signed ticket request for a job of the demo suite."""
    suite = load_suite("demo")
    job = job or first_job(suite)
    now = now or datetime.now(UTC)
    message = ticket_message(
        audience=ORIGIN, suite=suite, job=job, device_tag="ab" * 32, nonce=nonce("ticket", now), at=now
    )
    return signed_message(replace(message, **changes), key or signing_key())


def request(
    kind: type[R],
    payload_type: str,
    *,
    key: Ed25519PrivateKey | None = None,
    now: datetime | None = None,
    **fields: Any,
) -> Envelope:
    """A signed request about keys or results (`joulemark.record.requests`)."""
    now = now or datetime.now(UTC)
    own = fields.pop("nonce", None) or nonce(payload_type, fields, now)
    message = kind(**{"audience": ORIGIN, "issued_at": now, "nonce": own, **fields})
    return seal(encode(message), payload_type=payload_type, key=key or signing_key())


def gpu_trace(*, windows: int = 3, load_w: float = 300.0, idle_w: float = 60.0, queries: int = 4) -> t.Trace:
    """A run on a GPU whose full counter moves every 100 ms: idle, windows of 2 s with rests of 1.2 s, idle."""
    spans = [_span("warm-up", 0.0, 2.0), _span("idle-before", 2.3, 14.3)]
    at_s = 15.0
    for _ in range(windows):
        spans += [_span("window", at_s, at_s + 2.0), _span("rest", at_s + 2.0, at_s + 3.2)]
        at_s += 3.2
    spans.append(_span("idle-after", at_s, at_s + 12.0))
    busy = [(span.start_us, span.end_us) for span in spans if span.kind in ("warm-up", "window")]

    def energy_mj(t_us: int) -> int:
        worked_us = sum(max(0, min(t_us, end) - start) for start, end in busy if start < t_us)
        return round((idle_w * t_us + (load_w - idle_w) * worked_us) / 1e3)

    steps = range(100_000, spans[-1].end_us + 100_000, 100_000)
    times = [0, *(read for step in steps for read in (step - 1000, step))]
    values = [0, *(value for step in steps for value in (energy_mj(step - 100_000), energy_mj(step)))]
    power_mw = [round(1e3 * (b - a) / 100) for a, b in zip(values, values[2:], strict=False)]
    length_us = 2_000_000 // queries
    return t.Trace(
        version=1,
        streams=(
            t.Stream(
                name="gpu-board",
                scope="gpu",
                unit="mJ",
                joules_per_unit=1e-3,
                wraps_at=None,
                t_us=t.to_deltas(times),
                value=t.to_deltas(values),
                timing=t.Timing(
                    period_us=100_000, settle_us=150_000, delay_us=0, coverage="full", spread=0.004
                ),
            ),
        ),
        spans=tuple(spans),
        queries=(t.Queries(duration_us=(length_us - 10,) * queries, gap_us=(10,) * queries),) * windows,
        gauges=(
            t.Gauge(
                name="gpu-power-instant",
                unit="mW",
                t_us=t.to_deltas(times[2:]),
                value=t.to_deltas(power_mw),
            ),
            t.Gauge(name="gpu-temperature", unit="C", t_us=(0, 1_000_000), value=(40, 12)),
            t.Gauge(name="gpu-throttle", unit="mask", t_us=(0, 1_000_000), value=(0, 0)),
        ),
    )


def _span(kind: Any, start_s: float, end_s: float) -> t.Span:
    return t.Span(kind=kind, start_us=round(start_s * 1e6), end_us=round(end_s * 1e6))


def gpu_sensor() -> s.Sensor:
    """A GPU's own counter."""
    return s.Sensor(
        meter="nvml-counter", grade="measured", scope="gpu", stated_watts=None, stated_watts_source=None
    )
