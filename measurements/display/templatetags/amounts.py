"""Template filters of amounts as people say them. Nothing breaks inside a number with its unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django import template

from measurements.display import human_units
from measurements.display.numbers import joined_ends
from measurements.display.templatetags.figures import DASH

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.display.templatetags.figures import TwoEnds

register = template.Library()
UNITS = "k?Wh\\b|g\\b|mL\\b|times\\b|billion\\b|к?Вт·ч|\u0433\\b|мл\\b|раза?\\b|млрд\\b"
IN_AMOUNT = re.compile(rf"(?<=\d) (?=\d|%|{UNITS})")
"""A space between groups of digits, or between a number and its unit in either language."""

register.filter("human_energy", human_units.human_energy)
register.filter("human_mass", human_units.human_mass)
register.filter("human_count", human_units.human_count)
register.filter("human_duration", human_units.human_duration)


@register.filter
def unbroken(ends: str) -> str:
    """Two ends that another filter has written, without a break between them."""
    return joined_ends(*ends.split(f" {DASH} ")) if ends.count(f" {DASH} ") == 1 else ends


@register.filter
def whole_amounts(sentence: str) -> str:
    """A sentence in which no line breaks between a number and its unit, or between groups of digits."""
    return IN_AMOUNT.sub(human_units.NO_BREAK, sentence)


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
