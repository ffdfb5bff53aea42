"""One run, from the plan to the last receipt."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from joulemark import identity as identities
from joulemark.errors import NoisyMachine, NotEnrolled, UsageError
from joulemark.meters import processor_checks
from joulemark.meters.check import require_quiet
from joulemark.meters.timer import RealTimer
from joulemark.outbox import Outbox
from joulemark.patience import LONG
from joulemark.platform_client import PlatformClient
from joulemark.session import plan, sensor_timing, state, suite_source
from joulemark.session.budget import Budget, Pace
from joulemark.session.control_runs import control_seconds
from joulemark.session.device_check import require_device
from joulemark.session.facts import describe
from joulemark.session.job_end import JobEnd
from joulemark.session.job_runner import JobRunner
from joulemark.session.machine_lock import only_run
from joulemark.session.options import Options
from joulemark.session.platform_link import ADVICE, PlatformLink
from joulemark.session.report import Done, RunReport
from joulemark.session.statement import Circumstances
from joulemark.session.verdicts import Verdicts
from joulemark.translation import gettext as _
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.config import Config
    from joulemark.identity import Identity
    from joulemark.meters.check import Check
    from joulemark.meters.device import DeviceFacts
    from joulemark.meters.meter import Meter
    from joulemark.record.messages import Enrolled
    from joulemark.record.trace import Timing
    from joulemark.session.forecast import Forecast
    from joulemark.session.progress import Watch
    from joulemark.session.suite_source import ObtainedSuite
    from joulemark.suite import Suite

__all__ = ["Done", "RunReport", "begin", "run"]


@dataclass(frozen=True, kw_only=True)
class Begun:
    """The suite of a run and where it came from, and its time, which has begun to pass."""

    obtained: ObtainedSuite
    budget: Budget

    @property
    def suite(self) -> Suite:
        """The suite that the run measures."""
        return self.obtained.suite


def begin(config: Config, options: Options) -> Begun:
    """The suite that is asked for, fetched from the platform where need be; nothing is measured. Raises AgentError."""
    if options.order == "needed" and options.offline:
        raise UsageError(
            _(
                "`--order needed` asks the platform, which `--offline`, remembered by `--resume`, "
                "forbids: omit one of them."
            )
        )
    budget = Budget.of(options.budget_s, time.monotonic)
    obtained = suite_source.obtain_suite(options.suite, config=config, offline=options.offline)
    plan.require_pinned(obtained.suite, typed=options.suite)
    return Begun(obtained=obtained, budget=budget)


def restart_budget(begun: Begun, options: Options) -> Begun:
    """The same run with its whole time before it: what passed while the user was asked is not taken off."""
    return replace(begun, budget=Budget.of(options.budget_s, time.monotonic))


def require_contributor(config: Config, options: Options) -> tuple[Identity, Enrolled | None]:
    """The key, and its enrolment where results go to the platform; `offline` makes a key where there is none.

    Raises NotEnrolled, or UsageError for a key or an enrolment that cannot be read.
    """
    if options.offline:
        return identities.load_or_create(config.folders), None
    identity = identities.load(config.folders)
    if identity is None:
        raise NotEnrolled(
            _("There is no key yet. Run `{join}` first, or measure with `--offline`.").format(
                join=config.join_command
            )
        )
    return identity, identities.require_enrolment(config.folders, config.origin, identity)


def run(
    config: Config,
    options: Options,
    begun: Begun,
    forecast: Forecast,
    watch: Watch,
    report: RunReport,
    *,
    platform_pause: PlatformPause | None = None,
) -> None:
    """Measure the cells of the forecast in its order, keep each result, then send it.

    `platform_pause` waits where the platform is waited for, and may ask whether that is wanted. Raises AgentError;
    `report` tells how far.
    """
    selection = report.selection = forecast.selection
    report.order = forecast.order
    identity, enrolled = require_contributor(config, options)
    choice = plan.open_meter(options.meter, cpu_watts=options.cpu_watts or config.cpu_watts)
    report.choice = choice
    if choice.meter.gpu is not None:
        choice.meter.gpu.pin(os.environ)
    with closing(choice.meter), only_run():
        facts = plan.device_facts(choice, config)
        described = describe(facts, tag=identities.device_tag(facts.identity, config.origin))
        for sentence, keys in plan.by_sentence(selection.missing).items():
            watch.note(_("Left out: {keys}. {sentence}").format(keys=plan.in_words(keys), sentence=sentence))
        ready = _ready(choice.meter, facts, choice.torch_device, config, options, watch)
        session = state.resume_or_begin(
            config.folders,
            origin=config.origin,
            suite_digest=selection.suite.digest,
            meter=choice.meter.name,
            fresh=options.fresh,
            request=_run_request(options, begun.obtained),
        )
        report.session = session.nonce
        around = Circumstances(
            origin=config.origin,
            session=session.nonce,
            identity=identity,
            suite=selection.suite,
            meter=choice.meter,
            facts=described,
            flags=ready.flags,
            not_read=ready.not_read,
        )
        journal = state.journal(config.folders, session)
        pause = platform_pause or PlatformPause()
        waiting = _waiting(config.origin, options, begun.budget, watch, pause)
        outbox = Outbox(config.folders)
        with (
            nullcontext()
            if options.offline
            else PlatformClient(config.origin, waiting=waiting, advice=ADVICE) as client,
            Verdicts(config.origin) if _waits(options) else nullcontext() as verdicts,
        ):
            link = None
            if client is not None:
                link = PlatformLink(
                    client,
                    check_key=partial(identities.check_platform_key, config.folders, config.origin),
                    may_go_offline=options.offline_after,
                    note=watch.note,
                )
                link.open()
            runner = JobRunner(
                around=around,
                device=choice.torch_device,
                timings=ready.timings,
                outbox=outbox,
                link=link,
                hub=_waiting(_("the hub"), options, begun.budget, watch),
                key=None if enrolled is None or not options.submit else enrolled.platform,
                config=config,
                watch=watch,
                report=report,
                options=options,
                journal=journal,
                pace=Pace(selection.suite, journal.took_s),
                budget=begun.budget,
                ending=JobEnd(
                    suite=selection.suite,
                    outbox=outbox,
                    watch=watch,
                    report=report,
                    verdicts=verdicts,
                    goes_on=options.force,
                ),
                control_s=control_seconds(len(forecast.cells)),
            )
            runner.run_jobs(forecast, session)


@dataclass(frozen=True, kw_only=True)
class PlatformPause:
    """How a run waits for its platform: `wait` pauses so many seconds, and raises WaitEnded where the user had enough.

    `question`: what the user is asked meanwhile, None where there is nobody to ask.
    """

    wait: Callable[[float], None] = time.sleep
    question: str | None = None


def _waiting(
    service: str, options: Options, budget: Budget, watch: Watch, pause: PlatformPause | None = None
) -> Waiting:
    """Patience with a service: a line that says so, and the stage that counts its time down."""
    question = None if pause is None else pause.question

    def on_wait(left_s: float) -> None:
        if question is not None:
            watch.note(question)
        watch.stage("waiting", total=None, left_s=left_s)

    return Waiting(
        service,
        limit_s=options.patience_s,
        pauses=LONG,
        budget_left_s=budget.left_s,
        say=watch.note,
        on_wait=on_wait,
        pause=time.sleep if pause is None else pause.wait,
    )


def _waits(options: Options) -> bool:
    """Whether verdicts are asked for: what is not sent has none."""
    return options.wait and options.submit and not options.offline


def _run_request(options: Options, obtained: ObtainedSuite) -> state.RunRequest:
    meant = options.meant
    return state.RunRequest(
        suite=state.lasting_name(obtained.name),
        meter=options.meter,
        only=meant.only,
        tasks=meant.tasks,
        datasets=meant.datasets,
        models=meant.models,
        cpu_watts=options.cpu_watts,
        offline=options.offline,
        submit=options.submit,
        force=options.force,
    )


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
    """Preflight and probe of a GPU, and one kernel on any device.

    The kernel comes behind the preflight, which looks at the device at rest. A processor's counters count whoever
    works, so it is watched for company; an estimate counts this process alone. Raises NoisyMachine unless forced, and
    DeviceUnusable.
    """
    timer, gpu = RealTimer(), meter.gpu
    if gpu is None:
        flags: tuple[str, ...] = ()
        if meter.grade == "measured":
            watch.stage("preflight", total=None)
            flags = _flags_of((processor_checks.company(timer),), options, watch)
        watch.stage("first kernel", total=None)
        require_device(None)
        return _Readiness(timings=(None,) * len(meter.streams), flags=flags)
    watch.stage("preflight", total=None)
    flags = _flags_of(gpu.checks(timer), options, watch)
    watch.stage("first kernel", total=None)
    require_device(gpu)
    if not gpu.probe_needed:
        return _Readiness(timings=(None,) * len(meter.streams), flags=flags)
    if sensor_timing.stored_timing(facts, config.folders) is None:
        watch.note(_("Probing the energy counter; this takes about 80 s, once per GPU and driver."))
    watch.stage("probe", total=None)
    counter_timing = sensor_timing.timing_of(meter, facts, device, config.folders, timer, keep=not flags)
    watch.note(f"{counter_timing.sentence.rstrip('.')}.")
    return _Readiness(
        timings=tuple(counter_timing.timing if info.scope == "gpu" else None for info in meter.streams),
        flags=flags,
        not_read={} if counter_timing.reason is None else {"probe": counter_timing.reason},
    )


def _flags_of(checks: Iterable[Check], options: Options, watch: Watch) -> tuple[str, ...]:
    """None on a quiet machine. Raises NoisyMachine on a noisy one, unless forced: then the flag that says so."""
    try:
        require_quiet(checks)
    except NoisyMachine as error:
        if not options.force:
            raise
        watch.note(_("Measured because of `--force`, and flagged: {error}").format(error=error))
        return ("noisy-machine",)
    return ()
