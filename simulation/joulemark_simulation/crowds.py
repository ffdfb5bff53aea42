"""Simulated cells whose true value is 1 J: devices differ, sessions scatter, and some are wrong or lie."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from joulemark.consensus.cell import ResultReading
from joulemark.consensus.student_t import t_quantile_95

if TYPE_CHECKING:
    from collections.abc import Iterator

BETWEEN, WITHIN = 0.03, 0.01
STATED_U = 0.027  # gain of a board sensor with the scatter of a session
WRONG_SHARE = 0.2
MOST_SESSIONS = 5


@dataclass(frozen=True)
class Crowd:
    """`kind` is clean, dirty (a fifth of the devices 10 to 80 % high) or colluders (a fifth 30 % low, sure of it)."""

    devices: int
    kind: str
    between: float = BETWEEN

    @property
    def case(self) -> str:
        """What a table calls it."""
        usual = "" if self.between == BETWEEN else f", spread {self.between:.0%}"
        return f"{self.devices} devices, {self.kind}{usual}"


def cells(crowd: Crowd, *, number: int, seed: int) -> Iterator[list[ResultReading]]:
    """`number` cells, reproducible: one device a contributor, one to five sessions each."""
    chance = np.random.default_rng([seed, crowd.devices, len(crowd.kind), round(crowd.between * 1000)])
    wrong = 0 if crowd.kind == "clean" else round(WRONG_SHARE * crowd.devices)
    for _ in range(number):
        offset = chance.normal(0, crowd.between, crowd.devices)
        stated = np.full(crowd.devices, STATED_U)
        if crowd.kind == "dirty":
            offset[:wrong] += np.log(chance.uniform(1.1, 1.8, wrong))
        if crowd.kind == "colluders":
            offset[:wrong] += np.log(0.7)
            stated[:wrong] /= 10
        yield [
            ResultReading(
                contributor=device,
                device=device,
                energy_per_query_j=float(np.exp(offset[device] + chance.normal(0, WITHIN))),
                relative_u=float(stated[device]),
                window_u=WITHIN / 3,
                n_windows=10,
            )
            for device in range(crowd.devices)
            for _session in range(chance.integers(1, MOST_SESSIONS + 1))
        ]


@dataclass(frozen=True)
class NestedCrowd:
    """Contributors with as many devices each, and as many sessions of ten windows on each.

    The rest are the standard deviations that the split should find. A tenth of the contributors is dishonest: 10 to
    80 % high or 30 % low, and half of their sessions scatter by 20 % more.
    """

    contributors: int
    devices: int
    sessions: int
    contributor: float
    device: float
    session: float
    window: float

    @property
    def case(self) -> str:
        """What a table calls it."""
        return f"{self.contributors} contributors x {self.devices} devices x {self.sessions} sessions"

    def truth(self) -> dict[str, float | None]:
        """What each level should be found to be: with what nobody has repeated inside it; None where it cannot be."""
        session = self.session if self.sessions > 1 else None
        inside = 0.0 if session else self.session
        device = sqrt(self.device**2 + inside**2) if self.devices > 1 else None
        inside = 0.0 if device else sqrt(self.device**2 + inside**2)
        return {
            "window": self.window,
            "session": session,
            "device": device,
            "contributor": sqrt(self.contributor**2 + inside**2),
        }


NESTED_WINDOWS = 10
NESTED_DISHONEST = 0.1


def nested_cell(crowd: NestedCrowd, chance: np.random.Generator) -> list[ResultReading]:
    """One cell."""
    dishonest = round(NESTED_DISHONEST * crowd.contributors)
    readings = []
    for who in range(crowd.contributors):
        lies = who < dishonest
        off = float(np.log(chance.choice([chance.uniform(1.1, 1.8), 0.7]))) if lies else 0.0
        of_who = chance.normal(off, crowd.contributor)
        for number in range(crowd.devices):
            of_device = of_who + chance.normal(0, crowd.device)
            for _session in range(crowd.sessions):
                scatter = 0.2 if lies and chance.random() < 0.5 else 0.0
                windows = chance.normal(0, crowd.window, NESTED_WINDOWS)
                at = of_device + chance.normal(0, crowd.session) + windows.mean() + chance.normal(0, scatter)
                half = t_quantile_95(NESTED_WINDOWS - 1) * windows.std(ddof=1) / sqrt(NESTED_WINDOWS)
                readings.append(
                    ResultReading(
                        contributor=who,
                        device=(who, number),
                        energy_per_query_j=float(np.exp(at)),
                        relative_u=STATED_U,
                        window_u=half / 2,
                        n_windows=NESTED_WINDOWS,
                    )
                )
    return readings
