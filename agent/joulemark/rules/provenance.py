"""Rules about who sent a result, when, and under which ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from joulemark.record.keys import key_id
from joulemark.rules.finding import Broken, Severity
from joulemark.rules.rule import broken, rule

if TYPE_CHECKING:
    from joulemark.rules.case import AnnouncedRuns, Case

CLOCK_SLACK = timedelta(minutes=10)
"""Tolerated clock difference; intake refuses larger ones for the same reason."""

CLOCK_SKEW = timedelta(minutes=2)
"""Clock difference that is flagged: a machine synchronized by NTP is off by less than a second."""

LONGEST_RUN = timedelta(days=30)
"""Longest time from the start of a job to its signature."""

MOST_UNREPORTED = 10
"""Number of unreported runs of one job that is quarantined. The best of 11 draws from a normal distribution lies 1.6
standard deviations from its mean; a machine that loses more runs to crashes needs a moderator's attention."""

MOST_UNREPORTED_SHARE = 0.5
"""Share of a job's announced runs, over several devices or keys, that may be unreported once there are MOST_UNREPORTED.
Whoever has many devices loses a run now and then on each; whoever reports one run in forty selects it."""


@rule(
    "JM-KEY-UNKNOWN",
    Severity.REJECT,
    "The key is enrolled",
    condition="The signing key is enrolled and is the one that the statement names",
    mend="`joulemark enrol`, then send again",
    version="1",
    where="platform",
)
def key_is_known(case: Case) -> Broken | None:
    """The signing key is enrolled and is the one that the statement names."""
    enrolled, named = case.context.public_key, case.predicate.contributor
    if enrolled is None:
        return broken("The signing key is not enrolled on this platform.", key_id=named.key_id)
    if named.public_key != enrolled or named.key_id != key_id(enrolled):
        return broken(
            "The statement names a key other than the one that signed it.",
            key_id=key_id(enrolled),
            named_key_id=named.key_id,
        )
    return None


@rule(
    "JM-KEY-REVOKED",
    Severity.REJECT,
    "The key is not revoked",
    condition="The key is not revoked",
    mend="Ask the platform's moderators",
    version="1",
    where="platform",
)
def key_is_valid(case: Case) -> Broken | None:
    """The signing key is not revoked."""
    if not case.context.key_revoked:
        return None
    return broken("The signing key was revoked.", key_id=case.predicate.contributor.key_id)


@rule(
    "JM-AUDIENCE",
    Severity.REJECT,
    "Signed for this platform",
    condition="The result was signed for this platform",
    mend="Send it to the platform that it names",
    version="1",
    where="platform",
)
def audience_is_ours(case: Case) -> Broken | None:
    """The statement was signed for the platform that judges it."""
    if case.predicate.audience == case.context.audience:
        return None
    return broken(
        f"The result was signed for {case.predicate.audience}, not for this platform.",
        audience=case.predicate.audience,
        platform=case.context.audience,
    )


@rule(
    "JM-TRACE-REUSED",
    Severity.REJECT,
    "The trace is new",
    condition="No earlier result has the same trace, the same times of readings to the microsecond, or the same "
    "noise: which of two windows answered a query faster is random, and over all queries no two runs share that "
    "pattern",
    mend="Measure again",
    version="4",
    where="platform",
)
def trace_is_new(case: Case) -> Broken | None:
    """No earlier result has the same trace, times or noise: an edited trace keeps the latter two."""
    if other := case.context.same_trace_as:
        return broken(f"Result {other[:12]} has the same trace.", result=other)
    if other := case.context.same_times_as:
        return broken(
            f"Every reading has the same time, to the microsecond, as in result {other[:12]}: it is that trace with "
            "altered numbers.",
            result=other,
        )
    if other := case.context.same_noise_as:
        return broken(
            f"The durations of queries vary in the same random pattern as in result {other[:12]}: it is that run, "
            "edited.",
            result=other,
        )
    return None


@rule(
    "JM-TIMES",
    Severity.REJECT,
    "The times are consistent",
    condition="Start, end, signing and arrival are in this order and the trace fits between them",
    mend="Set the clock; measure again",
    version="1",
)
def times_are_possible(case: Case) -> Broken | None:
    """Start, end, signing and arrival are in this order, and the windows fit between start and end."""
    predicate, received_at = case.predicate, case.context.received_at
    if not predicate.started_at <= predicate.ended_at <= predicate.issued_at:
        return broken(
            "The run's start, end and signing are not in this order.",
            started_at=predicate.started_at.isoformat(),
            ended_at=predicate.ended_at.isoformat(),
            issued_at=predicate.issued_at.isoformat(),
        )
    if predicate.issued_at > received_at + CLOCK_SLACK:
        return broken(
            "The result was signed after it arrived: the machine's clock is wrong.",
            issued_at=predicate.issued_at.isoformat(),
            received_at=received_at.isoformat(),
        )
    if predicate.issued_at - predicate.started_at > LONGEST_RUN:
        return broken(
            f"The run began more than {LONGEST_RUN.days} days before it was signed.",
            started_at=predicate.started_at.isoformat(),
            issued_at=predicate.issued_at.isoformat(),
        )
    wall_s = (predicate.ended_at - predicate.started_at).total_seconds()
    last_s = max(span.end_us for span in case.trace.spans) / 1e6
    if last_s > wall_s + 1.0:
        return broken(
            f"The trace lasts {last_s:.1f} s, but the run only {wall_s:.1f} s.",
            trace_s=last_s,
            run_s=wall_s,
        )
    return None


@rule(
    "JM-RUN-LENGTH",
    Severity.QUARANTINE,
    "The run's clock did not stop",
    condition="The calendar time from start to end exceeds the length of the trace by no more than two minutes: the "
    "run's clock did not stop",
    mend="Keep the machine from sleeping while it measures: `systemd-inhibit joulemark run`; measure again",
    version="7",
)
def clock_went_on(case: Case) -> Broken | None:
    """If the machine slept or the process was stopped during the run, the trace is shorter than the run."""
    predicate = case.predicate
    passed_s = (predicate.ended_at - predicate.started_at).total_seconds()
    traced_s = max(span.end_us for span in case.trace.spans) / 1e6
    if passed_s <= traced_s + CLOCK_SKEW.total_seconds():
        return None
    return broken(
        f"The run lasted {passed_s:.0f} s, but its trace only {traced_s:.0f} s: the run's clock stopped in between.",
        run_s=passed_s,
        trace_s=traced_s,
    )


@rule(
    "JM-CLOCK-SKEW",
    Severity.FLAG,
    "The clock is right",
    condition="The machine's clock is within two minutes of the platform's, as far as the times of signing, arrival "
    "and ticket show; beyond ten minutes the request is refused",
    mend="Set the clock: `timedatectl set-ntp true`",
    version="4",
    where="platform",
)
def clock_is_right(case: Case) -> Broken | None:
    """A result signed in the future, or begun before its ticket, shows that the clock is wrong."""
    predicate, ticket = case.predicate, case.context.ticket
    ahead = predicate.issued_at - case.context.received_at
    behind = ticket.issued_at - predicate.started_at if ticket else timedelta()
    skew = max(ahead, behind)
    if not CLOCK_SKEW < skew <= CLOCK_SLACK:
        return None
    return broken(
        f"The machine's clock is about {skew.total_seconds():.0f} s {'ahead' if ahead >= behind else 'behind'}.",
        skew_s=skew.total_seconds(),
        limit_s=CLOCK_SKEW.total_seconds(),
    )


@rule(
    "JM-TICKET-NONE",
    Severity.FLAG,
    "The run was announced",
    condition="The run was announced before it started",
    mend="Run without `--offline`",
    version="1",
)
def has_ticket(case: Case) -> Broken | None:
    """The run was announced before it started."""
    if case.context.ticket is not None:
        return None
    return broken(
        "The run had no ticket, so it is unknown from how many runs it was selected; it does not raise a cell's tier."
    )


@rule(
    "JM-TICKET-OTHER",
    Severity.REJECT,
    "The ticket fits the run",
    condition="The result is of the job and device for which the ticket was issued",
    mend="Measure it anew: `joulemark run --fresh`",
    version="1",
    where="platform",
)
def ticket_fits(case: Case) -> Broken | None:
    """The result is of the job for which the ticket was issued, on the device that requested it."""
    ticket, predicate = case.context.ticket, case.predicate
    if ticket is None:
        return None
    if predicate.ticket is None or (
        predicate.ticket.id,
        predicate.ticket.nonce,
        predicate.ticket.sample_seed,
    ) != (
        ticket.id,
        ticket.nonce,
        ticket.sample_seed,
    ):
        return broken("The ticket in the statement is not the one that was issued.", ticket=ticket.id)
    ran = "/".join((predicate.workload.task, predicate.workload.dataset, predicate.workload.model))
    job = "/".join((ticket.task, ticket.dataset, ticket.model))
    if ran != job:
        return broken(f"The ticket is for {job}; the result is of {ran}.", ticket_job=job, job=ran)
    if predicate.device.tag != ticket.device_tag:
        return broken(
            "The ticket was requested for a device other than the one that ran.",
            ticket_device=ticket.device_tag,
            device=predicate.device.tag,
        )
    return None


@rule(
    "JM-TICKET-LATE",
    Severity.REJECT,
    "The run fits the ticket's time",
    condition="The run began after its ticket was issued, and the result arrived before the ticket expired",
    mend="Measure it anew: `joulemark run --fresh`",
    version="1",
    where="platform",
)
def ticket_in_time(case: Case) -> Broken | None:
    """The run began after the ticket was issued and was reported before it expired."""
    ticket = case.context.ticket
    if ticket is None:
        return None
    if case.predicate.started_at < ticket.issued_at - CLOCK_SLACK:
        return broken(
            "The run began before its ticket was issued.",
            started_at=case.predicate.started_at.isoformat(),
            ticket_issued_at=ticket.issued_at.isoformat(),
        )
    if case.context.received_at > ticket.expires_at:
        return broken(
            "The ticket had expired when the result arrived; measure again with a new one.",
            received_at=case.context.received_at.isoformat(),
            ticket_expires_at=ticket.expires_at.isoformat(),
        )
    return None


@rule(
    "JM-BEST-OF",
    Severity.QUARANTINE,
    "Runs are reported",
    condition=f"Fewer than {MOST_UNREPORTED} runs of this job that the same contributor announced for this device "
    "before the result arrived have no result; and of the runs of this job that the contributor announced for "
    "whatever device, or that anybody announced from the same network prefix, fewer than that, or no more than half, "
    "have none",
    mend="Send stored results: `joulemark submit`; tell the moderators what ended the runs",
    version="9",
    where="platform",
)
def runs_are_reported(case: Case) -> Broken | None:
    """Whoever announces many runs and reports one may have selected the best, also by many devices or keys."""
    context = case.context
    if context.tickets_unreported >= MOST_UNREPORTED:
        return broken(
            f"{context.tickets_unreported} runs of this job on this device were announced before the result arrived "
            "and are not reported.",
            unreported=context.tickets_unreported,
            limit=MOST_UNREPORTED,
        )
    for runs, whose in (
        (context.runs_of_contributor, "contributor"),
        (context.runs_of_network, "network"),
    ):
        if is_selected(runs):
            return broken(
                f"Of {runs.announced} runs of this job that the {whose} announced before the result arrived, "
                f"{runs.unreported} are not reported.",
                unreported=runs.unreported,
                announced=runs.announced,
                whose=whose,
                limit=MOST_UNREPORTED,
                limit_share=MOST_UNREPORTED_SHARE,
            )
    return None


def is_selected(runs: AnnouncedRuns) -> bool:
    """Whether so many of these runs are unreported that those reported may be the best of them."""
    return runs.unreported >= MOST_UNREPORTED and runs.unreported > MOST_UNREPORTED_SHARE * runs.announced


@rule(
    "JM-DEVICE-SHARED",
    Severity.FLAG,
    "Only one contributor reports the device",
    condition="No other contributor reports results of the device with this tag; boards deduplicate it",
    mend="Nothing, where several people share a machine",
    version="4",
    where="platform",
)
def device_is_one_contributors(case: Case) -> Broken | None:
    """Several contributors who report one device tag share one device."""
    others = case.context.device_shared_with
    if not others:
        return None
    return broken(
        f"{others} other contributor{'s report' if others > 1 else ' reports'} results of the same device.",
        others=others,
        device=case.predicate.device.tag,
    )


RULES = (
    key_is_known,
    key_is_valid,
    audience_is_ours,
    trace_is_new,
    times_are_possible,
    clock_went_on,
    clock_is_right,
    has_ticket,
    ticket_fits,
    ticket_in_time,
    runs_are_reported,
    device_is_one_contributors,
)
"""In the order of evaluation."""
