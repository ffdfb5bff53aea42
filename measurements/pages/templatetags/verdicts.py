"""Template filters of what became of a result: its state, what its sender can do, and why somebody decided."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext

from measurements.intake.models import State
from measurements.review.models import Cause, ModerationReason, WithdrawalReason

register = template.Library()

SHOWN_CAUSES = (Cause.NEW_RULES, Cause.KEY_REVOKED)
"""Causes of a verdict that was given again; the others are told elsewhere on the page."""


@register.filter
def state_name(state: str) -> str:
    """The state of a submission in the reader's language."""
    return str(State(state).label)


@register.filter
def next_step(state: str) -> str:
    """What the sender of a result in this state can do, in the reader's language."""
    return {
        "received": gettext("No action needed: a result that waits too long is queued again automatically."),
        "checking": gettext("No action needed: a worker is checking it."),
        "accepted": gettext(
            "No action needed. If the measurement was faulty, withdraw it: joulemark withdraw."
        ),
        "quarantined": gettext(
            "A moderator will review it. Read the findings below, then measure again or appeal: joulemark appeal."
        ),
        "rejected": gettext(
            "Read the findings below and measure again. A wrong verdict can be appealed for 30 days: joulemark appeal."
        ),
        "withdrawn": gettext(
            "The sender withdrew it, and it no longer counts. Its bytes and its log leaves remain."
        ),
    }[state]


@register.filter
def decision_reason(reason: str) -> str:
    """Why a moderator decided as they did, in the reader's language."""
    return str(ModerationReason(reason).label)


@register.filter
def withdrawal_reason(reason: str) -> str:
    """Why a contributor took a result back, in the reader's language."""
    return str(WithdrawalReason(reason).label)


@register.filter
def cause_name(cause: str) -> str:
    """Why a verdict was given again, in the reader's language; empty for the first."""
    return str(Cause(cause).label) if cause in SHOWN_CAUSES else ""
