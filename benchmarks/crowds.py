"""Simulated cells whose true value is 1 J: devices differ, sessions scatter, and some are wrong or lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from joulemark.consensus.cell import Reading

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


def cells(crowd: Crowd, *, number: int, seed: int) -> Iterator[list[Reading]]:
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
            Reading(
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
