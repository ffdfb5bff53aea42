"""From a measured job to a signed bundle: numbers computed from the trace, nulls with their reasons."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from joulemark.energy.analysis import analyse
from joulemark.energy.errors import EnergyError
from joulemark.meters.cpu_share import CpuQuota, cpu_quota, thread_settings
from joulemark.meters.meter import sensor_of
from joulemark.meters.timer import boot_ns
from joulemark.record import statement as record
from joulemark.record import trace as traces
from joulemark.record.codec import decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.limits import MAX_BUNDLE_BYTES
from joulemark.record.sealing import absent, sealed
from joulemark.session.control_runs import stated_control
from joulemark.session.readings import readings_unusable
from joulemark.translation import gettext as _
from joulemark.workloads.threads import TorchThreads, torch_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from joulemark.energy.analysis import Analysis
    from joulemark.identity import Identity
    from joulemark.meters.meter import Meter
    from joulemark.record.bundle import Bundle
    from joulemark.record.messages import Ticket
    from joulemark.session.controls import Controls
    from joulemark.session.facts import MachineFacts
    from joulemark.session.measure import Measurement
    from joulemark.suite import Job, Sample, Suite
    from joulemark.workloads import Loaded, MissingQuality, Output, QualityScore

NO_IDLE = "estimate-has-no-idle"
NOT_A_NUMBER = "not-a-number"
"""Why a metric has no value whose library gave none, or an infinite one."""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What stays the same over a whole run."""

    origin: str
    session: str
    identity: Identity
    suite: Suite
    meter: Meter
    facts: MachineFacts
    flags: tuple[str, ...] = ()
    not_read: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Story:
    """What became of one job. `nonce` is the statement's own; `controls` were read as it began."""

    job: Job
    nonce: str
    ticket: Ticket | None
    sample: Sample
    loaded: Loaded
    measured: Measurement
    quality: tuple[QualityScore, ...]
    not_scored: tuple[MissingQuality, ...]
    inputs_sha256: str
    peak_memory_bytes: int | None
    controls: Controls | None = None
    flags: tuple[str, ...] = ()
    threads: TorchThreads = field(default_factory=torch_threads)


def new_nonce() -> str:
    """128 random bits in hex."""
    return secrets.token_hex(16)


def signed_bundle(around: Circumstances, story: Story) -> Bundle:
    """Sum up, sign and wrap one job; what is signed was decoded first, as whoever receives it will.

    Raises ReadingsUnusable when the readings give no result, or one that is larger than a platform takes.
    """
    trace = story.measured.trace
    try:
        raw, packed = traces.pack(trace)
        traces.parse(raw)
        predicate = _predicate(around, story, raw=raw, packed=packed)
        decode(encode(predicate), record.Predicate, what="result")
    except (EnergyError, RecordError) as error:
        raise readings_unusable(str(error), trace) from error
    bundle = sealed(
        predicate,
        raw=raw,
        packed=packed,
        outputs_sha256=outputs_sha256(story.measured.outputs),
        key=around.identity.key,
    )
    size = len(bundle.to_bytes())
    if size > MAX_BUNDLE_BYTES:
        raise readings_unusable(
            _(
                "The result has {size} bytes, but a platform accepts {max_bundle_bytes}: the run was "
                "too long."
            ).format(size=size, max_bundle_bytes=MAX_BUNDLE_BYTES),
            trace,
        )
    return bundle


def outputs_sha256(outputs: tuple[Output, ...]) -> str:
    """SHA-256 over a line for each answer of the first pass, in order: compact JSON `[query id, value]`."""
    return traces.sha256(b"".join(traces.output_line(output.query_id, output.value) for output in outputs))


def _predicate(around: Circumstances, story: Story, *, raw: bytes, packed: bytes) -> record.Predicate:
    measured = story.measured
    sensor = sensor_of(around.meter)
    analysis = analyse(measured.trace, sensor, board_name=around.facts.device.name)
    quality, not_a_number = _quality(story)
    quota = cpu_quota()
    control, control_reason = stated_control(measured.control, measured.trace, sensor)
    issued_at, moment = stamps()
    predicate = record.Predicate(
        audience=around.origin,
        session=around.session,
        nonce=story.nonce,
        started_at=moment(measured.started_ns),
        ended_at=moment(measured.ended_ns),
        issued_at=issued_at,
        contributor=record.Contributor(key_id=around.identity.key_id, public_key=around.identity.public_key),
        ticket=_ticket_ref(story.ticket),
        suite=suite_ref(around.suite),
        workload=_workload(around.suite, story),
        device=around.facts.device,
        host=around.facts.host,
        software=around.facts.software,
        sensor=sensor,
        idle=analysis.idle,
        windows=_windows(measured, analysis),
        totals=analysis.totals,
        quality=quality,
        trace=record.TraceInfo(encoding="zlib", encoded_sha256=traces.sha256(packed), raw_bytes=len(raw)),
        flags=tuple(sorted({*around.flags, *story.flags, *measured.flags, *analysis.flags})),
        absent={},
        estimates=analysis.estimates,
        not_estimated=analysis.not_estimated,
        comparisons=analysis.comparisons,
        budget=analysis.budget,
        not_read={**around.meter.absent, **around.not_read},
        not_scored={**{missing.metric: missing.reason for missing in story.not_scored}, **not_a_number},
        peak_memory_bytes=story.peak_memory_bytes,
        parallelism=record.Parallelism(
            intra_op_threads=story.threads.intra_op,
            inter_op_threads=story.threads.inter_op,
            cpu_quota=quota.cpus,
            settings=thread_settings(),
        ),
        power_controls=msgspec.UNSET if story.controls is None else story.controls.stated,
        control=control,
    )
    reasons = {
        **_reasons(around.facts, quota),
        **({} if story.controls is None else story.controls.absent),
        "control": control_reason,
    }
    return msgspec.structs.replace(predicate, absent=absent(predicate, reasons))


def stamps() -> tuple[datetime, Callable[[int], datetime]]:
    """Now, and what gives the calendar's time of a moment of `boot_ns`.

    The calendar is asked once: one that is set during a run can then not put the run's times out of order.
    """
    now, now_ns = datetime.now(UTC), boot_ns()
    return now, lambda at_ns: now - timedelta(microseconds=(now_ns - at_ns) // 1000)


def _quality(story: Story) -> tuple[tuple[record.Quality, ...], dict[str, str]]:
    """The metrics that have a value, and why the others have none."""
    numbers = tuple(
        record.Quality(metric=q.metric, value=q.value, n=q.n, higher_is_better=q.higher_is_better)
        for q in story.quality
        if math.isfinite(q.value)
    )
    return numbers, {q.metric: NOT_A_NUMBER for q in story.quality if not math.isfinite(q.value)}


def _ticket_ref(ticket: Ticket | None) -> record.TicketRef | None:
    if ticket is None:
        return None
    return record.TicketRef(id=ticket.id, nonce=ticket.nonce, sample_seed=ticket.sample_seed)


def suite_ref(suite: Suite) -> record.SuiteRef:
    """The suite as the record names it."""
    return record.SuiteRef(name=suite.name, version=suite.version, digest=suite.digest)


def _workload(suite: Suite, story: Story) -> record.Workload:
    job = story.job
    return record.Workload(
        task=job.task,
        dataset=job.dataset,
        dataset_revision=suite.dataset_revision(job.dataset),
        sample_sha256=story.sample.sha256,
        model=job.model,
        model_revision=suite.model_revision(job.model),
        weights_sha256=story.loaded.weights_sha256,
        parameters=story.loaded.parameters,
        dtype=story.loaded.dtype,
        batch_size=1,
        inputs_sha256=story.inputs_sha256,
    )


def _windows(measured: Measurement, analysis: Analysis) -> tuple[record.Window, ...]:
    return tuple(
        record.Window(
            start_s=window.start_s,
            end_s=window.end_s,
            queries=window.queries,
            output_tokens=output_tokens,
            energy_gross_j=window.gross_j,
            energy_net_j=window.net_j,
            input_tokens=input_tokens,
        )
        for window, output_tokens, input_tokens in zip(
            analysis.windows, measured.tokens, measured.input_tokens, strict=True
        )
    )


def _reasons(facts: MachineFacts, quota: CpuQuota) -> dict[str, str]:
    """Why each field may be null, by its path."""
    return {
        "ticket": "offline-run",
        "idle": NO_IDLE,
        "windows.energy_net_j": NO_IDLE,
        "totals.energy_net_j": NO_IDLE,
        "windows.output_tokens": "task-has-no-tokens",
        "windows.input_tokens": "tokens-not-counted",
        "peak_memory_bytes": "device-does-not-count",
        "sensor.stated_watts": "energy-is-measured",
        "parallelism.intra_op_threads": "torch-not-used",
        "parallelism.inter_op_threads": "torch-not-used",
        "parallelism.cpu_quota": quota.reason or "no-quota",
        "sensor.stated_watts_source": "energy-is-measured",
        **facts.absent,
    }
