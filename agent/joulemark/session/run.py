"""One run, from the plan to the last receipt."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joulemark import identity as identities
from joulemark import workloads
from joulemark.errors import (
    EXIT_IMPOSSIBLE,
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
    NoisyMachine,
    NotEnrolled,
)
from joulemark.meters.compose import GpuBesideHost
from joulemark.meters.preflight import preflight, require_quiet
from joulemark.meters.timer import RealTimer
from joulemark.outbox import Kept, Outbox
from joulemark.platform_client import PlatformClient
from joulemark.record.codec import encode
from joulemark.record.envelope import Envelope, seal
from joulemark.record.messages import TICKET_REQUEST_TYPE, PlatformKey, TicketRequest
from joulemark.record.statement import offline_seed
from joulemark.session import plan, sensor_timing, state
from joulemark.session.delivery import Delivery, deliver
from joulemark.session.machine_lock import only_run
from joulemark.session.measure import measure
from joulemark.session.plan import Missing
from joulemark.session.statement import (
    Circumstances,
    Story,
    new_nonce,
    signed_bundle,
    suite_ref,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.config import Config
    from joulemark.meters.choose import Choice, Wanted
    from joulemark.meters.device import DeviceFacts
    from joulemark.meters.meter import Meter
    from joulemark.record.trace import Timing
    from joulemark.session.plan import Selection
    from joulemark.session.watch import Watch
    from joulemark.suite import Job


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asked for."""

    suite: str = "demo"
    only: str | None = None
    meter: Wanted = "auto"
    cpu_watts: float | None = None
    offline: bool = False
    submit: bool = True
    fresh: bool = False
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class Done:
    """One finished job. `resumed` when an earlier run of the session had measured it."""

    key: str
    kept: Kept
    resumed: bool
    delivery: Delivery | None = None


@dataclass(kw_only=True)
class Report:
    """What a run did, filled while it goes on, so that an interruption can tell how far it came."""

    selection: Selection | None = None
    choice: Choice | None = None
    session: str | None = None
    planned: int = 0
    done: list[Done] = field(default_factory=list)
    failed: list[Missing] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, unless a job failed or a result was refused or could not be sent."""
        if self.failed:
            return EXIT_IMPOSSIBLE
        hows = {done.delivery.how for done in self.done if done.delivery is not None}
        if "refused" in hows:
            return EXIT_REFUSED
        return EXIT_UNREACHABLE if "waiting" in hows else EXIT_OK


def run(config: Config, options: Options, watch: Watch, report: Report) -> None:
    """Measure what the session still lacks, keep each result, then send it.

    Raises AgentError; `report` tells how far.
    """
    selection = plan.select(options.suite, options.only)
    report.selection = selection
    plan.require_jobs(selection)  # its error says what to install, so the notes below need not
    for sentence, keys in plan.by_sentence(selection.missing).items():
        watch.note(f"Left out: {', '.join(keys)}. {sentence}")
    identity = (
        identities.load_or_create(config.folders) if options.offline else identities.load(config.folders)
    )
    if identity is None:
        raise NotEnrolled("There is no key yet. Run `joulemark enrol` first, or measure with `--offline`.")
    enrolled = (
        None if options.offline else identities.require_enrolment(config.folders, config.origin, identity)
    )
    choice, device = plan.open_meter(options.meter, cpu_watts=options.cpu_watts or config.cpu_watts)
    report.choice = choice
    with closing(choice.meter), only_run():
        facts = plan.device_facts(choice, config)
        ready = _ready(choice.meter, facts, device, config, options, watch)
        session = state.resume_or_begin(
            config.folders,
            origin=config.origin,
            suite_digest=selection.suite.digest,
            meter=choice.meter.name,
            fresh=options.fresh,
        )
        report.session = session.nonce
        around = Circumstances(
            origin=config.origin,
            session=session.nonce,
            identity=identity,
            suite=selection.suite,
            meter=choice.meter,
            device=facts,
            device_tag=identities.device_tag(facts.identity, config.origin),
            flags=ready.flags,
            not_read=ready.not_read,
        )
        with nullcontext() if options.offline else PlatformClient(config.origin) as client:
            if client is not None:
                identities.check_platform_key(config.folders, config.origin, client.platform_key())
            work = _Work(
                around=around,
                device=device,
                timings=ready.timings,
                outbox=Outbox(config.folders),
                client=client,
                key=None if enrolled is None or not options.submit else enrolled.platform,
                config=config,
                watch=watch,
                report=report,
            )
            work.all(selection, session)


@dataclass(frozen=True, kw_only=True)
class _Readiness:
    """How each counter keeps time, the flag of a machine that was forced, and why the probe is not to be relied on."""

    timings: tuple[Timing | None, ...]
    flags: tuple[str, ...] = ()
    not_read: dict[str, str] = field(default_factory=dict)


def _ready(
    meter: Meter,
    facts: DeviceFacts,
    device: str,
    config: Config,
    options: Options,
    watch: Watch,
) -> _Readiness:
    """Preflight and probe of a GPU.

    Raises NoisyMachine unless forced. Other meters need neither.
    """
    if not isinstance(meter, GpuBesideHost):
        return _Readiness(timings=(None,) * len(meter.streams))
    timer = RealTimer()
    flags: tuple[str, ...] = ()
    watch.stage("preflight", total=None)
    try:
        require_quiet(preflight(meter.gpu.card, timer))
    except NoisyMachine as error:
        if not options.force:
            raise
        watch.note(f"Forced, and flagged: {error}")
        flags = ("noisy-machine",)
    if sensor_timing.stored_timing(facts, config.folders) is None:
        watch.note("Probing the energy counter; this takes about 80 s, once for each GPU and driver.")
    watch.stage("probe", total=None)
    known = sensor_timing.timing_of(meter, facts, device, config.folders, timer, keep=not flags)
    watch.note(f"{known.sentence.rstrip('.')}.")
    return _Readiness(
        timings=tuple(known.timing if info.scope == "gpu" else None for info in meter.streams),
        flags=flags,
        not_read={} if known.reason is None else {"probe": known.reason},
    )


@dataclass(frozen=True, kw_only=True)
class _Work:
    """The jobs of one run, under its circumstances. `key` is None when nothing is to be sent."""

    around: Circumstances
    device: str
    timings: tuple[Timing | None, ...]
    outbox: Outbox
    client: PlatformClient | None
    key: PlatformKey | None
    config: Config
    watch: Watch
    report: Report

    def all(self, selection: Selection, session: state.Session) -> None:
        """Send what the session has kept, then measure the rest; room for a result is held meanwhile."""
        before = state.finished(session, self.outbox)
        todo = [job for job in selection.jobs if job.key not in before]
        self.report.planned = len(todo)
        for job in selection.jobs:
            kept = before.get(job.key)
            if kept is not None:
                if kept.note_fault is not None:
                    self.watch.note(kept.note_fault)
                self.report.done.append(self._sent(Done(key=job.key, kept=kept, resumed=True)))
        if self.report.done:
            self.watch.note(f"Resuming: {len(self.report.done)} of {len(selection.jobs)} jobs are finished.")
        try:
            for number, job in enumerate(todo, start=1):
                self.outbox.hold_space()
                self.watch.job(number, len(todo), job.key, estimated=self.around.meter.grade == "estimated")
                try:
                    kept = self._one(job)
                except workloads.WorkloadError as error:
                    self.report.failed.append(Missing(key=job.key, sentence=str(error)))
                    self.watch.note(f"Failed: {job.key}. {error}")
                    continue
                done = Done(key=job.key, kept=kept, resumed=False)
                self.report.done.append(done)
                self.report.done[-1] = done = self._sent(done)
                self.watch.job_done(_told(done))
        finally:
            self.outbox.give_up_space()

    def _one(self, job: Job) -> Kept:
        """Ticket, load, measure, score, sign, keep."""
        nonce = new_nonce()
        ticket = None if self.client is None else self.client.ticket(self._ticket_request(job))
        suite = self.around.suite
        seed = offline_seed(nonce) if ticket is None else ticket.sample_seed
        sample = suite.sample(job.dataset, seed, suite.queries_per_window(job.dataset))
        self.watch.stage("loading", total=None)
        workload = workloads.open_workload(
            suite, job, device=self.device, cache_dir=self.config.folders.cache
        )
        loaded = workload.load()
        pinned = suite.weights_sha256(job.model)
        if loaded.weights_sha256 != pinned:
            raise workloads.WorkloadError(
                f"The weights of {job.model} are not those of the suite "
                f"({loaded.weights_sha256[:16]}, expected {pinned[:16]}). "
                "Install the version that the suite names."
            )
        queries = workload.queries(sample)
        measured = measure(
            workload,
            queries,
            self.around.meter,
            suite.protocol,
            self.watch,
            timings=self.timings,
            timer=RealTimer(),
        )
        self.watch.stage("scoring", total=None)
        quality = tuple(workload.quality(queries, measured.outputs))
        story = Story(
            job=job,
            nonce=nonce,
            ticket=ticket,
            sample=sample,
            loaded=loaded,
            measured=measured,
            quality=quality,
        )
        return self.outbox.keep(signed_bundle(self.around, story))

    def _sent(self, done: Done) -> Done:
        """Send it, unless it was sent or refused before or nothing is to be sent."""
        if self.client is None or self.key is None or done.kept.state != "waiting":
            return done
        if any(
            earlier.delivery is not None and earlier.delivery.how == "waiting" for earlier in self.report.done
        ):
            return done  # the platform is away: this result waits with the others
        delivery = deliver(self.outbox, done.kept, self.client, self.key)
        return replace(done, kept=delivery.kept, delivery=delivery)

    def _ticket_request(self, job: Job) -> Callable[[], Envelope]:
        def make() -> Envelope:
            request = TicketRequest(
                audience=self.around.origin,
                issued_at=datetime.now(UTC),
                nonce=new_nonce(),
                suite=suite_ref(self.around.suite),
                task=job.task,
                dataset=job.dataset,
                model=job.model,
                device_tag=self.around.device_tag,
            )
            return seal(encode(request), payload_type=TICKET_REQUEST_TYPE, key=self.around.identity.key)

        return make


def _told(done: Done) -> str:
    totals = done.kept.bundle.statement().predicate.totals
    grade = done.kept.bundle.statement().predicate.sensor.grade
    sentence = (
        f"{done.key}: {totals.energy_per_query_j:.4g} J a query ({grade}), kept as {done.kept.digest[:16]}"
    )
    if done.delivery is None:
        return f"{sentence}, not sent."
    if done.delivery.how == "sent":
        return f"{sentence}, received by the platform."
    return f"{sentence}, {done.delivery.how}: {done.delivery.sentence}"
