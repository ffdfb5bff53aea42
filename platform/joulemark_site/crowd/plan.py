"""Who is in the crowd and what each of them does when: all of it drawn from the seed, before anything is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from joulemark_site.crowd.truth import CARDS, JOBS, Card

DEVICE_SPREAD, SESSION_SPREAD = 0.03, 0.01
"""Relative standard deviations of the truth: between devices, and between sessions on one."""

LOW, HIGH = 0.7, (1.1, 1.8)
"""By what liars multiply, and between what a foreign process does."""

KEYS = 5
"""How many keys whoever has many has."""

LIARS = ("colluding", "many-keys", "edited-total", "tiny-uncertainty", "scaled-trace", "colluding")
"""The dishonest, in turn."""

SLOPPY = {
    "clean": 0.3,
    "foreign": 0.2,
    "foreign-unsaid": 0.1,
    "unsteady": 0.15,
    "unflagged": 0.2,
    "clock": 0.05,
}
"""How often a sloppy contributor's session goes how. Only `unflagged` ones can get past the rules: 10 to 80 % high."""

ANNOUNCED = 0.95
"""Share of sessions with a ticket."""

ROOM = timedelta(minutes=30)
"""Least time between two sessions of one contributor."""

LATEST, MOST_A_DAY = 0.7, 10
"""Everybody joins before this share of the days is over, which leaves room for so many results for each of them."""


MOST = {"seed": 10**12 - 1, "contributors": 100_000, "days": 3_650}
"""What is asked for beyond these is a slip."""


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What the command was asked for. `results` a contributor; shares are of the contributors."""

    seed: int
    contributors: int
    days: int
    sloppy: float
    dishonest: float
    results: int

    @property
    def name(self) -> str:
        """Another one for other parameters: two crowds share no key."""
        digest = hashlib.sha256(repr(self).encode()).hexdigest()
        return f"{self.seed}-{digest[:6]}"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run. `at` is the time since the crowd began; `energy` what its counter tells over the cell's truth."""

    at: timedelta
    job: str
    how: str
    energy: float
    announced: bool
    place: int


@dataclass(frozen=True, kw_only=True)
class Member:
    """A contributor with its device. `joins` is when, since the crowd began; `keys` how many it has."""

    number: int
    kind: str
    style: str
    card: Card
    joins: timedelta
    keys: int
    sessions: tuple[Session, ...]


def members(crowd: Crowd) -> Iterator[Member]:
    """Everybody, by number. Raises ValueError for shares or numbers that cannot be."""
    for name, most in MOST.items():
        if abs(getattr(crowd, name)) > most:
            raise ValueError(f"A crowd has a --{name} of {most:,} at most.")
    if not all(0 <= share <= 1 for share in (crowd.sloppy, crowd.dishonest)):
        raise ValueError("--sloppy and --dishonest are shares from 0 to 1.")
    sloppy, dishonest = (round(share * crowd.contributors) for share in (crowd.sloppy, crowd.dishonest))
    honest = crowd.contributors - sloppy - dishonest
    if honest < 0 or crowd.contributors < 1:
        raise ValueError("Shares are 0 or more and add up to 1 at most, of 1 contributor or more.")
    if not 1 <= crowd.results <= MOST_A_DAY * crowd.days:
        raise ValueError(
            f"In {crowd.days} days there is room for 1 to {MOST_A_DAY * crowd.days} results each."
        )
    styles = [("honest", "honest")] * honest + [("sloppy", "sloppy")] * sloppy
    styles += [("dishonest", LIARS[place % len(LIARS)]) for place in range(dishonest)]
    Random(f"{crowd.name} kinds").shuffle(styles)  # noqa: S311 - chances, no secrets
    for number, (kind, style) in enumerate(styles):
        yield _member(crowd, number, kind, style)


def _member(crowd: Crowd, number: int, kind: str, style: str) -> Member:
    draw = Random(f"{crowd.name} member {number}")  # noqa: S311 - chances, no secrets
    whole = timedelta(days=crowd.days)
    (card,) = draw.choices(CARDS, [card.share for card in CARDS])
    joins = timedelta() if number == 0 else _second(whole * draw.uniform(0.0, LATEST))
    device = draw.lognormvariate(0.0, DEVICE_SPREAD)
    jobs = draw.sample(sorted(JOBS), len(JOBS))[: max(1, round(crowd.results * 2 / 3))]
    if style == "scaled-trace":
        jobs = jobs[:1]
    times = sorted(draw.uniform(0.0, 1.0) for _ in range(crowd.results))
    left = whole - joins - ROOM * (crowd.results + 1)
    sessions = []
    for place, share in enumerate(times):
        how = draw.choices(list(SLOPPY), list(SLOPPY.values()))[0] if kind == "sloppy" else style
        sessions.append(
            Session(
                at=joins + ROOM * (place + 0.5) + _second(left * share),
                job=jobs[place % len(jobs)],
                how=how,
                energy=_energy(how, device, draw),
                announced=draw.random() < ANNOUNCED,
                place=place,
            )
        )
    return Member(
        number=number,
        kind=kind,
        style=style,
        card=card,
        joins=joins,
        keys=KEYS if style == "many-keys" else 1,
        sessions=tuple(sessions),
    )


def _energy(how: str, device: float, draw: Random) -> float:
    honest = device * draw.lognormvariate(0.0, SESSION_SPREAD)
    high = draw.uniform(*HIGH)
    if how in ("colluding", "many-keys"):
        return LOW
    return honest * high if how in ("foreign", "foreign-unsaid", "unflagged") else honest


def _second(time: timedelta) -> timedelta:
    return timedelta(seconds=round(time.total_seconds()))
