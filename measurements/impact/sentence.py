"""The sentence that a reader copies: a year of use with its numbers, their sources, and where it was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

from joulemark.impact import intensity
from measurements.display.human_units import NO_BREAK, human_count, human_energy, human_mass
from measurements.display.numbers import significant
from measurements.display.places import territory_name
from measurements.display.templatetags.figures import grade_name, scope_name, watt_hours
from measurements.display.titles import translated

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from joulemark.impact.quantity import Quantity
    from joulemark.impact.usage import YearOfUse


def sentence_of(year: YearOfUse, *, place: str, address: str, as_of: datetime | None) -> str:
    """What is copied, in the reader's language, with every source of its numbers. `place` is a code, empty for none."""
    origin = year.usage.origin
    sentences = [
        gettext(
            "%(queries)s queries a year take %(energy)s of electricity and emit %(mass)s of CO2e (%(grid)s)."
        )
        % {
            "queries": human_count(year.queries),
            "energy": _with_range(year.energy, human_energy),
            "mass": _with_range(year.emissions, human_mass),
            "grid": ": ".join(electricity_of(year, place)),
        },
        gettext("One query takes %(wh)s (%(grade)s, %(scope)s).")
        % {
            "wh": watt_hours(year.usage.wh_per_query.value),
            "grade": grade_name(origin.grade),
            "scope": scope_name(str(origin.scope)),
        },
    ]
    if origin.grade != "own":
        sentences.append(gettext("Energy of a query: %(citation)s.") % {"citation": _citation(year)})
    if year.usage.intensity.sources[0].grade != "own":
        sentences.append(
            gettext("Carbon intensity: %(citation)s.") % {"citation": intensity.about().citation}
        )
    sentences.append(gettext("Computed by Joulemark, %(address)s.") % {"address": address})
    if as_of is not None:
        sentences.append(gettext("As of %(time)s UTC.") % {"time": f"{as_of:%Y-%m-%d %H:%M:%S}"})
    return " ".join(sentences)


def electricity_of(year: YearOfUse, place: str) -> tuple[str, str]:
    """Whose electricity it is and of which year, and its carbon intensity; `place` is empty for the reader's own."""
    source = year.usage.intensity.sources[0]
    intensity_text = significant(year.usage.intensity.value)
    carbon = f"{intensity_text}{NO_BREAK}{gettext('gCO2e/kWh').replace(' ', NO_BREAK)}"
    if source.grade == "own" or not place:
        return gettext("the reader's own figure"), carbon
    row = intensity.row_of(place)
    name = translated(row.name) if row.kind == "region" else territory_name(row.code)
    return gettext("%(place)s, %(year)s") % {"place": name, "year": source.year}, carbon


def _with_range(quantity: Quantity, write: Callable[[float], str]) -> str:
    if quantity.low is None or quantity.high is None:
        return write(quantity.value)
    return gettext("%(value)s (%(low)s to %(high)s)") % {
        "value": write(quantity.value),
        "low": write(quantity.low),
        "high": write(quantity.high),
    }


def _citation(year: YearOfUse) -> str:
    origin = year.usage.origin
    words = [
        translated(origin.title),
        str(origin.year or ""),
        origin.version and f"version {origin.version}",
        origin.url,
    ]
    return ", ".join(str(word) for word in words if word)
