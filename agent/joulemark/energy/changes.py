"""When a counter moved: reads of a counter, reduced to its own steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from joulemark.energy.counter import Counter


LEAST_RISES = 10
"""Ten rises by chance are all multiples of 2 once in a thousand runs, and of more still less often."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Each change of a counter: seen between `low_s` and `high_s`; `energy_j` is the sum after it, from the first read.

    A counter is read and not heard: the read before the change and the one that showed it bracket its time.
    `resolution_j`: a counter that counts in coarser steps than its unit shows whole multiples of this; 0 of another.
    """

    low_s: NDArray[np.float64]
    high_s: NDArray[np.float64]
    energy_j: NDArray[np.float64]
    resolution_j: float = 0.0

    @cached_property
    def _middle_s(self) -> NDArray[np.float64]:
        return (self.low_s + self.high_s) / 2

    def middle_s(self) -> NDArray[np.float64]:
        """Best guess of each change's time."""
        return self._middle_s

    def sharp(self, within_s: float) -> Changes:
        """Those whose time is known to `within_s`: between reads farther apart it may have moved twice."""
        is_sharp = self.high_s - self.low_s <= within_s
        return Changes(
            low_s=self.low_s[is_sharp],
            high_s=self.high_s[is_sharp],
            energy_j=self.energy_j[is_sharp],
            resolution_j=self.resolution_j,
        )

    def between(self, from_s: float, to_s: float) -> tuple[int, int]:
        """The changes that were wholly between two times: the first, and the one behind the last."""
        first = int(self.low_s.searchsorted(from_s, side="left"))
        return first, max(first, int(self.high_s.searchsorted(to_s, side="right")))

    def last_before(self, at_s: float) -> int | None:
        """The last change that was seen by `at_s`, or None."""
        place = int(self.high_s.searchsorted(at_s, side="right")) - 1
        return place if place >= 0 else None

    def first_after(self, at_s: float) -> int | None:
        """The first change that cannot have been before `at_s`, or None."""
        place = int(self.low_s.searchsorted(at_s, side="left"))
        return place if place < len(self.low_s) else None


def changes(counter: Counter) -> Changes:
    """The steps of `counter`."""
    moved = np.flatnonzero(counter.units[1:] != counter.units[:-1]) + 1
    t_s = counter.t_us / 1e6
    energy_j = counter.units[moved].astype(np.float64) * counter.joules_per_unit
    return Changes(
        low_s=t_s[moved - 1],
        high_s=t_s[moved],
        energy_j=energy_j,
        resolution_j=_resolution(counter.units[moved]) * counter.joules_per_unit,
    )


def _resolution(units: NDArray[np.int64]) -> int:
    """The largest number that all rises are whole multiples of, where there are enough of them to tell; else 0."""
    if len(units) < LEAST_RISES:
        return 0
    common = int(np.gcd.reduce(np.diff(units)))
    return common if common > 1 else 0
