"""What a run will do: which jobs, on which device, under which meter; and what it cannot do and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from joulemark import suite as suites
from joulemark import workloads
from joulemark.errors import MeterUnavailable, NothingToDo, UsageError, WorkloadUnavailable
from joulemark.identity import machine_identity
from joulemark.meters import device
from joulemark.meters.choose import MeterChoice, MeterOption, Openers, choose, hides_a_gpu, rejection, told_to
from joulemark.suite.errors import SuiteError
from joulemark.suite.estimate import estimate
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.config import Config
    from joulemark.meters.device import DeviceFacts
    from joulemark.suite import Job, Suite

NAMED_KEYS = 6
"""So many jobs are named in a sentence that holds for all of them."""


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


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which jobs are meant: those whose key fits `only`, and whose task, data set and model each fit one of theirs.

    Patterns are shell globs; an empty list is no condition.
    """

    only: str | None = None
    tasks: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def takes(self, job: Job) -> bool:
        """Whether the job is meant."""
        parts = ((job.task, self.tasks), (job.dataset, self.datasets), (job.model, self.models))
        return (self.only is None or fnmatchcase(job.key, self.only)) and all(
            not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
            for name, patterns in parts
        )

    def __str__(self) -> str:
        words = [f"--only {self.only}"] if self.only is not None else []
        for option, patterns in (("task", self.tasks), ("dataset", self.datasets), ("model", self.models)):
            words += [f"--{option} {pattern}" for pattern in patterns]
        return " ".join(words)


def require_pinned(suite: Suite, *, typed: str) -> None:
    """Raises UsageError unless the suite, which the user called `typed`, says which revisions it means."""
    try:
        suites.require_pinned(suite, typed=typed)
    except SuiteError as error:
        raise UsageError(str(error)) from error


def select(suite: Suite, meant: Filter, *, typed: str | None = None, fetch: bool = False) -> Selection:
    """Pick the jobs that are meant of the suite, which the user called `typed`.

    With `fetch` they need not be in the hub's cache yet. Raises NothingToDo.
    """
    name = typed or suite.name
    option = [job for job in suite.jobs if meant.takes(job)]
    if not option:
        raise NothingToDo(
            _("No job of {name} matches {meant}. `joulemark suite show {name}` lists them.").format(
                name=name, meant=meant
            )
        )
    reasons = {job.key: obstacle(suite, job, typed=name, cached=not fetch) for job in option}
    return Selection(
        suite=suite,
        jobs=tuple(job for job in option if reasons[job.key] is None),
        missing=tuple(Missing(key=key, sentence=why) for key, why in reasons.items() if why is not None),
    )


def fitting(selection: Selection, memory_bytes: int | None) -> Selection:
    """The selection without the jobs whose model's weights alone are larger than the device's memory.

    Where the memory is not known nothing is left out: a lack of it is found when the model is loaded.
    """
    if memory_bytes is None:
        return selection
    needs = {row.job: row.memory_bytes for row in estimate(selection.suite)}
    too_large = {key: needed for key, needed in needs.items() if needed is not None and needed > memory_bytes}
    left_out = tuple(
        Missing(
            key=job.key,
            sentence=_(
                "The weights of {model} take {weights:.1f} GB, but the device has {memory:.1f} GB. "
                "Use a device with more memory."
            ).format(model=job.model, weights=too_large[job.key] / 1e9, memory=memory_bytes / 1e9),
        )
        for job in selection.jobs
        if job.key in too_large
    )
    return replace(
        selection,
        jobs=tuple(job for job in selection.jobs if job.key not in too_large),
        missing=(*selection.missing, *left_out),
    )


def obstacle(suite: Suite, job: Job, *, typed: str | None = None, cached: bool = True) -> str | None:
    """Why a job cannot run here, or None: its suite is not pinned, its data are gone, or something is missing.

    With `cached` off, what can still be fetched is not missing. `typed` is how the user named the suite.
    """
    try:
        suites.require_pinned(suite, typed=typed)
    except SuiteError as error:
        return str(error)
    return suite.obstacle(job) or workloads.available(suite, job, cached=cached)


def require_jobs(selection: Selection) -> None:
    """Raises WorkloadUnavailable when nothing that was asked for can run."""
    if not selection.jobs:
        sentences = " ".join(by_sentence(selection.missing))
        raise WorkloadUnavailable(
            _("None of {count} jobs can run here. {sentences}").format(
                count=len(selection.missing), sentences=sentences
            )
        )


def by_sentence(missing: tuple[Missing, ...]) -> dict[str, list[str]]:
    """The jobs' keys under what would mend them, so that each advice is given once."""
    keys: dict[str, list[str]] = {}
    for job in missing:
        keys.setdefault(job.sentence, []).append(job.key)
    return keys


def in_words(keys: Sequence[str]) -> str:
    """A few keys by name, and how many more there are."""
    if len(keys) <= NAMED_KEYS:
        return ", ".join(keys)
    return _("{keys} and {count} more").format(
        keys=", ".join(keys[: NAMED_KEYS - 1]), count=len(keys) - NAMED_KEYS + 1
    )


def open_meter(
    option: MeterOption, *, cpu_watts: float | None, openers: Openers | None = None
) -> MeterChoice:
    """The meter, of the GPU where its counter answers, of the processor where there is no GPU.

    A GPU that is there and cannot be measured is not passed over for the processor. Raises MeterUnavailable.
    """
    if option == "nvml":
        return choose("nvml", on_gpu=True, openers=openers)
    if option != "auto":
        return choose(option, on_gpu=False, cpu_watts=cpu_watts, openers=openers)
    try:
        return choose("auto", on_gpu=True, openers=openers)
    except MeterUnavailable as error:
        if hides_a_gpu(error.reason):
            raise told_to(error) from error
        on_cpu = choose("auto", on_gpu=False, cpu_watts=cpu_watts, openers=openers)
        passed_over = (rejection("nvml", error), *on_cpu.rejections)
        return MeterChoice(meter=on_cpu.meter, rejections=passed_over)


def device_facts(choice: MeterChoice, config: Config) -> DeviceFacts:
    """What the meter covers, as the record describes it."""
    if choice.meter.gpu is not None:
        return choice.meter.gpu.device()
    return device.cpu(identity=machine_identity(config.folders))
