"""Answers that a suite states as merged: its jobs are asked on this machine, and what they say is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark import workloads
from joulemark.errors import NothingToDo, WorkloadUnavailable
from joulemark.session.plan import obstacle
from joulemark.session.report import Failed
from joulemark.session.suite_source import obtain_suite
from joulemark.suite import require_pinned
from joulemark.suite.reference_answers import ANSWERS, KnownAnswers
from joulemark.suite_copy import new_folder, write_copy
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.config import Config
    from joulemark.session.plan import Filter
    from joulemark.session.progress import Watch
    from joulemark.suite import Job, Suite
    from joulemark.suite.reference_answers import KnownAnswer


@dataclass(frozen=True, kw_only=True)
class Answered:
    """`suite` is the new one, with its answers; `failed` are the jobs that gave none."""

    suite: Suite
    jobs: tuple[str, ...]
    failed: tuple[Failed, ...]


def write_answered_copy(
    name: str, *, folder: str, meant: Filter, count: int, device: str, config: Config, watch: Watch
) -> Answered:
    """Ask each job that is meant `count` queries of its sample and write the suite with the answers into `folder`.

    Answers that the suite already states for other jobs stay. The queries are those that a sample of the suite's
    digest draws; `device` is torch's. A job that fails is told and left out. Raises UsageError, SuiteError,
    NothingToDo, WorkloadUnavailable when no job gave an answer, or StorageError.
    """
    target = new_folder(folder)
    obtained = obtain_suite(name, config=config)
    suite = obtained.suite
    require_pinned(suite, typed=name)
    jobs = [job for job in suite.jobs if meant.takes(job)]
    if not jobs:
        raise NothingToDo(
            _("No job of {name} matches {meant}. `joulemark suite show` lists them.").format(
                name=suite.name, meant=meant
            )
        )
    new_answers: dict[str, tuple[KnownAnswer, ...]] = {}
    failed: list[Failed] = []
    for number, job in enumerate(jobs, start=1):
        watch.job(number, len(jobs), job.key, estimated=False)
        try:
            new_answers[job.key] = _ask(
                suite, job, count=count, device=device, cache_dir=config.folders.cache
            )
        except workloads.WorkloadError as error:
            failed.append(Failed(key=job.key, code=error.code, sentence=str(error)))
            watch.note(_("Failed: {key}. {error}").format(key=job.key, error=error))
    if not new_answers:
        raise WorkloadUnavailable(
            _("None of {count} jobs gave an answer. {sentence}").format(
                count=len(jobs), sentence=failed[0].sentence
            )
        )
    other_answers = tuple(answer for answer in suite.reference_answers if answer.key not in new_answers)
    merged = KnownAnswers(
        format="joulemark-answers/1",
        answers=(*other_answers, *(answer for answers in new_answers.values() for answer in answers)),
    )
    copy = write_copy(obtained.files, target, file=ANSWERS, data=merged.to_toml())
    return Answered(suite=copy, jobs=tuple(new_answers), failed=tuple(failed))


def _ask(suite: Suite, job: Job, *, count: int, device: str, cache_dir: Path) -> tuple[KnownAnswer, ...]:
    """The answers of a job to `count` queries of its data set, or to all if it has fewer. Raises WorkloadError."""
    why = obstacle(suite, job)
    if why is not None:
        raise workloads.WorkloadError(_("{key} cannot run here. {why}").format(key=job.key, why=why))
    seed = int(suite.digest[:8], 16)
    few = min(count, len(suite.query_ids(job.dataset)))
    workload = workloads.open_workload(suite, job, device=device, cache_dir=cache_dir)
    try:
        with workloads.crashes_named(job.key):
            workload.load()
            return workloads.answers_of(workload, job, suite.sample(job.dataset, seed, few).query_ids)
    finally:
        workload.finish()
