"""The crowd at the platform's doors, day by day: enrol, take tickets, send, be judged, change the boards, be logged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter

from joulemark.record.keys import key_id, public_hex
from joulemark.suite import load_suite
from joulemark_site.crowd.acting import Actor
from joulemark_site.crowd.clock import Clock, running
from joulemark_site.crowd.plan import PREFIX, Crowd, Member, Session, members
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
    began = _began(Actor(crowd, suite, everybody[0], 0)) or until - DAY * crowd.days
    played, clock = Played(), Clock(began)
    actors = [Actor(crowd, suite, member, place) for member in everybody for place in range(member.keys)]
    doings = [doing for actor in actors for doing in _doings(played, clock, began, actor)]
    by_day: dict[int, list[Callable[[], None]]] = defaultdict(list)
    for at, act in sorted(doings, key=itemgetter(0)):
        by_day[at // DAY].append(act)
    with running(clock):
        for day in range(crowd.days):
            _live(played, clock, began + DAY * (day + 1), by_day[day])
            progress(day + 1, played.new)
        refresh_stale_cells()  # what an earlier run that was ended has left behind
    return played


def _began(first: Actor) -> datetime | None:
    """When the crowd began that is here already: its first member joins at once."""
    key = Key.objects.filter(key_id=key_id(public_hex(first.key))).first()
    return key.enrolled_at if key else None


def _doings(
    played: Played, clock: Clock, began: datetime, actor: Actor
) -> Iterator[tuple[timedelta, Callable[[], None]]]:
    yield actor.member.joins, partial(_enrol, clock, began + actor.member.joins, actor)
    for session in actor.member.sessions:
        yield session.at, partial(_run, played, clock, began + session.at, actor, session)


def _enrol(clock: Clock, at: datetime, actor: Actor) -> None:
    clock.set(at)
    name = f"{PREFIX}{actor.crowd.name}-{actor.member.number:04}"
    if actor.member.keys > 1:
        name += f"-key-{actor.place + 1}"
    accept_enrolment(data=enrolment(actor.key, name=name, at=at))


def _run(played: Played, clock: Clock, at: datetime, actor: Actor, session: Session) -> None:
    """One session: ticket, measurement, upload."""
    clock.set(at)
    result_id = refused = None
    try:
        ticket = _ticket(actor, session, at) if session.announced or session.how == "clock" else None
        result_id = _known(ticket)
        if result_id is None:
            body, issued_at = actor.bundle(session, ticket=ticket, began=at)
            clock.set(issued_at + timedelta(seconds=3))
            submission, created = accept_result(data=body)
            result_id = submission.pk
            played.new += created
    except Refusal as refusal:
        refused = refusal.code
    played.sent.append(Sent(member=actor.member, session=session, result_id=result_id, refused=refused))


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


def _known(ticket: Ticket | None) -> str | None:
    """The result that this ticket was used for when the crowd was played before."""
    if ticket is None:
        return None
    known: str | None = Submission.objects.filter(ticket=ticket).values_list("pk", flat=True).first()
    return known


def _live(played: Played, clock: Clock, evening: datetime, doings: Iterable[Callable[[], None]]) -> None:
    """A day: all that is done, and in the evening the verdicts, the boards and the log's checkpoint."""
    first = len(played.sent)
    for act in doings:
        act()
    clock.set(evening)
    today = [one.result_id for one in played.sent[first:] if one.result_id is not None]
    if today and judge_waiting(result_ids=today):
        refresh_cells_of(result_ids=today)
    sequence()
