"""Large amounts in the units in which people say them: GWh, tonnes, millions. Nothing breaks inside an amount.

Inside, energies are kWh, masses kg and counts plain numbers; the unit follows from the rounded amount, so that
999.9 MWh is 1 GWh and not 1000 MWh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from measurements.display.numbers import significant, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_BREAK = "\u00a0"
"""No-break space: between a number and its unit, and inside a unit of two words."""

Steps = tuple[tuple[float, str], ...]

ENERGY: Steps = ((1e-3, _("Wh")), (1.0, _("kWh")), (1e3, _("MWh")), (1e6, _("GWh")), (1e9, _("TWh")))
"""Units of energy and what one of each is in kWh."""
MASS: Steps = ((1e-3, _("g")), (1.0, _("kg")), (1e3, _("t")), (1e6, _("thousand t")), (1e9, _("million t")))
"""Units of mass and what one of each is in kg."""
COUNT: Steps = ((1e6, _("million")), (1e9, _("billion")), (1e12, _("trillion")), (1e15, _("quadrillion")))
"""Words for large numbers."""

PLAIN_COUNT = 1e6
"""Below this a number is written in its digits."""
SMALLEST_PLAIN = 1e-9
DAYS_OF_YEAR, HOURS_OF_DAY = 365, 24


def human_energy(kwh: float) -> str:
    """An energy, given in kWh."""
    return _in_steps(kwh, ENERGY)


def human_mass(kg: float) -> str:
    """A mass, given in kg."""
    return _in_steps(kg, MASS)


def human_duration(years: float) -> str:
    """A time, given in years of 365 days: hours below a day, days below a year."""
    for length, written in (
        (1.0, gettext("%(n)s years")),
        (1 / DAYS_OF_YEAR, gettext("%(n)s days")),
        (0.0, gettext("%(n)s hours")),
    ):
        if float(f"{years:.2e}") >= length:
            size = length or 1 / DAYS_OF_YEAR / HOURS_OF_DAY
            return (written % {"n": significant(years / size, plain_from=SMALLEST_PLAIN)}).replace(
                " ", NO_BREAK
            )
    raise ValueError("A time is not negative.")


def human_count(number: float) -> str:
    """A number of things; millions and more in words."""
    if float(f"{number:.2e}") < PLAIN_COUNT:
        return (
            whole(round(number))
            if number == round(number)
            else significant(number, plain_from=SMALLEST_PLAIN)
        )
    return _in_steps(number, COUNT)


def _in_steps(amount: float, steps: Sequence[tuple[float, str]]) -> str:
    """The amount in the largest unit of which there is one, else in the smallest."""
    rounded = float(f"{amount:.2e}")
    size, unit = next((step for step in reversed(steps) if rounded >= step[0]), steps[0])
    written = significant(rounded / size, plain_from=SMALLEST_PLAIN)
    return f"{written}{NO_BREAK}{gettext(unit).replace(' ', NO_BREAK)}"
