"""What the rules look at: a result's own words, its evidence, and what the platform knows beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.errors import EnergyError
from joulemark.record.statement import offline_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from joulemark.record.statement import Predicate, Statement
    from joulemark.record.trace import Trace
    from joulemark.suite import Job, Sample, Suite


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

    `same_trace_as` is the id of another result with the same trace, None if there is none. `inputs_by_others`: how
    many other contributors, whose results were not rejected, state each `inputs_sha256` for the same job and sample.
    """

    received_at: datetime
    audience: str
    public_key: str | None
    key_revoked: bool
    ticket: TicketFacts | None
    suite: Suite | None
    same_trace_as: str | None
    inputs_by_others: Mapping[str, int] = field(default_factory=dict)


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
    def job(self) -> Job | None:
        """The suite's job that was run, None where there is none."""
        suite, work = self.context.suite, self.said.workload
        key = (work.task, work.dataset, work.model)
        jobs = suite.jobs if suite else ()
        return next((job for job in jobs if (job.task, job.dataset, job.model) == key), None)

    @cached_property
    def sample(self) -> Sample | None:
        """The queries that had to be asked; None where the platform does not know suite or data set, or no revision."""
        suite, said = self.context.suite, self.said
        if suite is None or not any(d.id == said.workload.dataset and d.is_pinned for d in suite.datasets):
            return None
        seed = self.context.ticket.sample_seed if self.context.ticket else offline_seed(said.nonce)
        dataset = said.workload.dataset
        return suite.sample(dataset, seed=seed, count=suite.queries_per_window(dataset))

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
