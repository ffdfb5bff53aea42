"""The middle of a cell without one contributor and one device, for every report of the cell.

Who is compared must not be part of what it is compared with: neither its contributor's other results nor other
contributors' results on its device. Doing that from scratch for each report costs the square of their number. Here the
voices are sorted once, and one of them is left out by a binary search over their running sums. They are sorted again
only where leaving one out changes others, because a device is reported by several: once for each shared device, and
once for each set of shared devices that one contributor reports.
"""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from joulemark.consensus.voices import Observation, Voice, geometric_mean, plain_median, weight_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

_NO_DEVICE = object()
"""Equal to no device."""


class Remainder(NamedTuple):
    """What is left: the median over its contributors, how many they count as, and the largest uncertainty among them.

    `middle` is in the unit of the observations; `largest_u` is a relative standard uncertainty.
    """

    middle: float
    weight: float
    largest_u: float


class LeaveOneOut:
    """The observations of a cell, each with its relative standard uncertainty, ready to have some left out."""

    def __init__(self, observations: Iterable[tuple[Observation, float]]) -> None:
        values: dict[Hashable, dict[Hashable, list[float]]] = {}
        self._largest_u: dict[tuple[Hashable, Hashable], float] = {}
        for observation, u in observations:
            contributor, device = observation.contributor, observation.device
            values.setdefault(contributor, {}).setdefault(device, []).append(observation.value)
            self._largest_u[contributor, device] = max(u, self._largest_u.get((contributor, device), u))
        self._medians = {
            contributor: {
                device: plain_median(results, between=geometric_mean) for device, results in devices.items()
            }
            for contributor, devices in values.items()
        }
        self._n_reporters: dict[Hashable, int] = {}
        for devices in self._medians.values():
            for device in devices:
                self._n_reporters[device] = self._n_reporters.get(device, 0) + 1
        self._cells: dict[tuple[frozenset[Hashable], Hashable], _SortedVoices] = {}

    def without(self, contributor: Hashable, device: Hashable) -> Remainder | None:
        """Return what is left without this contributor and without this device, None if that is nothing."""
        own = self._medians.get(contributor, {})
        shared = frozenset(other for other in own if other != device and self._n_reporters[other] > 1)
        is_its_own = self._n_reporters.get(device, 0) == (device in own)
        key = (shared, _NO_DEVICE if is_its_own else device)
        if key not in self._cells:
            self._cells[key] = self._sorted_without(*key)
        return self._cells[key].without(contributor)

    def _sorted_without(self, shared: frozenset[Hashable], device: Hashable) -> _SortedVoices:
        """The voices as they are without this device, where each of the `shared` ones has a reporter less."""
        spoken = []
        for contributor, devices in self._medians.items():
            left = [owned for owned in devices if owned != device]
            if left:
                value = plain_median([devices[owned] for owned in left], between=geometric_mean)
                weight = weight_of([self._n_reporters[owned] - (owned in shared) for owned in left])
                spoken.append(Voice(value, weight, contributor))
        return _SortedVoices(
            spoken, [(u, who) for (who, where), u in self._largest_u.items() if where != device]
        )


class _SortedVoices:
    """Voices in the order of their values, with their running sums, and the largest uncertainties of two of them."""

    def __init__(self, spoken: Sequence[Voice], uncertainties: Sequence[tuple[float, Hashable]]) -> None:
        self._voices = sorted(spoken, key=lambda voice: voice.value)
        self._place = {voice.contributor: place for place, voice in enumerate(self._voices)}
        self._sums = list(accumulate((voice.weight for voice in self._voices), initial=Fraction()))
        self._largest_u, self._its_contributor = max(
            uncertainties, key=lambda pair: pair[0], default=(0.0, None)
        )
        self._second_u = max((u for u, who in uncertainties if who != self._its_contributor), default=0.0)

    def without(self, contributor: Hashable) -> Remainder | None:
        """Return the weighted median of all voices but this one's, None where there is no other."""
        voices, sums = self._voices, self._sums
        place = self._place.get(contributor, len(voices))
        weight = voices[place].weight if place < len(voices) else Fraction()
        total = sums[-1] - weight
        if not total:
            return None
        # the running sum behind voice n is sums[n + 1], and less by the weight of what is left out behind its place
        half = total / 2
        if sums[place] >= half:
            middle = bisect_left(sums, half, lo=1, hi=place + 1) - 1
            meets = sums[middle + 1] == half
        else:
            middle = bisect_left(sums, half + weight, lo=place + 2) - 1
            meets = sums[middle + 1] - weight == half
        value = voices[middle].value
        if meets:
            following = middle + 1 if middle + 1 != place else middle + 2
            value = geometric_mean(value, voices[following].value)
        largest_u = self._second_u if contributor == self._its_contributor else self._largest_u
        return Remainder(value, float(total), largest_u)
