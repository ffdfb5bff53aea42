"""Template filters of what became of a result: its state, what its sender can do, and why somebody decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.translation import gettext

from measurements.intake.models import State
from measurements.review.listing import codes_of
from measurements.review.models import ModerationReason, WithdrawalReason
from measurements.review.moves import Cause

if TYPE_CHECKING:
    from measurements.intake.models import Submission
    from measurements.review.rule_facts import RuleFacts

register = template.Library()

SHOWN_CAUSES = (Cause.NEW_RULES, Cause.KEY_REVOKED, Cause.REPORTED)
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
def codes(submission: Submission) -> list[str]:
    """The codes of the verdict that stands."""
    return codes_of(submission)


@register.filter
def reader_step(state: str) -> str:
    """What somebody who did not send a result in this state may make of it, in the reader's language."""
    return {
        "received": gettext("Do not use its numbers yet: no rule has been applied to them."),
        "checking": gettext("Do not use its numbers yet: the rules are being applied to them."),
        "accepted": gettext(
            "Cite the value of its board and not this one run. To check the run, verify its bundle; to test it, "
            "measure the same job on a device of your own."
        ),
        "quarantined": gettext(
            "Do not use its numbers: a rule objects, and a moderator has not decided. The findings say to what."
        ),
        "rejected": gettext("Do not use its numbers. The findings say which rule they violate."),
        "withdrawn": gettext("Do not use its numbers: its sender took them back."),
    }[state]


EVIDENCE_OF = {
    "provenance": "evidence",
    "suite_rules": "setup",
    "answer_rules": "values",
    "completeness": "setup",
    "sensor_rules": "power",
    "estimate_rules": "values",
    "control_rules": "power",
    "recomputed": "values",
    "power_rules": "power",
    "device_rules": "setup",
    "texture_rules": "power",
}
"""The section of a result's page with what a rule reads, by the rule's module."""


@register.filter
def evidence_anchor(rule: RuleFacts) -> str:
    """The section of a result's page that shows what a rule reads."""
    return f"#{_evidence_of(rule)}"


@register.filter
def evidence_name(rule: RuleFacts) -> str:
    """The heading of that section, in the reader's language."""
    return {
        "evidence": gettext("Evidence"),
        "setup": gettext("Workload and hardware"),
        "values": gettext("Values"),
        "power": gettext("Power over time"),
    }[_evidence_of(rule)]


def _evidence_of(rule: RuleFacts) -> str:
    return EVIDENCE_OF[rule.subject]


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
