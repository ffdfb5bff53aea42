"""When to begin, as a share of the sensor's period: never always at the same point of it.

A sensor that looks only a part of the time is right on average over all phases. The golden ratio spreads any number of
starts evenly (its continued fraction is the slowest to converge); for a number known beforehand, the lattice of the
nearest whole multiple is even to the last one (Korobov 1959; Niederreiter 1992, chapter 5).
"""

from __future__ import annotations

from math import ceil, gcd

GOLDEN = (5**0.5 - 1) / 2


def golden(number: int) -> float:
    """The phase of start `number` (from 0), in [0, 1), for a run whose length is not known yet."""
    return (0.5 + number * GOLDEN) % 1.0


def lattice(count: int) -> tuple[float, ...]:
    """`count` phases in [0, 1), 1 / `count` apart once sorted, in an order that is even at any point of the run."""
    step = max(round(count * GOLDEN), 1)
    while gcd(step, count) != 1:
        step += 1
    return tuple((number * step % count + 0.5) / count for number in range(count))


def starts_s(count: int, *, period_s: float, duration_s: float) -> tuple[float, ...]:
    """When each of `count` requests of about `duration_s` begins, in seconds from an edge of the sensor.

    One request for every whole number of periods that leaves room for it, each at its own phase.
    """
    every = ceil(duration_s / period_s) + 1
    return tuple((number * every + phase) * period_s for number, phase in enumerate(lattice(count)))
