"""Rows for tests of boards: contributors, and results whose bundles are signed and can be verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from joulemark.energy.budget import combined, method_u
from joulemark.record import keys, statement, trace
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark.record.messages import RECEIPT_TYPE, Receipt
from joulemark.rules.judge import RULES_VERSION
from joulemark.suite import load_suite
from joulemark_simulation.records import ORIGIN
from joulemark_simulation.statements import Measured, Packed, predicate_of, signed
from joulemark_simulation.statements import Run as StatedRun
from joulemark_simulation.statements import private_key as key_from
from measurements.catalog.models import AiModel, DataSet, Job, Suite
from measurements.catalog.services import load_suite_catalog, published_hardware
from measurements.contributors.models import Contributor, Key
from measurements.contributors.services import add_key, note_device
from measurements.intake.models import State, Submission, Ticket
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.models import Result, Verdict

START = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
serial = count(1)

SPECIFIC, GENERAL = "minilm-l6-v2", "smollm2-135m-instruct"
TOPICS, SENTIMENT = "demo-topics", "demo-sentiment"


def demo_catalog() -> Suite:
    """The demo suite's rows."""
    return load_suite_catalog(load_suite("demo"))


@cache
def private_key(name: str) -> Ed25519PrivateKey:
    """The same key for the same name."""
    return key_from(name.encode())


def contributor(name: str, *, display_name: str | None = None) -> Contributor:
    """The contributor called `name`, made on first use."""
    public = keys.public_hex(private_key(name))
    key = Key.objects.filter(public_key=public).first()
    if key:
        return key.contributor
    return add_key(key_id=keys.key_id(public), public_key=public, display_name=display_name).contributor


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a test wants to have been measured; everything else is the same for all."""

    by: str = "ada"
    device: str = "laptop"
    dataset: str = TOPICS
    model: str = SPECIFIC
    energy_per_query_j: float = 0.5
    grade: str = "estimated"
    scope: statement.Scope = "cpu"
    stratum: str = "float32.b1.power-default"
    state: str = State.ACCEPTED
    findings: tuple[tuple[str, str, str], ...] = ()
    windows: int = 4
    quality: tuple[tuple[str, float], ...] = (("accuracy", 0.875),)
    hardware: str = "AMD Ryzen 7 5800X"
    display_name: str | None = None
    flags: tuple[str, ...] = ()
    announced: bool = False
    not_scored: dict[str, str] = field(default_factory=dict)
    tokens: tuple[int | None, int | None] = (None, None)
    """Read and written, in each window."""
    peak_memory_bytes: int | None = None
    mean_power_w: float | None = 300.0
    """At which the result's energy was drawn; its trace says something else."""
    budget: tuple[statement.Term, ...] = ()
    absent: dict[str, str] = field(default_factory=lambda: {"device.power_limit_w": "no-gpu"})


def make_result(run: Run) -> Submission:
    """A submission with its verdict and, unless it was rejected, its result; no cell is refreshed."""
    suite, dataset = (
        Suite.objects.get(name="demo"),
        DataSet.objects.select_related("task").get(slug=run.dataset),
    )
    who = contributor(run.by, display_name=run.display_name)
    received_at = START + timedelta(minutes=next(serial))
    packed = Packed.of(_trace(run))
    predicate = _predicate(run, suite, dataset, received_at, packed)
    data = signed(predicate, packed, outputs_sha256="4" * 64, key=private_key(run.by)).to_bytes()
    result_id = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        leaf = append_leaf(kind=LeafKind.RESULT_RECEIVED, subject=result_id, facts={})
        receipt = Receipt(
            public_key=keys.public_hex(private_key("platform")),
            audience=ORIGIN,
            result_id=result_id,
            leaf_index=None,
            leaf_hash=leaf.leaf_hash,
            received_at=received_at,
            leaf=leaf.body.encode(),
        )
        submission = Submission.objects.create(
            ticket=_ticket(run, suite, who, received_at) if run.announced else None,
            result_id=result_id,
            bundle=data,
            trace_sha256=trace.sha256(packed.raw),
            key=who.keys.get(),
            received_at=received_at,
            state=run.state,
            receipt=encode(seal(encode(receipt), payload_type=RECEIPT_TYPE, key=private_key("platform"))),
            leaf=leaf,
        )
        if run.state != State.RECEIVED:
            _judge(run, submission, received_at)
    if run.state in {State.ACCEPTED, State.QUARANTINED}:
        _result(run, submission, predicate, suite, dataset, who)
    return submission


def _ticket(run: Run, suite: Suite, who: Contributor, at: datetime) -> Ticket:
    number = next(serial)
    return Ticket.objects.create(
        id=f"{number:032x}",
        nonce=f"{number:032x}",
        sample_seed=number,
        request_sha256=f"{number:064x}",
        key=who.keys.get(),
        job=Job.objects.get(suite=suite, dataset__slug=run.dataset, model__slug=run.model),
        device_tag=hashlib.sha256(run.device.encode()).hexdigest(),
        issued_at=at,
        expires_at=at + timedelta(days=7),
        leaf=append_leaf(kind=LeafKind.RUN_STARTED, subject=who.keys.get().key_id, facts={}),
    )


def _judge(run: Run, submission: Submission, at: datetime) -> None:
    Verdict.objects.create(
        submission=submission,
        rules_version=RULES_VERSION,
        state=run.state,
        findings=[{"code": c, "severity": s, "sentence": text} for c, s, text in run.findings],
        judged_at=at + timedelta(seconds=2),
        leaf=append_leaf(kind=LeafKind.VERDICT, subject=submission.result_id, facts={"state": run.state}),
    )


def _result(
    run: Run,
    submission: Submission,
    predicate: statement.Predicate,
    suite: Suite,
    dataset: DataSet,
    who: Contributor,
) -> None:
    slug = run.hardware.lower().replace(" ", "-")
    kind = "cpu" if run.grade == "estimated" else "gpu"
    hardware = published_hardware(slug=slug, title=run.hardware, kind=kind)
    totals = predicate.totals
    Result.objects.create(
        submission=submission,
        contributor=who,
        device=note_device(contributor=who, tag=predicate.device.tag, hardware_class=hardware),
        suite=suite,
        task=dataset.task,
        dataset=dataset,
        model=AiModel.objects.get(slug=run.model),
        hardware_class=hardware,
        grade=run.grade,
        scope=run.scope,
        stratum=run.stratum,
        meter=predicate.sensor.meter,
        session=predicate.session,
        started_at=predicate.started_at,
        received_at=submission.received_at,
        queries=totals.queries,
        window_count=run.windows,
        duration_s=totals.duration_s,
        energy_gross_j=totals.energy_gross_j,
        energy_per_query_j=totals.energy_per_query_j,
        latency_p50_s=totals.latency_p50_s,
        latency_p95_s=totals.latency_p95_s,
        input_tokens=None if run.tokens[0] is None else run.tokens[0] * run.windows,
        output_tokens=None if run.tokens[1] is None else run.tokens[1] * run.windows,
        relative_u=combined(run.budget) if run.budget else None,
        method_u=method_u(run.budget) if run.budget else None,
        mean_power_w=run.mean_power_w,
        quality=[
            {"metric": metric, "value": value, "n": 16 * run.windows, "higher_is_better": True}
            for metric, value in run.quality
        ],
    )


def _trace(run: Run) -> trace.Trace:
    spans = [
        trace.Span(kind="window", start_us=i * 1_000_000, end_us=(i + 1) * 1_000_000)
        for i in range(run.windows)
    ]
    ticks = tuple(i * 1_000_000 for i in range(run.windows + 1))
    stream = trace.Stream(
        name="cpu",
        scope="cpu",
        unit="cpu-us",
        joules_per_unit=1e-5,
        wraps_at=None,
        t_us=trace.to_deltas(ticks),
        value=trace.to_deltas(ticks),
    )
    each = trace.Queries(
        start_us=trace.to_deltas(range(0, 16 * 60_000, 60_000)), duration_us=trace.to_deltas([60_000] * 16)
    )
    return trace.Trace(version=1, streams=(stream,), spans=tuple(spans), queries=(each,) * run.windows)


def _predicate(
    run: Run, suite: Suite, dataset: DataSet, received_at: datetime, packed: Packed
) -> statement.Predicate:
    measured = run.grade == "measured"
    stated = StatedRun(
        key=private_key(run.by),
        audience=ORIGIN,
        session=hashlib.sha256(f"session {run.by}".encode()).hexdigest()[:32],
        nonce=f"{next(serial):032x}",
        started_at=received_at - timedelta(seconds=60),
        ended_at=received_at - timedelta(seconds=5),
        issued_at=received_at - timedelta(seconds=4),
        ticket=None,
        suite=statement.SuiteRef(name=suite.name, version=suite.version, digest=suite.digest),
        workload=statement.Workload(
            task=dataset.task.slug,
            dataset=run.dataset,
            dataset_revision=load_suite("demo").dataset_revision(run.dataset),
            sample_sha256="1" * 64,
            model=run.model,
            model_revision="0.1.0",
            weights_sha256="2" * 64,
            parameters=22_713_216,
            dtype="float32",
            batch_size=1,
        ),
        device=statement.Device(
            tag=hashlib.sha256(run.device.encode()).hexdigest(),
            kind="gpu" if measured else "cpu",
            name=run.hardware,
            memory_bytes=16 * 2**30,
            power_limit_w=None,
            power_limit_default_w=None,
            driver=None,
            vbios=None,
            ecc=None,
            mig=None,
        ),
        host=statement.Host(
            system="Linux",
            architecture="x86_64",
            cpu="AMD Ryzen 7 5800X",
            cpu_count=8,
            memory_bytes=16 * 2**30,
        ),
        software=statement.Software(
            agent_version="0.1.0", source_sha256="3" * 64, python="3.11.7", packages={"torch": "2.13.0"}
        ),
        sensor=statement.Sensor(
            meter="nvml-counter" if measured else "cpu-time-estimate",
            grade="measured" if measured else "estimated",
            scope=run.scope,
            stated_watts=None if measured else 10.0,
            stated_watts_source=None if measured else "default of the agent",
        ),
        quality=tuple(
            statement.Quality(metric=metric, value=value, n=16 * run.windows, higher_is_better=True)
            for metric, value in run.quality
        ),
        flags=run.flags,
        not_scored=run.not_scored,
        peak_memory_bytes=run.peak_memory_bytes,
        absent=run.absent,
    )
    return predicate_of(stated, _numbers(run), packed)


def _numbers(run: Run) -> Measured:
    """The numbers that the test wants, whatever the trace says."""
    window_j = run.energy_per_query_j * 16
    return Measured(
        windows=tuple(
            statement.Window(
                start_s=float(i),
                end_s=float(i + 1),
                queries=16,
                output_tokens=run.tokens[1],
                input_tokens=run.tokens[0],
                energy_gross_j=window_j * (1 + 0.02 * (i % 3 - 1)) if run.windows % 3 == 0 else window_j,
                energy_net_j=None,
            )
            for i in range(run.windows)
        ),
        totals=statement.Totals(
            queries=16 * run.windows,
            duration_s=float(run.windows),
            energy_gross_j=window_j * run.windows,
            energy_net_j=None,
            energy_per_query_j=run.energy_per_query_j,
            latency_p50_s=0.06,
            latency_p95_s=0.064,
        ),
        budget=run.budget,
    )
