"""What a member of the crowd makes of a session: a trace and what it says about it, honest or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from joulemark.record.statement import TicketRef, offline_seed
from joulemark_simulation.statements import Packed, digest
from joulemark_simulation.trace_edits import scaled
from joulemark_site.crowd.identity import key_of
from joulemark_site.crowd.plan import LOW
from joulemark_site.crowd.readings import Run, trace_of
from joulemark_site.crowd.statements import SessionFacts, answers_of, bundle_of, honest_predicate
from joulemark_site.crowd.truth import JOBS, true_j

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.record.statement import Predicate
    from joulemark.record.trace import Trace
    from joulemark.suite import Suite
    from joulemark_site.crowd.plan import Crowd, Member, Session
    from measurements.intake.models import Ticket

WINDOWS, WINDOW_S = 3, 3.0
RIGHT = 0.6
"""Share of the queries that the models answer rightly."""
SCORE, SCORE_SPREAD = 0.35, 0.08
"""Mean and standard deviation of an answer's score where it is not right or wrong."""
STEADY = 0.0002
"""How equal the windows of a colluder's invented trace are: the uncertainty that follows from them is tiny."""
LOADING = timedelta(seconds=20)
"""From the ticket to the first reading."""


@dataclass(frozen=True)
class Actor:
    """One key of a member."""

    crowd: Crowd
    suite: Suite
    member: Member
    place: int

    @property
    def key(self) -> Ed25519PrivateKey:
        """Its own."""
        return key_of(self.crowd.name, self.member.number, self.place)

    @property
    def device_tag(self) -> str:
        """All keys of a member report one device."""
        return digest("device", self.crowd.name, self.member.number)

    def nonce(self, session: Session, what: str) -> str:
        """Fresh for each session, and the same whenever the crowd is played again."""
        return digest(what, self.crowd.name, self.member.number, self.place, session.place)[:32]

    def bundle(self, session: Session, *, ticket: Ticket | None, began: datetime) -> tuple[bytes, datetime]:
        """The result's bytes, and when they were signed. Raises EnergyError."""
        facts, trace = self._session_facts(session, ticket, began)
        packed = Packed.of(trace)
        predicate = _lied(session.how, honest_predicate(facts, trace, packed))
        return bundle_of(facts, predicate, packed).to_bytes(), facts.issued_at

    def _session_facts(
        self, session: Session, ticket: Ticket | None, began: datetime
    ) -> tuple[SessionFacts, Trace]:
        job, nonce = self.suite.job(session.job), self.nonce(session, "result")
        seed = ticket.sample_seed if ticket else offline_seed(nonce)
        sample = self.suite.sample(job.dataset, seed=seed, count=self.suite.queries_per_window(job.dataset))
        answers = answers_of(job, sample)
        trace = self._trace(session, answers)
        lasted = timedelta(seconds=trace.spans[-1].end_us / 1e6 + 1.5)
        started_at = began + LOADING
        facts = SessionFacts(
            key=self.key,
            suite=self.suite,
            job=job,
            card=self.member.card,
            device_tag=self.device_tag,
            nonce=nonce,
            ticket=_reference(ticket),
            sample=sample,
            started_at=started_at,
            ended_at=started_at + lasted,
            issued_at=started_at + lasted + timedelta(seconds=2),
            quality={
                metric: _score(metric, len(sample.query_ids), Random(f"{nonce} {metric}"))  # noqa: S311 - chances
                for metric in self.suite.quality_metrics(job.dataset)
            },
            flags=("not-steady",) if session.how == "unsteady" else (),
        )
        return facts, trace

    def _trace(self, session: Session, answers: bytes) -> Trace:
        """Of a liar who scales the trace of its first session, that trace."""
        if session.how == "scaled-trace" and session.place:
            return scaled(self._trace(self.member.sessions[0], answers), LOW)
        work, card = JOBS[session.job], self.member.card
        per_pass = self.suite.queries_per_window(self.suite.job(session.job).dataset)
        run = Run(
            energy_j=true_j(session.job, card) * session.energy,
            latency_s=work.latency_s,
            idle_w=card.idle_w,
            limit_w=card.limit_w,
            per_window=per_pass * max(1, round(WINDOW_S / work.latency_s / per_pass)),
            windows=WINDOWS,
            foreign=session.how in ("foreign", "foreign-unsaid"),
            unsteadiness={"colluding": STEADY, "many-keys": STEADY, "unsteady": 0.03}.get(session.how, 0.002),
        )
        seed = int(digest("run", self.nonce(session, "result"))[:16], 16)
        return trace_of(run, answers, np.random.default_rng(seed))


def _score(metric: str, answers: int, draw: Random) -> float:
    """The mean score of so many answers."""
    if metric.startswith("rouge"):
        return min(max(draw.gauss(SCORE, SCORE_SPREAD / answers**0.5), 0.0), 1.0)
    return sum(draw.random() < RIGHT for _ in range(answers)) / answers


def _reference(ticket: Ticket | None) -> TicketRef | None:
    if ticket is None:
        return None
    return TicketRef(id=ticket.id, nonce=ticket.nonce, sample_seed=ticket.sample_seed)


def _lied(how: str, predicate: Predicate) -> Predicate:
    """What is stated instead."""
    if how == "edited-total":
        totals = predicate.totals
        lower = replace(
            totals,
            energy_gross_j=totals.energy_gross_j * LOW,
            energy_per_query_j=totals.energy_per_query_j * LOW,
        )
        return replace(predicate, totals=lower)
    if how == "tiny-uncertainty":
        return replace(
            predicate, budget=tuple(replace(term, relative=term.relative / 10) for term in predicate.budget)
        )
    if how == "foreign-unsaid":
        return replace(predicate, flags=())
    return predicate
