"""The crowd at the platform's doors, day by day: enrol, take tickets, send, be judged, change the boards, be logged."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from joulemark.record.keys import key_id, public_hex
from joulemark.suite import load_suite
from joulemark_site.crowd.acting import Actor
from joulemark_site.crowd.clock import Clock, running
from joulemark_site.crowd.identity import PREFIX
from joulemark_site.crowd.plan import Crowd, Member, Session, members
from joulemark_site.crowd.statements import enrolment, ticket_request
from joulemark_site.crowd.truth import SUITE
from measurements.boards.services import refresh_cells_of, refresh_stale_cells
from measurements.contributors.models import Key
from measurements.intake.key_services import accept_enrolment
from measurements.intake.models import Submission, Ticket
from measurements.intake.refusals import Refusal
from measurements.intake.services import accept_result, issue_ticket
from measurements.ledger.sequencer import sequence
from measurements.review.services import judge_waiting

DAY = timedelta(days=1)
WRONG_CLOCK = timedelta(hours=1)
"""How late the clock of a sloppy contributor goes now and then."""

SENDING = timedelta(seconds=3)
"""From the signature to the arrival."""

Doing = tuple[datetime, int, Callable[[], None]]
"""When, a number that tells apart what happens at one time, and what."""

Progress = Callable[[int, int], None]
"""Told the day that is over and how many results were new in all."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What came of a session: the result's id, or the code with which a door refused it."""

    member: Member
    session: Session
    result_id: str | None
    refused: str | None


@dataclass
class Played:
    """The whole crowd's. `new` counts the results that were not here before."""

    sent: list[Sent] = field(default_factory=list)
    new: int = 0


def play(crowd: Crowd, *, until: datetime, progress: Progress) -> Played:
    """Let the crowd live through its days, the last of which ends at `until`; played again it adds nothing.

    Where the crowd was here before, its time is the one it had then. Raises EnergyError, LogBroken.
    """
    suite, everybody = load_suite(SUITE), list(members(crowd))
    actors = [Actor(crowd, suite, member, place) for member in everybody for place in range(member.keys)]
    began = _began(actors[0]) or until - DAY * crowd.days
    world = World(began)
    for actor in actors:
        world.plan(actor)
    with running(world.clock):
        for day in range(1, crowd.days + 1):
            world.live(began + DAY * day)
            progress(day, world.played.new)
        refresh_stale_cells()  # what an earlier run that was ended has left behind
    return world.played


def _began(first: Actor) -> datetime | None:
    """When the crowd began that is here already: its first member joins at once."""
    key = Key.objects.filter(key_id=key_id(public_hex(first.key))).first()
    return key.enrolled_at if key else None


class World:
    """The crowd's time, and what is still to be done in it, in order: what one does may lead to more later."""

    def __init__(self, began: datetime) -> None:
        self.clock, self.played = Clock(began), Played()
        self._began, self._judged = began, 0
        self._agenda: list[Doing] = []
        self._numbers = count()

    def plan(self, actor: Actor) -> None:
        """Have an actor enrol and begin its sessions when it means to."""
        self._later(self._began + actor.member.joins, partial(self._enrol, actor))
        for session in actor.member.sessions:
            self._later(self._began + session.at, partial(self._start, actor, session))

    def live(self, evening: datetime) -> None:
        """Do all that is due before `evening`; then give the verdicts, refresh the boards and sign a checkpoint."""
        while self._agenda and self._agenda[0][0] < evening:
            at, _number, act = heapq.heappop(self._agenda)
            self.clock.set(at)
            act()
        self.clock.set(evening)
        waiting = [
            action.result_id for action in self.played.sent[self._judged :] if action.result_id is not None
        ]
        self._judged = len(self.played.sent)
        if judge_waiting(result_ids=waiting):
            refresh_cells_of(result_ids=waiting)
        sequence()

    def _later(self, at: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._numbers), act))

    def _enrol(self, actor: Actor) -> None:
        name = f"{PREFIX}{actor.crowd.name}-{actor.member.number:04}"
        if actor.member.keys > 1:
            name += f"-key-{actor.place + 1}"
        accept_enrolment(data=enrolment(actor.key, name=name, at=self.clock.at), simulated=True)

    def _start(self, actor: Actor, session: Session) -> None:
        """Take a ticket and measure; the result is sent when the run is over."""
        try:
            announced = session.announced or session.how == "clock"
            ticket = _ticket(actor, session, self.clock.at) if announced else None
        except Refusal as refusal:
            self._note(actor, session, refused=refusal.code)
            return
        if submitted_id := _submitted_id(ticket):
            self._note(actor, session, result_id=submitted_id)
            return
        body, issued_at = actor.bundle(session, ticket=ticket, began=self.clock.at)
        self._later(issued_at + SENDING, partial(self._send, actor, session, body))

    def _send(self, actor: Actor, session: Session, body: bytes) -> None:
        try:
            submission, created = accept_result(data=body)
        except Refusal as refusal:
            self._note(actor, session, refused=refusal.code)
            return
        self.played.new += created
        self._note(actor, session, result_id=submission.pk)

    def _note(
        self, actor: Actor, session: Session, *, result_id: str | None = None, refused: str | None = None
    ) -> None:
        self.played.sent.append(
            Sent(member=actor.member, session=session, result_id=result_id, refused=refused)
        )


def _ticket(actor: Actor, session: Session, at: datetime) -> Ticket:
    late = WRONG_CLOCK if session.how == "clock" else timedelta()
    request = ticket_request(
        actor.key,
        suite=actor.suite,
        job=actor.suite.job(session.job),
        device_tag=actor.device_tag,
        nonce=actor.nonce(session, "ticket"),
        at=at - late,
    )
    return issue_ticket(data=request)


def _submitted_id(ticket: Ticket | None) -> str | None:
    """The result that this ticket was used for when the crowd was played before."""
    if ticket is None:
        return None
    submitted_id: str | None = Submission.objects.filter(ticket=ticket).values_list("pk", flat=True).first()
    return submitted_id
