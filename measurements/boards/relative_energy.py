"""How many times the least energy under the same conditions a value is, with the interval of that ratio.

On one kind of hardware the sensors err alike, so the intervals between contributors are compared. The interval of the
ratio follows from those of its parts by the method of variance estimates recovery on the logarithms (Zou and Donner
2008, Statistics in Medicine 27, 1693-1702): the distances of the ends from the values add in quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, inf, log

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from joulemark.consensus.interval import tells_something


class NoRatioInterval(TextChoices):
    """Why a ratio to the least has no interval."""

    IS_LEAST = "is-least", _("the least")
    NO_INTERVAL = "no-interval", _("none: one of both values has no interval between contributors")


@dataclass(frozen=True, kw_only=True)
class RelativeEnergy:
    """`value` times the least; `low` to `high` is its 95 % interval, None for the reason `no_interval`."""

    value: float
    low: float | None
    high: float | None
    no_interval: str = ""


Ends = tuple[float, float] | None


def relative_energy(
    energy_j: float, ends: Ends, least_j: float, least_ends: Ends, *, is_least: bool
) -> RelativeEnergy:
    """The ratio of two energies (positive, in one unit) that have these intervals between contributors."""
    ratio = energy_j / least_j
    if is_least:
        return RelativeEnergy(value=1.0, low=None, high=None, no_interval=NoRatioInterval.IS_LEAST.value)
    if ends is None or least_ends is None:
        return RelativeEnergy(value=ratio, low=None, high=None, no_interval=NoRatioInterval.NO_INTERVAL.value)
    below = hypot(log(energy_j / ends[0]), log(least_ends[1] / least_j))
    above = hypot(log(ends[1] / energy_j), log(least_j / least_ends[0]))
    return RelativeEnergy(value=ratio, low=ratio * exp(-below), high=ratio * exp(above))


def informative(value: float, low: float | None, high: float | None) -> Ends:
    """The ends of an interval, None where there is none or it tells nothing."""
    if low is None or high is None or not 0 < low <= value <= high < inf:
        return None
    return (low, high) if tells_something(log(value / low), log(high / value)) else None
