"""Submissions to PUMA Community (https://github.com/pumacp/puma-community): kWh of a run on one's own machine.

CodeCarbon reads the whole machine during the whole run, loading included, and `energy_kwh_total` is divided by
`n_instances`. A run that tracked its own process is left out: the model runs in another one, whose GPU it then misses,
as PUMA's documentation says. The community's `verification_status` is kept as the validity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.published.errors import BadRow, file_of
from joulemark.published.figures import (
    NOT_PUBLISHED,
    PER,
    LeftOut,
    PublishedRuns,
    PublishedSubject,
    Run,
)
from joulemark.published.hardware import node, processor
from joulemark.published.json_reports import decoded, reports_of
from joulemark.published.plausible import trusted
from joulemark.published.puma_schema import PumaSubmission
from joulemark.published.run_list import attempt, published_runs
from joulemark.published.untrusted import NOBODY, LeaveOut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.published.figures import InputFile
    from joulemark.published.names import NameMap


@dataclass(frozen=True, kw_only=True)
class SubmissionOptions:
    """A scenario is a task and a data set of the community's own, unless the map or an option names others."""

    task: str | None = None
    dataset: str | None = None
    leave_out: LeaveOut = NOBODY


def read_submissions(files: Sequence[InputFile], options: SubmissionOptions, names: NameMap) -> PublishedRuns:
    """Every submission. Raises UnreadableInput, and BadRows with all that cannot be trusted."""
    entries = (
        attempt(_submitted, where, raw, options, names) for file in files for where, raw in reports_of(file)
    )
    return published_runs(entries, leave_out=options.leave_out)


def _submitted(where: str, raw: Any, options: SubmissionOptions, names: NameMap) -> Run | LeftOut:
    return _run(where, decoded(where, raw, PumaSubmission, publisher="PUMA"), options, names)


def _run(where: str, submission: PumaSubmission, options: SubmissionOptions, names: NameMap) -> Run | LeftOut:
    metadata, sender = submission.run_metadata, submission.submitter
    called, unfit = metadata.model.strip(), None
    if called in names.leave_out:
        unfit = names.leave_out[called]
    elif not (
        sender.consent_public_release and sender.consent_redistribution and sender.consent_research_use
    ):
        unfit = "its sender does not agree to its release, redistribution and use in research"
    elif submission.sustainability.tracking_mode == "process":
        unfit = "its own process alone was tracked, which misses the GPU that the model ran on"
    if unfit is not None:
        return LeftOut(where=where, what=called or "a submission", reason=unfit)
    energy_kwh = submission.sustainability.energy_kwh_total
    if not energy_kwh:
        raise BadRow(where, "energy_kwh_total is 0: nothing was read", rule="nothing-read")
    seconds = (metadata.completed_at - metadata.started_at).total_seconds()
    machine, place = submission.hardware_profile, names.files.get(file_of(where))
    run = Run(
        where=where,
        subject=PublishedSubject(
            task=names.task(place.task if place else options.task or metadata.scenario),
            dataset=names.dataset(place.dataset if place else options.dataset or metadata.scenario),
            model=names.model(called),
            hardware=node(machine.gpu_model, 1) if machine.gpu_model else processor(machine.cpu_model),
            scope="node",
            stratum=f"{metadata.strategy.replace('_', ' ')}, temperature {metadata.temperature:g}, "
            "whole run, loading included",
        ),
        energy_kwh_per_1000=energy_kwh / metadata.n_instances * PER,
        duration_s=seconds / metadata.n_instances * PER if seconds else None,
        not_known={
            **dict.fromkeys(("gpu_kwh_per_1000", "cpu_kwh_per_1000", "ram_kwh_per_1000"), NOT_PUBLISHED),
            **({} if seconds else {"duration_s": NOT_PUBLISHED}),
        },
        validity=submission.integrity.verification_status,
    )
    return trusted(run)
