"""Which jobs a result can be accepted for: asked before a ticket is given, so that nobody measures in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.catalog.suites import known_suites, pin_advice, pinned_copies
from measurements.intake.refusals import BadRequest

if TYPE_CHECKING:
    from joulemark.suite import Job, Suite


def require_runnable(suite: Suite, job: Job) -> None:
    """Raise BadRequest where no result of this job could be accepted.

    JM-SUITE-UNPINNED: the suite does not say which revisions it means. JM-JOB-UNAVAILABLE: the hub would not give
    the job's model or data set when the suite was pinned.
    """
    require_pinned(suite)
    obstacle = suite.obstacle(job)
    if obstacle is not None:
        raise BadRequest(
            "JM-JOB-UNAVAILABLE",
            f"{job.key} cannot be run in suite {suite.name} {suite.version}; choose another job. {obstacle}",
        )


def require_pinned(suite: Suite) -> None:
    """Raise BadRequest (JM-SUITE-UNPINNED) for a suite that fixes no revisions, naming what can be run instead."""
    if not suite.is_pinned:
        raise BadRequest(
            "JM-SUITE-UNPINNED",
            f"Suite {suite.name} {suite.version} does not fix the revisions of its models and data sets, so no "
            f"result for it can be accepted. {_instead(suite)}",
        )


def _instead(suite: Suite) -> str:
    copies = pinned_copies(suite)
    if copies:
        named = " or ".join(f"{copy.version} (digest {copy.digest[:12]})" for copy in copies)
        return (
            f"Run the pinned version that this platform has, {suite.name} {named}: `joulemark run --suite "
            f"{suite.name}` fetches it."
        )
    other = ", ".join(
        f"{candidate.name} {candidate.version}"
        for candidate in known_suites().values()
        if candidate.is_pinned
    )
    return f"{pin_advice(suite)} Until then run one of: {other}."
