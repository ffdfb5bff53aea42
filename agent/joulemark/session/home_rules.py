"""The rules asked at home: of a result that a run has just kept, and of any result file (`joulemark check`).

Offline; needs no key, no platform and no models. The rules that compare with what only a platform knows are not asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.rules.causes import FLAGS_RULE, FoundUnfit
from joulemark.rules.completeness import DIRTY
from joulemark.rules.finding import Severity
from joulemark.rules.judge import RULES, judge_by

if TYPE_CHECKING:
    from joulemark.record.statement import Statement
    from joulemark.record.trace import Trace
    from joulemark.rules.case import Case
    from joulemark.rules.judge import Judgement
    from joulemark.suite import Suite

AT_HOME = tuple(rule for rule in RULES if rule.where != "platform")
PLATFORM_ONLY = tuple(rule.code for rule in RULES if rule.where == "platform")
"""Codes of the rules that only a platform can ask."""

TRIPS = (ArithmeticError, LookupError, TypeError, ValueError)
"""What strange content can make the rules raise; a platform catches the same and has a moderator look at it."""


def judge_at_home(statement: Statement, trace: Trace, suite: Suite | None) -> Judgement:
    """What the rules say that can be asked without a platform. `suite`: the one that ran, None where it is not here."""
    return judge_by(AT_HOME, _case(statement, trace, suite))


def unfit(judgement: Judgement, flags: tuple[str, ...]) -> tuple[FoundUnfit, ...]:
    """The findings that keep a result with these flags from counting, in the order of the rules."""
    dirty = tuple(flag for flag in flags if flag in DIRTY)
    return tuple(
        FoundUnfit(finding.code, finding.sentence, dirty if finding.code == FLAGS_RULE else ())
        for finding in judgement.findings
        if finding.severity != Severity.FLAG
    )


def _case(statement: Statement, trace: Trace, suite: Suite | None) -> Case:
    """As a platform would see it that was sent this result now and had given the ticket that the result names."""
    from datetime import UTC, datetime, timedelta

    from joulemark.rules.case import Case, Context, TicketFacts

    predicate, now = statement.predicate, datetime.now(UTC)
    ticket = (
        None
        if predicate.ticket is None
        else TicketFacts(
            id=predicate.ticket.id,
            nonce=predicate.ticket.nonce,
            sample_seed=predicate.ticket.sample_seed,
            task=predicate.workload.task,
            dataset=predicate.workload.dataset,
            model=predicate.workload.model,
            device_tag=predicate.device.tag,
            issued_at=predicate.started_at,
            expires_at=now + timedelta(days=1),
        )
    )
    context = Context(
        received_at=now,
        audience=predicate.audience,
        public_key=predicate.contributor.public_key,
        key_revoked=False,
        ticket=ticket,
        suite=suite,
        same_trace_as=None,
    )
    return Case(statement, trace, context)
