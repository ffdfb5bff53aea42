"""What the rules look at: a result's own words, its evidence, and what the platform knows beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.errors import EnergyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.record.statement import Predicate, Statement
    from joulemark.record.trace import Trace
    from joulemark.suite import Suite


class Severity(StrEnum):
    """What a finding means for the result, the worst first."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    FLAG = "flag"


@dataclass(frozen=True)
class TicketFacts:
    """The ticket as the platform gave it."""

    id: str
    nonce: str
    sample_seed: int
    task: str
    dataset: str
    model: str
    device_tag: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Context:
    """What the platform knows. `suite` is the one with the digest that the result names, None if there is none.

    `same_trace_as` is the id of another result with the same trace, None if there is none.
    """

    received_at: datetime
    audience: str
    public_key: str | None
    key_revoked: bool
    ticket: TicketFacts | None
    suite: Suite | None
    same_trace_as: str | None


@dataclass(frozen=True)
class Case:
    """A result whose bytes decoded and whose digests fit, with the context it is judged in."""

    statement: Statement
    trace: Trace
    context: Context

    @property
    def said(self) -> Predicate:
        """The predicate: what the volunteer says about the run."""
        return self.statement.predicate

    @cached_property
    def energy(self) -> Analysis | EnergyError:
        """What the trace says, recomputed; or why it says nothing."""
        try:
            return analyse(self.trace, self.said.sensor)
        except EnergyError as error:
            return error


@dataclass(frozen=True)
class Finding:
    """One thing that a rule has to say. `sentence` is for the volunteer and the reader."""

    code: str
    severity: Severity
    sentence: str


@dataclass(frozen=True)
class Rule:
    """A named check. `check` returns a sentence when the rule is broken, None when it is kept."""

    code: str
    severity: Severity
    title: str
    check: Callable[[Case], str | None]
