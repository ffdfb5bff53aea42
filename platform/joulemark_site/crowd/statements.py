"""What a simulated contributor says and signs: enrolments, ticket requests, results. All of it follows from names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from msgspec.structs import replace

import joulemark
from joulemark.energy.analysis import analyse
from joulemark.record import messages
from joulemark.record import statement as record
from joulemark.record import trace as traces
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark.record.keys import key_id, public_hex
from joulemark.record.sealing import absent, sealed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

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


def digest(*parts: object) -> str:
    """64 hex digits that depend on `parts` alone."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def signing_key(*parts: object) -> Ed25519PrivateKey:
    """The same key for the same parts. Anyone can have it too, which is why the crowd lives on loopback alone."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(repr(parts).encode()).digest())


def enrolment(key: Ed25519PrivateKey, *, name: str, at: datetime) -> bytes:
    """A self-signed enrolment under this display name."""
    public = public_hex(key)
    said = messages.Enrolment(
        audience=settings.ORIGIN,
        issued_at=at,
        nonce=digest("enrol", public)[:32],
        public_key=public,
        display_name=name,
    )
    return encode(seal(encode(said), payload_type=messages.ENROLMENT_TYPE, key=key))


def ticket_request(
    key: Ed25519PrivateKey, *, suite: Suite, job: Job, device_tag: str, nonce: str, at: datetime
) -> bytes:
    """A signed request for a ticket. The same words give the same ticket, however often they are sent."""
    said = messages.TicketRequest(
        audience=settings.ORIGIN,
        issued_at=at,
        nonce=nonce,
        suite=_suite_ref(suite),
        task=job.task,
        dataset=job.dataset,
        model=job.model,
        device_tag=device_tag,
    )
    return encode(seal(encode(said), payload_type=messages.TICKET_REQUEST_TYPE, key=key))


def _suite_ref(suite: Suite) -> record.SuiteRef:
    return record.SuiteRef(name=suite.name, version=suite.version, digest=suite.digest)


@dataclass(frozen=True, kw_only=True)
class Told:
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


@dataclass(frozen=True)
class Packed:
    """A trace's bytes, before and after compression."""

    raw: bytes
    compressed: bytes


def answers_of(job: Job, sample: Sample) -> bytes:
    """The short digests of the answers of a model that answers alike everywhere."""
    return b"".join(
        traces.answer_digest(query, f"what {job.model} answers to {query}") for query in sample.query_ids
    )


def said_of(told: Told, trace: traces.Trace, packed: Packed) -> record.Predicate:
    """What an honest agent says about `trace`. Raises EnergyError."""
    found, suite, job = analyse(trace, SENSOR, board_name=told.card.name), told.suite, told.job
    public = public_hex(told.key)
    model = suite.model(job.model)
    predicate = record.Predicate(
        audience=settings.ORIGIN,
        session=digest("session", public, told.nonce)[:32],
        nonce=told.nonce,
        started_at=told.started_at,
        ended_at=told.ended_at,
        issued_at=told.issued_at,
        contributor=record.Contributor(key_id=key_id(public), public_key=public),
        ticket=told.ticket,
        suite=_suite_ref(suite),
        workload=record.Workload(
            task=job.task,
            dataset=job.dataset,
            dataset_revision=suite.dataset_revision(job.dataset),
            sample_sha256=told.sample.sha256,
            model=job.model,
            model_revision=suite.model_revision(job.model),
            weights_sha256=str(model.weights_sha256),
            parameters=model.parameters,
            dtype="float32",
            batch_size=1,
            inputs_sha256=digest("inputs", told.sample.sha256),
        ),
        device=_device(told),
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
        idle=found.idle,
        windows=tuple(
            record.Window(
                start_s=one.start_s,
                end_s=one.end_s,
                queries=one.queries,
                output_tokens=_tokens(job) * one.queries if job.generates_text else None,
                energy_gross_j=one.gross_j,
                energy_net_j=one.net_j,
                input_tokens=None,
            )
            for one in found.windows
        ),
        totals=found.totals,
        quality=tuple(
            record.Quality(metric=metric, value=value, n=len(told.sample.query_ids), higher_is_better=True)
            for metric, value in told.quality.items()
        ),
        trace=record.TraceInfo(
            encoding="zlib",
            encoded_sha256=traces.sha256(packed.compressed),
            raw_bytes=len(packed.raw),
        ),
        flags=tuple(sorted({*told.flags, *found.flags})),
        absent={},
        estimates=found.estimates,
        not_estimated=found.not_estimated,
        comparisons=found.comparisons,
        budget=found.budget,
        not_read=dict.fromkeys(get_args(traces.HostScope), "no-rapl"),
        peak_memory_bytes=round(4.4 * model.parameters) + 300_000_000,
    )
    return replace(predicate, absent=absent(predicate, NULLS))


def _tokens(job: Job) -> int:
    return max((job.max_new_tokens or job.max_length or 1) // 2, 1)


def _device(told: Told) -> record.Device:
    card = told.card
    return record.Device(
        tag=told.device_tag,
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


def signed(told: Told, said: record.Predicate, packed: Packed) -> Bundle:
    """The bundle that says `said`, true or not."""
    outputs = digest("outputs", told.sample.sha256, told.job.model)
    return sealed(said, raw=packed.raw, packed=packed.compressed, outputs_sha256=outputs, key=told.key)
