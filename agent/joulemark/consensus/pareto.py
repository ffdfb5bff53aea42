"""Which models nobody surely beats: less energy and better answers at once, by more than chance.

A model is beaten where another one surely uses less energy and surely scores better; a difference within chance takes
nobody off the front. All comparisons of a metric hold together in 95 of 100 boards, so intervals are widened for their
number. Where no two models surely score differently the metric tells nobody apart, and there is no front.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.quality_interval import Interval, log_interval, surely_above, widened

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class ParetoOption:
    """A model as a choice: joules per query (or any one unit of energy) and one metric of its answers.

    Each with its 95 % interval; None where that is not known: such a model takes no part, and is neither on the front
    nor beaten. An exact number is an interval of no width.
    """

    energy: float
    quality: float
    energy_interval: Interval | None
    quality_interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class Front:
    """Places of the choices that nobody surely beats, from the least energy on, and of those that somebody does."""

    unbeaten: list[int]
    beaten: list[int]


NOBODY = Front(unbeaten=[], beaten=[])


def pareto_front(choices: Sequence[ParetoOption], *, higher_is_better: bool = True) -> Front:
    """The front; empty where fewer than two choices take part, or their quality is not told apart.

    Raises ImpossibleValue for a number that is not finite, or an energy that is not positive.
    """
    sign = 1.0 if higher_is_better else -1.0
    candidates = [
        _Candidate.of(place, choice, sign)
        for place, choice in enumerate(choices)
        if choice.energy_interval is not None and choice.quality_interval is not None
    ]
    if not all(isfinite(choice.energy) and isfinite(choice.quality) for choice in choices):
        raise ImpossibleValue("Energy and quality must be finite to be compared.")
    factor = widened(len(candidates) - 1)
    if not any(choice.is_better(rival, factor) for choice in candidates for rival in candidates):
        return NOBODY
    candidates.sort(key=lambda choice: (choice.energy, -choice.quality, choice.place))
    beaten = {
        choice.place for choice in candidates if any(rival.beats(choice, factor) for rival in candidates)
    }
    return Front(
        unbeaten=[choice.place for choice in candidates if choice.place not in beaten],
        beaten=[choice.place for choice in candidates if choice.place in beaten],
    )


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A choice with the logarithm of its energy, and with its quality turned so that higher is better."""

    place: int
    energy: float
    energy_interval: Interval
    quality: float
    quality_interval: Interval

    @classmethod
    def of(cls, place: int, choice: ParetoOption, sign: float) -> _Candidate:
        """Of a choice whose intervals are known."""
        if choice.energy_interval is None or choice.quality_interval is None:
            raise ImpossibleValue("A choice without intervals takes no part.")
        energy, energy_interval = log_interval(choice.energy, choice.energy_interval)
        low, high = sorted(sign * end for end in choice.quality_interval)
        return cls(
            place=place,
            energy=energy,
            energy_interval=energy_interval,
            quality=sign * choice.quality,
            quality_interval=(low, high),
        )

    def is_better(self, other: _Candidate, factor: float) -> bool:
        """Whether it surely scores better."""
        return surely_above(
            self.quality, self.quality_interval, other.quality, other.quality_interval, factor=factor
        )

    def beats(self, other: _Candidate, factor: float) -> bool:
        """Whether it surely uses less energy and surely scores better."""
        return self.is_better(other, factor) and surely_above(
            other.energy, other.energy_interval, self.energy, self.energy_interval, factor=factor
        )
