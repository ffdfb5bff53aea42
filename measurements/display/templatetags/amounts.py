"""Template filters of amounts as people say them. Nothing breaks inside a number with its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from measurements.display import human_units
from measurements.display.templatetags.figures import DASH

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.display.templatetags.figures import TwoEnds

register = template.Library()

register.filter("human_energy", human_units.human_energy)
register.filter("human_mass", human_units.human_mass)
register.filter("human_count", human_units.human_count)
register.filter("human_duration", human_units.human_duration)


@register.filter
def unbroken(ends: str) -> str:
    """Two ends that another filter has written, without a break between them."""
    dash = f"{human_units.NO_BREAK}{DASH}{human_units.NO_BREAK}"
    return ends.replace(f" {DASH} ", dash)


@register.filter
def energy_range(quantity: TwoEnds) -> str:
    """The ends of an energy in kWh, each with its unit; a dash where none is known."""
    return _range(quantity, human_units.human_energy)


@register.filter
def mass_range(quantity: TwoEnds) -> str:
    """The ends of a mass in kg."""
    return _range(quantity, human_units.human_mass)


@register.filter
def count_range(quantity: TwoEnds) -> str:
    """The ends of a number of things."""
    return _range(quantity, human_units.human_count)


@register.filter
def duration_range(quantity: TwoEnds) -> str:
    """The ends of a time in years."""
    return _range(quantity, human_units.human_duration)


def _range(quantity: TwoEnds, write: Callable[[float], str]) -> str:
    if quantity.low is None or quantity.high is None:
        return DASH
    return f"{write(quantity.low)}{human_units.NO_BREAK}{DASH} {write(quantity.high)}"
