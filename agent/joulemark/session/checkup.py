"""What `joulemark doctor` finds: each thing a run needs, whether it is there, and how to mend it."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from joulemark import identity as identities
from joulemark.errors import (
    AgentError,
    DeviceUnusable,
    FactsUnusable,
    MeterFailed,
    MeterUnavailable,
    RunInProgress,
)
from joulemark.meters.check import CheckState
from joulemark.meters.choose import Openers, hides_a_gpu, told_to
from joulemark.meters.device import cpu
from joulemark.meters.estimate import EstimateMeter
from joulemark.meters.processor_checks import company
from joulemark.meters.timer import RealTimer
from joulemark.platform_client import CLOCK_TOLERANCE_S, PlatformClient
from joulemark.session import sensor_timing, suite_source
from joulemark.session.device_check import require_device
from joulemark.session.diagnosis import Diagnosis
from joulemark.session.facts import describe
from joulemark.session.folder_check import folder_diagnoses
from joulemark.session.machine_lock import only_run
from joulemark.session.plan import obstacle
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.config import Config, Folders
    from joulemark.meters.device import DeviceFacts
    from joulemark.meters.gpu import BrokenGpu
    from joulemark.meters.meter import GpuMeter, Meter
    from joulemark.meters.timer import Timer


def check(
    config: Config,
    suite_name: str,
    *,
    openers: Openers | None = None,
    quick: bool = False,
    timer: Timer | None = None,
) -> tuple[Diagnosis, ...]:
    """Every finding, in the order in which a run would need them.

    Sends nothing but one question for the key. A GPU is watched at rest and its counter probed, unless `quick`.
    """
    machine = check_machine(config, openers=openers, quick=quick, timer=timer)
    return (*machine, *_workloads(suite_name, config))


def check_machine(
    config: Config, *, openers: Openers | None = None, quick: bool = False, timer: Timer | None = None
) -> tuple[Diagnosis, ...]:
    """The findings of `check` without the jobs of a suite."""
    return (
        *_meters(config, openers or Openers(), quick=quick, timer=timer or RealTimer()),
        *folder_diagnoses(config.folders),
        _key(config),
        *_platform(config),
    )


def measures_gpu(findings: tuple[Diagnosis, ...]) -> bool:
    """Whether a run would measure a GPU."""
    return any(finding.what == "nvml" and finding.state == "measured" for finding in findings)


def can_measure(findings: tuple[Diagnosis, ...]) -> bool:
    """Whether `joulemark run --offline` would give at least one result: it makes a key where there is none."""
    jobs = any(finding.area == "workload" and finding.state == "ok" for finding in findings)
    return jobs and is_fit(findings)


def is_fit(findings: tuple[Diagnosis, ...]) -> bool:
    """Whether sensor, device, folders and key are fit for a run; of its jobs nothing is known."""
    folders = all(finding.state != "not available" for finding in findings if finding.area == "folder")
    noisy = any(finding.state == "noisy" for finding in findings)
    broken_key = any(finding.area == "key" and finding.state == "not available" for finding in findings)
    computes = all(finding.state == "ok" for finding in findings if finding.area == "device")
    return folders and computes and not broken_key and not noisy and not _lacks_its_gpu(findings)


def _lacks_its_gpu(findings: tuple[Diagnosis, ...]) -> bool:
    """A GPU that is there and cannot be measured: a run does not take the processor for it by itself."""
    return any(
        finding.what == "nvml" and finding.state == "not available" and hides_a_gpu(str(finding.reason))
        for finding in findings
    )


def can_run(findings: tuple[Diagnosis, ...]) -> bool:
    """Whether `joulemark run` would: that needs also an enrolled key and a platform that answers to it."""
    enrolled = any(finding.area == "key" and finding.state == "ok" for finding in findings)
    platform = all(finding.state != "not available" for finding in findings if finding.area == "platform")
    return can_measure(findings) and enrolled and platform


def _meters(config: Config, openers: Openers, *, quick: bool, timer: Timer) -> Iterator[Diagnosis]:
    on_gpu = False
    try:
        with closing(openers.nvml()) as gpu:
            on_gpu = True
            yield _meter("nvml", gpu)
            for skipped in gpu.skipped:
                yield _skipped(skipped)
            gpu.pin(os.environ)
            noisy = False
            if not quick:
                at_rest = tuple(_at_rest(gpu, timer))
                noisy = any(finding.state == "noisy" for finding in at_rest)
                yield from at_rest
            yield _facts(config, gpu.device())
            yield _kernel(gpu)
            if not quick and gpu.probe_needed:
                yield from _probed(gpu, config.folders, timer, keep=not noisy)
    except MeterFailed as error:
        yield Diagnosis(
            area="meter", what="nvml", state="not available", detail=str(error), reason=error.code
        )
    except MeterUnavailable as error:
        if hides_a_gpu(error.reason):
            yield _unavailable("nvml", told_to(error))
        else:
            yield _unavailable("nvml", error)
            yield _facts(config, cpu(identity="unused"))
            yield _kernel(None)
    try:
        with closing(openers.rapl()) as host:
            yield _meter("rapl", host)
            if not quick:
                yield _company(timer, busy="warning" if on_gpu else "noisy")
    except MeterUnavailable as error:
        yield _unavailable("rapl", error)
    yield _meter("estimate", EstimateMeter(watts=config.cpu_watts))


def _company(timer: Timer, *, busy: CheckState) -> Diagnosis:
    """Who else keeps the processor busy: that spoils its energy, and hardly a GPU's."""
    check = company(timer, busy="warning" if busy == "warning" else "noisy")
    return Diagnosis(
        area="meter",
        what=check.name,
        state=check.state,
        detail=check.sentence,
        mend=check.mend,
        reason=check.reason,
        value=check.value,
    )


def gpu_findings(
    meter: GpuMeter, folders: Folders, timer: Timer, *, device: str | None = None
) -> Iterator[Diagnosis]:
    """The GPU at rest, then how its counter keeps time, by a probe on torch's `device`, by default its own.

    Raises MeterFailed when the GPU is gone.
    """
    at_rest = tuple(_at_rest(meter, timer))
    yield from at_rest
    noisy = any(finding.state == "noisy" for finding in at_rest)
    yield from _probed(meter, folders, timer, device=device, keep=not noisy)


def _at_rest(meter: GpuMeter, timer: Timer) -> Iterator[Diagnosis]:
    for check in meter.checks(timer):
        yield Diagnosis(
            area="gpu",
            what=check.name,
            state=check.state,
            detail=check.sentence,
            mend=check.mend,
            reason=check.reason,
            value=check.value,
        )


def _facts(config: Config, device: DeviceFacts) -> Diagnosis:
    """Whether this machine has the facts that every result must state."""
    try:
        facts = describe(device, tag=identities.device_tag(device.identity, config.origin))
    except FactsUnusable as error:
        return Diagnosis(
            area="device", what="facts", state="not available", detail=str(error), reason=error.code
        )
    missing = ", ".join(sorted({*facts.absent, *facts.software.unreadable}))
    name = facts.device.name
    detail = _("{name}; not reported: {missing}").format(name=name, missing=missing) if missing else name
    return Diagnosis(area="device", what="facts", state="ok", detail=detail)


def _kernel(gpu: GpuMeter | None) -> Diagnosis:
    """Whether torch computes on the device that a run would take."""
    try:
        sentence = require_device(gpu)
    except DeviceUnusable as error:
        return Diagnosis(
            area="device", what="torch", state="not available", detail=str(error), reason=error.code
        )
    return Diagnosis(area="device", what="torch", state="ok", detail=sentence)


def _probed(
    meter: GpuMeter, folders: Folders, timer: Timer, *, keep: bool, device: str | None = None
) -> Iterator[Diagnosis]:
    try:
        with only_run():
            torch_device = device or meter.torch_device
            counter_timing = sensor_timing.timing_of(
                meter, meter.device(), torch_device, folders, timer, anew=True, keep=keep
            )
    except RunInProgress as error:
        yield Diagnosis(area="gpu", what="probe", state="warning", detail=str(error), reason=error.code)
        return
    unsure = counter_timing.reason is not None or counter_timing.timing.coverage == "unknown"
    yield Diagnosis(
        area="gpu",
        what="probe",
        state="warning" if unsure else "ok",
        detail=counter_timing.sentence,
        mend=_("Run `joulemark doctor` again when the machine is idle.") if unsure else None,
        reason=counter_timing.reason,
        value=counter_timing.timing.coverage,
    )


def _skipped(gpu: BrokenGpu) -> Diagnosis:
    return Diagnosis(
        area="meter",
        what=f"GPU {gpu.index}",
        state="warning",
        detail=_("Skipped: {sentence}").format(sentence=gpu.sentence),
        mend=gpu.mend,
        reason=gpu.reason,
    )


def _unavailable(name: str, error: MeterUnavailable) -> Diagnosis:
    return Diagnosis(
        area="meter",
        what=name,
        state="not available",
        detail=error.sentence,
        mend=error.mend,
        reason=error.reason,
    )


def _meter(name: str, meter: Meter) -> Diagnosis:
    return Diagnosis(area="meter", what=name, state=meter.grade, detail=f"{meter.scope}: {meter.provenance}")


def _key(config: Config) -> Diagnosis:
    try:
        identity = identities.load(config.folders)
    except AgentError as error:
        return Diagnosis(area="key", what="key", state="not available", detail=str(error))
    try:
        enrolled = identities.enrolment(config.folders, config.origin)
    except AgentError as error:  # a run without the platform does not read it
        return Diagnosis(area="key", what="key", state="warning", detail=str(error))
    join = f"joulemark join {config.origin}"
    if identity is None:
        return Diagnosis(area="key", what="key", state="warning", detail=_("no key yet"), mend=join)
    if enrolled is None or enrolled.key_id != identity.key_id:
        detail = _("{key_id}, not enrolled at {origin}").format(
            key_id=identity.key_id[:16], origin=config.origin
        )
        return Diagnosis(area="key", what="key", state="warning", detail=detail, mend=join)
    return Diagnosis(
        area="key",
        what="key",
        state="ok",
        detail=_("{key_id}, enrolled as {contributor}").format(
            key_id=identity.key_id[:16], contributor=enrolled.contributor
        ),
    )


def _platform(config: Config) -> Iterator[Diagnosis]:
    try:
        with PlatformClient(config.origin) as client:
            platform_key = client.platform_key()
            skew_s = client.skew_s
        identities.check_platform_key(config.folders, config.origin, platform_key)
    except AgentError as error:
        yield Diagnosis(area="platform", what="platform", state="not available", detail=str(error))
        return
    if config.is_plain_http:
        detail = _("{origin} is reached without encryption").format(origin=config.origin)
        yield Diagnosis(
            area="platform", what="platform", state="warning", detail=detail, mend=_("Use its https address.")
        )
    else:
        yield Diagnosis(
            area="platform",
            what="platform",
            state="ok",
            detail=_("{origin}, key {key_id}").format(
                origin=config.origin_in_words, key_id=platform_key.key_id[:16]
            ),
        )
    if skew_s is None:
        yield Diagnosis(
            area="platform", what="clock", state="warning", detail=_("the platform reports no time")
        )
    elif abs(skew_s) > CLOCK_TOLERANCE_S:
        detail = (
            _("{skew_s:.0f} s ahead of the platform's")
            if skew_s > 0
            else _("{skew_s:.0f} s behind the platform's")
        ).format(skew_s=abs(skew_s))
        yield Diagnosis(
            area="platform",
            what="clock",
            state="warning",
            detail=detail,
            mend="sudo timedatectl set-ntp true",
        )
    else:
        yield Diagnosis(
            area="platform", what="clock", state="ok", detail=_("within 2 minutes of the platform's")
        )


def _workloads(suite_name: str, config: Config) -> Iterator[Diagnosis]:
    suite = suite_source.find_suite(suite_name, config=config).suite
    for job in suite.jobs:
        why = obstacle(suite, job, typed=suite_name)
        yield Diagnosis(
            area="workload",
            what=job.key,
            state="ok" if why is None else "not available",
            detail=_("suite {name} {version}").format(name=suite.name, version=suite.version)
            if why is None
            else why,
        )
