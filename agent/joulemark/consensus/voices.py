"""How many words become one: a contributor speaks once, and a device no more than once.

The rule, in words. Device tags are free to invent and keys are free to make, so neither alone may buy votes:

1. A device of a contributor says the median of that contributor's results on it.
2. A contributor says the median over its devices, however many tags it reports under.
3. The value is the median over contributors. A voice weighs one, and less where other contributors report
   the same device: a device of k contributors counts one k-th in each, and a voice weighs the mean of what
   its devices count. So fifty keys on one device weigh together what one key on it does.

No contributor and no device ever weighs more than one. Weights are exact fractions: a tie is a tie.
"""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from joulemark.consensus.errors import ImpossibleValue

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    Between = Callable[[float, float], float]


FULL_WEIGHT = Fraction(1)


class Observation(NamedTuple):
    """One number as `device` of `contributor` gives it."""

    contributor: Hashable
    device: Hashable
    value: float


class Voice(NamedTuple):
    """The value of one contributor, and its weight: above 0, at most 1."""

    value: float
    weight: Fraction
    contributor: Hashable = None


def mean_of_two(low: float, high: float) -> float:
    """The middle on a plain scale."""
    return low + (high - low) / 2


def geometric_mean(low: float, high: float) -> float:
    """The middle on a log scale, of two that are above 0."""
    # by their roots, because the product may overflow or vanish; rounding must not leave the two
    return min(max(sqrt(low) * sqrt(high), low), high)


def voices(observations: Iterable[Observation], *, between: Between) -> list[Voice]:
    """One voice a contributor; `between` gives the middle of two values, which an even count needs."""
    spoken: dict[Hashable, dict[Hashable, list[float]]] = {}
    for word in observations:
        spoken.setdefault(word.contributor, {}).setdefault(word.device, []).append(word.value)
    sharers: dict[Hashable, int] = {}
    for devices in spoken.values():
        for device in devices:
            sharers[device] = sharers.get(device, 0) + 1
    return [
        Voice(
            value=plain_median(
                [plain_median(values, between=between) for values in devices.values()], between=between
            ),
            weight=_weight([sharers[device] for device in devices]),
            contributor=contributor,
        )
        for contributor, devices in spoken.items()
    ]


def _weight(sharers: list[int]) -> Fraction:
    if max(sharers) == 1:
        return FULL_WEIGHT
    return sum((Fraction(1, sharing) for sharing in sharers), Fraction()) / len(sharers)


def weighted_median(contributions: Iterable[Voice], *, between: Between) -> float:
    """The value with half of the weight on either side; `between` of two where the halves meet exactly.

    Raises ImpossibleValue when there is no voice.
    """
    ordered = sorted(contributions, key=lambda voice: voice.value)
    if not ordered:
        raise ImpossibleValue("A median needs at least one value.")
    if all(voice.weight is FULL_WEIGHT for voice in ordered):
        return plain_median([voice.value for voice in ordered], between=between)
    half = sum((voice.weight for voice in ordered), Fraction()) / 2
    below = Fraction()
    for place, voice in enumerate(ordered):
        below += voice.weight
        if below == half:
            return between(voice.value, ordered[place + 1].value)
        if below > half:
            return voice.value
    raise AssertionError("The weights of all voices exceed their half.")


def plain_median(values: Sequence[float], *, between: Between) -> float:
    """The middle of values that weigh the same; `between` of two. There must be one."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else between(ordered[half - 1], ordered[half])
