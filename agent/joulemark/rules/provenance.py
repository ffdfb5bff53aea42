"""Rules about who sent a result, when, and under which ticket."""

from __future__ import annotations

from datetime import timedelta

from joulemark.record.keys import key_id
from joulemark.rules.case import Case

CLOCK_SLACK = timedelta(minutes=10)
"""Difference of clocks that is let pass; the door refuses larger ones for the same reason."""

LONGEST_RUN = timedelta(days=30)
"""Longest time from the start of a job to its signature."""


def key_is_known(case: Case) -> str | None:
    """The signing key is enrolled and is the one that the statement names."""
    known, named = case.context.public_key, case.said.contributor
    if known is None:
        return "The key that signed is not enrolled here."
    if named.public_key != known or named.key_id != key_id(known):
        return "The statement names another key than the one that signed it."
    return None


def key_is_valid(case: Case) -> str | None:
    """The signing key is not revoked."""
    return "The key that signed was revoked." if case.context.key_revoked else None


def audience_is_ours(case: Case) -> str | None:
    """The statement was signed for the platform that judges it."""
    if case.said.audience != case.context.audience:
        return f"The result was signed for {case.said.audience}, not for this platform."
    return None


def has_ticket(case: Case) -> str | None:
    """The run was announced before it started."""
    if case.context.ticket is None:
        return "The run had no ticket, so nobody knows how many runs it was chosen from; it stays in the lower tier."
    return None


def ticket_fits(case: Case) -> str | None:
    """The result reports what the ticket was given for, on the device that asked."""
    ticket, said = case.context.ticket, case.said
    if ticket is None:
        return None
    if said.ticket is None or (said.ticket.id, said.ticket.nonce, said.ticket.sample_seed) != (
        ticket.id,
        ticket.nonce,
        ticket.sample_seed,
    ):
        return "The ticket in the statement is not the one that was given."
    ran = (said.workload.task, said.workload.dataset, said.workload.model)
    if ran != (ticket.task, ticket.dataset, ticket.model):
        return f"The ticket is for {ticket.task}/{ticket.dataset}/{ticket.model}; the result is of {'/'.join(ran)}."
    if said.device.tag != ticket.device_tag:
        return "The ticket was asked for by another device than the one that ran."
    return None


def ticket_in_time(case: Case) -> str | None:
    """The run began after the ticket was given and was reported before the ticket ended."""
    ticket = case.context.ticket
    if ticket is None:
        return None
    if case.said.started_at < ticket.issued_at - CLOCK_SLACK:
        return "The run began before its ticket was given."
    if case.context.received_at > ticket.expires_at:
        return "The ticket had run out when the result arrived; run again with a new one."
    return None


def times_are_possible(case: Case) -> str | None:
    """Start, end, signing and arrival are in this order, and the windows fit between start and end."""
    said = case.said
    if not said.started_at <= said.ended_at <= said.issued_at:
        return "The run's start, end and signing are not in this order."
    if said.issued_at > case.context.received_at + CLOCK_SLACK:
        return "The result was signed after it arrived: the clock of the machine is wrong."
    if said.issued_at - said.started_at > LONGEST_RUN:
        return f"The run began more than {LONGEST_RUN.days} days before it was signed."
    wall_s = (said.ended_at - said.started_at).total_seconds()
    last_s = max(span.end_us for span in case.trace.spans) / 1e6
    if last_s > wall_s + 1.0:
        return f"The trace runs for {last_s:.1f} s, the run lasted only {wall_s:.1f} s."
    return None


def trace_is_new(case: Case) -> str | None:
    """No other result carries the same trace."""
    other = case.context.same_trace_as
    return f"The same trace came with result {other[:12]} before." if other else None
