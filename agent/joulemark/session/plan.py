"""What a run will do: which jobs, on which device, under which meter; and what it cannot do and why."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from joulemark import suite as suites
from joulemark import workloads
from joulemark.errors import MeterUnavailable, NothingToDo, UsageError, WorkloadUnavailable
from joulemark.identity import machine_identity
from joulemark.meters import device
from joulemark.meters.choose import Choice, Openers, Wanted, choose, rejection
from joulemark.meters.compose import GpuBesideHost
from joulemark.suite.errors import SuiteError

if TYPE_CHECKING:
    from joulemark.config import Config
    from joulemark.meters.device import DeviceFacts
    from joulemark.suite import Job, Suite


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A job that cannot run here, and what would mend it."""

    key: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The jobs that were asked for, parted by whether they can run."""

    suite: Suite
    jobs: tuple[Job, ...]
    missing: tuple[Missing, ...]


def load_suite(name: str) -> Suite:
    """The suite called `name`, or in the folder `./name`. Raises UsageError when there is none or it is broken."""
    try:
        return suites.open_suite(name)
    except SuiteError as error:
        raise UsageError(str(error)) from error


def select(suite_name: str, pattern: str | None) -> Selection:
    """Load the suite and pick the jobs that fit `pattern`. Raises UsageError or NothingToDo."""
    suite = load_suite(suite_name)
    wanted = [job for job in suite.jobs if pattern is None or fnmatchcase(job.key, pattern)]
    if not wanted:
        raise NothingToDo(f"No job of {suite_name} fits {pattern!r}. `joulemark doctor` lists them.")
    reasons = {job.key: obstacle(suite, job) for job in wanted}
    return Selection(
        suite=suite,
        jobs=tuple(job for job in wanted if reasons[job.key] is None),
        missing=tuple(Missing(key=key, sentence=why) for key, why in reasons.items() if why is not None),
    )


def obstacle(suite: Suite, job: Job) -> str | None:
    """Why a job cannot run here, or None: its suite is not pinned, its data are gone, or a package is missing."""
    try:
        suites.require_pinned(suite)
    except SuiteError as error:
        return str(error)
    return suite.obstacle(job) or workloads.available(suite, job)


def require_jobs(selection: Selection) -> None:
    """Raises WorkloadUnavailable when nothing that was asked for can run."""
    if not selection.jobs:
        sentences = " ".join(by_sentence(selection.missing))
        raise WorkloadUnavailable(f"None of {len(selection.missing)} jobs can run here. {sentences}")


def by_sentence(missing: tuple[Missing, ...]) -> dict[str, list[str]]:
    """The jobs' keys under what would mend them, so that each advice is given once."""
    found: dict[str, list[str]] = {}
    for one in missing:
        found.setdefault(one.sentence, []).append(one.key)
    return found


def open_meter(
    wanted: Wanted, *, cpu_watts: float | None, openers: Openers | None = None
) -> tuple[Choice, str]:
    """The meter and the device it covers: `cuda` where the GPU's counter answers, else `cpu`.

    Raises MeterUnavailable.
    """
    if wanted == "nvml":
        return choose("nvml", on_gpu=True, openers=openers), "cuda"
    if wanted != "auto":
        return choose(wanted, on_gpu=False, cpu_watts=cpu_watts, openers=openers), "cpu"
    try:
        return choose("auto", on_gpu=True, openers=openers), "cuda"
    except MeterUnavailable as error:
        on_cpu = choose("auto", on_gpu=False, cpu_watts=cpu_watts, openers=openers)
        passed_over = (rejection("nvml", error), *on_cpu.rejections)
        return Choice(meter=on_cpu.meter, rejections=passed_over), "cpu"


def device_facts(choice: Choice, config: Config) -> DeviceFacts:
    """What the meter covers, as the record describes it."""
    if isinstance(choice.meter, GpuBesideHost):
        return choice.meter.device()
    return device.cpu(identity=machine_identity(config.folders))
