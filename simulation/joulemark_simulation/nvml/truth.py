"""What the simulated card really draws: power and energy in closed form, without any sensor.

Nothing here knows of the library's own sums: each load and each pause is integrated by itself. Warmth w follows
dw/dt = (1 - w) / warm_s under load and dw/dt = -w / decay_s after it, so a pause of length d that begins with warmth w
takes idle * d + extra * w * decay * (1 - exp(-d / decay)). Noise, gain and drift are of the sensor, not of the card.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile
from math import exp, fsum, inf
from typing import TYPE_CHECKING

from joulemark_simulation.nvml.scenario import Load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from joulemark_simulation.nvml.clock import Clock
    from joulemark_simulation.nvml.scenario import Idle, Scenario


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of constant load, or of idle that begins with `warmth`."""

    start_s: float
    end_s: float
    watts: float | None
    warmth: float


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The active card's power over time."""

    idle: Idle
    loads: tuple[Load, ...]

    @classmethod
    def of(cls, scenario: Scenario, clock: Clock | None = None) -> Truth:
        """Of scripted loads, or of those marked on `clock` so far."""
        if not scenario.by_activity:
            return cls(idle=scenario.idle, loads=scenario.loads)
        if clock is None:
            raise ValueError("The loads of this scenario are marked on a clock: say which.")
        return cls(idle=scenario.idle, loads=tuple(_marked(clock.marks())))

    def energy_j(self, start_s: float, end_s: float) -> float:
        """Joules from `start_s` to `end_s`; before the simulation's 0 the card idles, cold."""
        first = bisect_right(self._pieces, start_s, key=_start_s) - 1
        pieces = takewhile(lambda piece: piece.start_s < end_s, islice(self._pieces, first, None))
        return fsum(
            self._piece_j(piece, max(start_s, piece.start_s), min(end_s, piece.end_s)) for piece in pieces
        )

    def power_w(self, at_s: float) -> float:
        """Watts at one instant; at an edge, those after it."""
        piece = self._pieces[bisect_right(self._pieces, at_s, key=_start_s) - 1]
        if piece.watts is not None:
            return piece.watts
        warmth = piece.warmth * exp(-(at_s - piece.start_s) / self.idle.decay_s) if piece.warmth else 0.0
        return self.idle.watts + self.idle.extra_w * warmth

    def _piece_j(self, piece: Piece, start_s: float, end_s: float) -> float:
        if piece.watts is not None:
            return piece.watts * (end_s - start_s)
        flat_j = self.idle.watts * (end_s - start_s)
        if not piece.warmth:
            return flat_j
        tau_s = self.idle.decay_s
        fall = exp(-(start_s - piece.start_s) / tau_s) - exp(-(end_s - piece.start_s) / tau_s)
        return flat_j + self.idle.extra_w * piece.warmth * tau_s * fall

    @cached_property
    def _pieces(self) -> tuple[Piece, ...]:
        return tuple(self._in_order())

    def _in_order(self) -> Iterator[Piece]:
        at_s, warmth = -inf, 0.0
        for load in self.loads:
            yield Piece(start_s=at_s, end_s=load.start_s, watts=None, warmth=warmth)
            if warmth:
                warmth *= exp(-(load.start_s - at_s) / self.idle.decay_s)
            yield Piece(start_s=load.start_s, end_s=load.end_s, watts=load.watts, warmth=warmth)
            warmth = self._warmed(warmth, load.end_s - load.start_s)
            at_s = load.end_s
        yield Piece(start_s=at_s, end_s=inf, watts=None, warmth=warmth)

    def _warmed(self, warmth: float, load_s: float) -> float:
        if self.idle.warm_s <= 0:
            return 1.0
        return 1 - (1 - warmth) * exp(-load_s / self.idle.warm_s)


def _start_s(piece: Piece) -> float:
    return piece.start_s


def _marked(marks: Iterable[tuple[float, float]]) -> Iterator[Load]:
    """Marks as loads: each mark ends the load before it, the last load lasts."""
    running: tuple[float, float] | None = None
    for at_s, watts in marks:
        if running and running[0] < at_s:
            yield Load(running[0], at_s, running[1])
        running = (at_s, watts) if watts else None
    if running:
        yield Load(running[0], inf, running[1])
