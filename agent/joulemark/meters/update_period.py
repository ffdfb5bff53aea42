"""How often a sensor moves, from readings that are denser than its steps."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.meters.meter import Tick


def changes_us(ticks: Iterable[Tick]) -> tuple[int, ...]:
    """When a change was first seen, in microseconds: the times of those ticks that tell another value than the last."""
    return tuple(tick.t_us for last, tick in pairwise(ticks) if tick.value != last.value)


def update_period_s(ticks: Iterable[Tick]) -> float | None:
    """The median distance of the changes, in seconds; None when fewer than two were seen.

    The median passes over an update that happened to tell the same value again, which doubles one distance, and over
    a change that was seen late. It is as sharp as the readings are dense.
    """
    distances = [later - earlier for earlier, later in pairwise(changes_us(ticks))]
    return median(distances) / 1e6 if distances else None
