"""What a simulated contributor says and signs: enrolments, ticket requests, results. All of it follows from names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from django.conf import settings
from msgspec.structs import replace

import joulemark
from joulemark.record import statement as record
from joulemark.record import trace as traces
from joulemark.record.codec import encode
from joulemark.record.keys import public_hex
from joulemark.record.sealing import absent
from joulemark_simulation.signed_messages import enrolment_message, signed_message, ticket_message
from joulemark_simulation.statements import (
    Measured,
    Packed,
    Run,
    digest,
    nonce,
    predicate_of,
    signed,
    suite_ref,
    workload_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.record.bundle import Bundle
    from joulemark.suite import Job, Sample, Suite
    from joulemark_site.crowd.truth import Card

SENSOR = record.Sensor(
    meter="nvml-counter", grade="measured", scope="gpu", stated_watts=None, stated_watts_source=None
)
NULLS = {
    "ticket": "offline-run",
    "windows.output_tokens": "task-has-no-tokens",
    "windows.input_tokens": "tokens-not-counted",
    "sensor.stated_watts": "energy-is-measured",
    "sensor.stated_watts_source": "energy-is-measured",
}


def enrolment(key: Ed25519PrivateKey, *, name: str, at: datetime) -> bytes:
    """A self-signed enrolment under this display name."""
    own_nonce = nonce("enrol", public_hex(key))
    message = enrolment_message(key, audience=settings.ORIGIN, name=name, nonce=own_nonce, at=at)
    return encode(signed_message(message, key))


def ticket_request(
    key: Ed25519PrivateKey, *, suite: Suite, job: Job, device_tag: str, nonce: str, at: datetime
) -> bytes:
    """A signed request for a ticket. The same words give the same ticket, however often they are sent."""
    message = ticket_message(
        audience=settings.ORIGIN, suite=suite, job=job, device_tag=device_tag, nonce=nonce, at=at
    )
    return encode(signed_message(message, key))


@dataclass(frozen=True, kw_only=True)
class SessionFacts:
    """A run as its contributor tells it. `quality` is by metric; `flags` are those of the agent."""

    key: Ed25519PrivateKey
    suite: Suite
    job: Job
    card: Card
    device_tag: str
    nonce: str
    ticket: record.TicketRef | None
    sample: Sample
    started_at: datetime
    ended_at: datetime
    issued_at: datetime
    quality: Mapping[str, float]
    flags: tuple[str, ...] = ()


def answers_of(job: Job, sample: Sample) -> bytes:
    """The short digests of the answers of a model that answers alike everywhere."""
    return b"".join(
        traces.answer_digest(query, f"what {job.model} answers to {query}") for query in sample.query_ids
    )


def honest_predicate(facts: SessionFacts, trace: traces.Trace, packed: Packed) -> record.Predicate:
    """What an honest agent says about `trace`. Raises EnergyError."""
    suite, job = facts.suite, facts.job
    run = Run(
        key=facts.key,
        audience=settings.ORIGIN,
        session=nonce("session", public_hex(facts.key), facts.nonce),
        nonce=facts.nonce,
        started_at=facts.started_at,
        ended_at=facts.ended_at,
        issued_at=facts.issued_at,
        ticket=facts.ticket,
        suite=suite_ref(suite),
        workload=workload_of(
            suite,
            job,
            sample_sha256=facts.sample.sha256,
            inputs_sha256=digest("inputs", facts.sample.sha256),
        ),
        device=_device(facts),
        host=record.Host(
            system="Linux",
            architecture="x86_64",
            cpu="Simulated processor",
            cpu_count=16,
            memory_bytes=128 * 2**30,
        ),
        software=record.Software(
            agent_version=joulemark.__version__,
            source_sha256=digest("simulated agent"),
            python="3.11.7",
            packages={"torch": "2.13.0"},
        ),
        sensor=SENSOR,
        quality=tuple(
            record.Quality(metric=metric, value=value, n=len(facts.sample.query_ids), higher_is_better=True)
            for metric, value in facts.quality.items()
        ),
        flags=facts.flags,
        not_read=dict.fromkeys(get_args(traces.HostScope), "no-rapl"),
        peak_memory_bytes=round(4.4 * suite.model(job.model).parameters) + 300_000_000,
    )
    written = [
        _tokens(job) * len(queries.duration_us) if job.generates_text else None for queries in trace.queries
    ]
    measured = Measured.by(
        trace, SENSOR, board_name=facts.card.name, tokens=[(None, count) for count in written]
    )
    predicate = measured.stated_in(predicate_of(run, measured, packed))
    return replace(predicate, absent=absent(predicate, NULLS))


def _tokens(job: Job) -> int:
    return max((job.max_new_tokens or job.max_length or 1) // 2, 1)


def _device(facts: SessionFacts) -> record.Device:
    card = facts.card
    return record.Device(
        tag=facts.device_tag,
        kind="gpu",
        name=card.name,
        memory_bytes=card.memory_bytes,
        power_limit_w=card.limit_w,
        power_limit_default_w=card.limit_w,
        driver="570.86.15",
        vbios="92.00.36.00.01",
        ecc=True,
        mig=False,
    )


def bundle_of(facts: SessionFacts, predicate: record.Predicate, packed: Packed) -> Bundle:
    """The bundle that says `predicate`, true or not."""
    outputs = digest("outputs", facts.sample.sha256, facts.job.model)
    return signed(predicate, packed, outputs_sha256=outputs, key=facts.key)
