"""What a habit or a service uses in a year: queries a day x users x energy of a query, at one grid's intensity."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from joulemark.impact.equivalences import Equal, equal_to
from joulemark.impact.quantity import READER, Quantity
from joulemark.impact.study_figures import Pick, energy_kwh_per_1000, picked, study_source

if TYPE_CHECKING:
    from joulemark.impact.quantity import Source
    from joulemark.suite.published import Study
    from joulemark.suite.schema import ModelKind

DAYS = 365
"""Days of a year."""

ANSWER_EQUIVALENCES = ("phone-charge", "petrol-car-km", "web-search", "assistant-prompt", "image-generation")
"""The equivalences of an answer, in order."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """`wh_per_query`: watt-hours of one query; `intensity`: gCO2e/kWh."""

    wh_per_query: Quantity
    queries_per_day: float
    users: float
    intensity: Quantity

    @property
    def origin(self) -> Source:
        """Where the energy of a query comes from: it says grade, scope and version of all that follows from it."""
        return self.wh_per_query.sources[0]


@dataclass(frozen=True, kw_only=True)
class YearOfUse:
    """`energy`: kWh a year; `emissions`: kgCO2e a year; each with the interval that the query's energy had."""

    usage: Usage
    queries: float
    energy: Quantity
    emissions: Quantity
    equals: tuple[Equal, ...]


def year_of(usage: Usage) -> YearOfUse:
    """A year of 365 days. Raises ValueError for a count that is negative or not finite."""
    if not all(isfinite(count) and count >= 0 for count in (usage.queries_per_day, usage.users)):
        raise ValueError("Queries and users must be finite and not negative.")
    queries = usage.queries_per_day * usage.users * DAYS
    energy = usage.wh_per_query.times(queries / 1000, "kWh")
    grams = energy.times(usage.intensity, "gCO2e")
    return YearOfUse(
        usage=usage,
        queries=queries,
        energy=energy,
        emissions=grams.times(1 / 1000, "kgCO2e"),
        equals=tuple(equal_to(ANSWER_EQUIVALENCES, energy_kwh=energy, emissions_gco2e=grams)),
    )


def own_query(wh: float, *, low: float | None = None, high: float | None = None) -> Quantity:
    """A query's energy in watt-hours as the reader gives it. Raises ValueError where it is no quantity."""
    return Quantity(value=wh, low=low, high=high, unit="Wh", sources=(READER,))


def study_query(study: Study, task: str, kind: ModelKind = "task-specific") -> Quantity:
    """A query of the study's task in watt-hours: mean over its models, from the least to the most of them.

    The range is that of models, not an interval of confidence: which model answers matters far more than how well
    it was measured. Raises LookupError where the study has no such figure.
    """
    pick = Pick(task=task, kind=kind)
    energies = [figure.energy_kwh_per_1000 for figure in picked(study, pick)]  # kWh per 1,000 is Wh per query
    return Quantity(
        value=energy_kwh_per_1000(study, pick),
        low=min(energies),
        high=max(energies),
        unit="Wh",
        sources=(study_source(study),),
    )
