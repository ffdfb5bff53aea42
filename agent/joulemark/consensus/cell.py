"""One value for a cell, from independent contributors of one model and data set under equal conditions.

The rule is that of `voices`: the unit is a contributor, not a device and not a result. Whoever reports fifty
times, or under fifty device tags, speaks once, and fifty keys on one device speak as one; each weighs the
same, whatever uncertainty it claims for itself. Contributors are combined on the logarithm of the energy, because what
devices differ by multiplies, and because then a value and its inverse are treated alike. `centre` says which middle is
taken, `interval` how sure it is, `equivalence` how each contributor stands to it.

A value has two intervals. *Between contributors*: where the middle of ever more such contributors would lie; for what
is compared on one hardware class, since they all have its sensor. *With the sensors' error*: where the true energy
lies; `shared_error` widens the first by what the sensors of a design have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, isfinite, isnan, log
from typing import TYPE_CHECKING, Literal

import numpy as np

from joulemark.consensus.centre import as_floats, centre_of
from joulemark.consensus.dark import paule_mandel
from joulemark.consensus.equivalence import Equivalence, equivalences
from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.interval import (
    MOST_LOG,
    Kind,
    NoInterval,
    interval_of,
    relative,
    shifts,
    tells_something,
)
from joulemark.consensus.shared_error import Sensed, shared_u, widened
from joulemark.consensus.variance import Measured, VarianceSplit, variance_split
from joulemark.consensus.voices import Observation, geometric_mean, mean_of_two, plain_median, voices

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from fractions import Fraction

    from joulemark.consensus.centre import Centre, Floats

Label = Literal["single source", "several sources"]

LEAST_U, MOST_U = 0.025, 0.05
"""Relative standard uncertainty that is believed of a result beside others of its hardware class, without what their
sensors share: at least what sensors of one design differ by (2.9 % in five boards, with what `USUAL_SPREAD` has of it:
`energy/data/boards.csv`), and at most twice that, so that nobody agrees with everybody by claiming to know little."""

DIGITS = 12
"""Significant digits that are kept: what lies behind them depends on the processor that computed it."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One accepted result: joules per query as `device` of `contributor` measured or estimated them.

    `relative_u` is its stated standard uncertainty without its sensor's, `window_u` the part of it that its `n_windows`
    windows show; None where not stated. `sensor_u` is what all boards of its `design` may be off by together; None
    where there is no sensor, as in an estimate. All are relative.
    """

    contributor: Hashable
    device: Hashable
    energy_per_query_j: float
    relative_u: float | None = None
    window_u: float | None = None
    n_windows: int = 1
    sensor_u: float | None = None
    design: Hashable = None


@dataclass(frozen=True, kw_only=True)
class CellValue:
    """A cell's value in joules per query with two 95 % intervals.

    `low_j` to `high_j` holds the true energy: it has `sensor_u` in it, the relative standard uncertainty that the
    contributors' sensors share; None, and not in it, where no result has a sensor. `between_low_j` to `between_high_j`
    holds what ever more such contributors would say; `interval` is how it was computed: "bootstrap", or "preliminary"
    while contributors are few. Where there is none between contributors there is no other either, and `no_interval` has
    the reason. `least_j` and `most_j` are what a contributor says least and most: observed, no interval. `spread` is
    the standard deviation of one contributor around the value, `dark_u` what of it their stated uncertainties do not
    explain, `shift` the largest change by leaving one contributor out; all relative. `n_devices` counts tags,
    `n_contributors` those who report; neither proves independence, since both are free to make: `voices` is how many
    independent ones they count as at most.
    `label` is "single source" while one contributor, or one device under several names, is all there is: such a cell
    has a value but no rank.
    """

    energy_per_query_j: float
    low_j: float | None
    high_j: float | None
    between_low_j: float | None
    between_high_j: float | None
    sensor_u: float | None
    interval: Kind | None
    no_interval: NoInterval | None
    least_j: float
    most_j: float
    spread: float | None
    dark_u: float | None
    shift: float | None
    variance: VarianceSplit
    voices: float
    n_devices: int
    n_contributors: int
    n_results: int
    label: Label

    @property
    def between_u(self) -> float | None:
        """The larger half of the interval between contributors over the value; None without an interval."""
        if self.between_low_j is None or self.between_high_j is None:
            return None
        return max(
            self.between_high_j / self.energy_per_query_j - 1,
            1 - self.between_low_j / self.energy_per_query_j,
        )


def log_median(values: Sequence[float]) -> float:
    """The median on the log scale: for an even count the geometric mean of the middle two.

    Raises ImpossibleValue when there is no value, or one that is not positive and finite.
    """
    return plain_median(_checked(values), between=geometric_mean)


def _checked(values: Iterable[float]) -> list[float]:
    listed = [float(value) for value in values]
    if not listed:
        raise ImpossibleValue("A value needs at least one energy.")
    if not all(isfinite(value) and value > 0 for value in listed):
        raise ImpossibleValue("Energies must be positive and finite to be combined on the log scale.")
    return listed


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The value and the two intervals of a cell's readings, named as in `CellValue`, in the unit of the readings."""

    value: float
    low: float | None
    high: float | None
    between_low: float | None
    between_high: float | None
    sensor_u: float | None
    interval: Kind | None
    no_interval: NoInterval | None
    n_contributors: int


def cell_value(readings: Iterable[Reading]) -> CellValue:
    """Combine the readings of one cell. Raises ImpossibleValue for none, or one not positive and finite."""
    sources = _sources(readings)
    listed, centre, values = sources.listed, sources.centre, sources.values
    alone = sources.alone
    moved = [] if alone else [abs(relative(float(by))) for by in shifts(centre, values)]
    estimate = _estimate(sources)
    return CellValue(
        energy_per_query_j=estimate.value,
        low_j=estimate.low,
        high_j=estimate.high,
        between_low_j=estimate.between_low,
        between_high_j=estimate.between_high,
        sensor_u=estimate.sensor_u,
        interval=estimate.interval,
        no_interval=estimate.no_interval,
        least_j=min(rounded(exp(float(values[0]))), estimate.value),
        most_j=max(rounded(exp(float(values[-1]))), estimate.value),
        spread=None if alone else rounded(centre.spread),
        dark_u=None if alone else rounded(sources.dark),
        shift=None if alone else rounded(max(moved)),
        variance=_rounded_split(_variance(sources)),
        voices=rounded(centre.voices),
        n_devices=sources.n_devices,
        n_contributors=len(values),
        n_results=len(listed),
        label="single source" if alone else "several sources",
    )


def estimate_of(readings: Iterable[Reading]) -> Estimate:
    """The value and intervals of `cell_value` alone. Raises ImpossibleValue as it does."""
    return _estimate(_sources(readings))


def _estimate(sources: _Sources) -> Estimate:
    low, high, kind, reason = (None, None, None, "single-source") if sources.alone else _interval(sources)
    value = rounded(exp(sources.centre.value))
    between_low = None if low is None else min(rounded(exp(low)), value)
    between_high = None if high is None else max(rounded(exp(high)), value)
    sensor_u = _sensor_u(sources)
    true_low, true_high = _with_sensors(sources.listed, value, between_low, between_high, sensor_u)
    return Estimate(
        value=value,
        low=true_low,
        high=true_high,
        between_low=between_low,
        between_high=between_high,
        sensor_u=sensor_u,
        interval=kind,
        no_interval=reason,
        n_contributors=len(sources.values),
    )


def _interval(
    sources: _Sources,
) -> tuple[float | None, float | None, Kind | None, NoInterval | None]:
    """(low, high, kind, why there is none) on the log scale, for two voices or more."""
    low, high, kind = interval_of(sources.centre, sources.values, sources.uncertainties, sources.dark)
    if not (
        low > -MOST_LOG
        and high < MOST_LOG
        and tells_something(sources.centre.value - low, high - sources.centre.value)
    ):
        return None, None, None, "sources-disagree"
    return low, high, kind, None


def cell_equivalences(readings: Iterable[Reading]) -> list[Equivalence]:
    """How each contributor of a cell stands to the others, in the order of what they say. Raises as `cell_value`."""
    return _equivalences(_sources(readings))


def _sensor_u(sources: _Sources) -> float | None:
    sensed: dict[Hashable, list[Sensed]] = {}
    for reading in sources.listed:
        sensed.setdefault(reading.contributor, []).append(
            Sensed(design=reading.design, device=reading.device, sensor_u=reading.sensor_u)
        )
    shares = sources.centre.pull / sources.centre.pull.sum()
    relative_u = shared_u(shares, [sensed[contributor] for contributor in sources.contributors])
    return None if relative_u is None else rounded(relative_u)


def _with_sensors(
    listed: list[Reading], value: float, low: float | None, high: float | None, sensor_u: float | None
) -> tuple[float | None, float | None]:
    """Where the true energy lies; unknown (None) where some results have a sensor of which nothing is known."""
    if low is None or high is None:
        return None, None
    if sensor_u is None:
        return (low, high) if all(reading.sensor_u is None for reading in listed) else (None, None)
    lowest, highest = widened(value, low, high, sensor_u)
    return min(rounded(lowest), low), max(rounded(highest), high)


@dataclass(frozen=True, kw_only=True)
class _Sources:
    listed: list[Reading]
    contributors: list[Hashable]
    values: Floats
    weights: list[Fraction]
    uncertainties: list[float]
    centre: Centre
    dark: float

    @property
    def n_devices(self) -> int:
        """Device tags, which are free to make."""
        return len({reading.device for reading in self.listed})

    @property
    def alone(self) -> bool:
        """Whether one contributor, or one device under several names, is all there is."""
        return len(self.values) == 1 or self.n_devices == 1


def _sources(readings: Iterable[Reading]) -> _Sources:
    listed = list(readings)
    _checked(reading.energy_per_query_j for reading in listed)
    spoken = voices(
        (Observation(contributor=r.contributor, device=r.device, value=r.energy_per_query_j) for r in listed),
        between=geometric_mean,
    )
    believed: dict[Hashable, list[float]] = {}
    for reading in listed:
        believed.setdefault(reading.contributor, []).append(believed_u(reading.relative_u))
    # equal values are told apart by what else they bring, so that the order of results changes no bit
    spoken.sort(key=lambda voice: (voice.value, voice.weight, sorted(believed[voice.contributor])))
    values = np.array([log(voice.value) for voice in spoken])
    weights = [voice.weight for voice in spoken]
    uncertainties = [plain_median(believed[voice.contributor], between=mean_of_two) for voice in spoken]
    centre = centre_of(values, weights)
    heed = centre.pull / as_floats(weights)
    return _Sources(
        listed=listed,
        contributors=[voice.contributor for voice in spoken],
        values=values,
        weights=weights,
        uncertainties=uncertainties,
        centre=centre,
        dark=paule_mandel(values, uncertainties, centre=centre.value, heed=heed),
    )


def _equivalences(sources: _Sources) -> list[Equivalence]:
    return equivalences(
        sources.contributors,
        sources.centre,
        sources.values,
        as_floats(sources.weights),
        sources.uncertainties,
        sources.dark,
    )


def believed_u(stated: float | None) -> float:
    """A stated relative standard uncertainty, held between `LEAST_U` and `MOST_U`; none stated is the largest.

    Raises ImpossibleValue for one that is no number.
    """
    if stated is not None and isnan(stated):
        raise ImpossibleValue("A stated uncertainty must be a number.")
    return min(max(stated if stated is not None else MOST_U, LEAST_U), MOST_U)


def rounded(value: float) -> float:
    """`value` at `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS - 1}e}")


def _rounded_split(split: VarianceSplit) -> VarianceSplit:
    return replace(
        split,
        window=_rounded_if_known(split.window),
        session=_rounded_if_known(split.session),
        device=_rounded_if_known(split.device),
        contributor=_rounded_if_known(split.contributor),
    )


def _rounded_if_known(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _variance(sources: _Sources) -> VarianceSplit:
    weights = dict(zip(sources.contributors, as_floats(sources.weights).tolist(), strict=True))
    return variance_split(_measured(sources.listed), weights=weights)


def _measured(listed: list[Reading]) -> Iterable[Measured]:
    return (
        Measured(
            contributor=reading.contributor,
            device=reading.device,
            log_energy=log(reading.energy_per_query_j),
            window_u=reading.window_u,
            n_windows=reading.n_windows,
        )
        for reading in listed
    )
