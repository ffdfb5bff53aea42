"""Joules per token and per right answer as pages and downloads show them: of a cell, of a result.

Each is a list of the fields of `joulemark.consensus.unit_energy.UnitEnergy`, one of each unit in the order of `UNITS`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from joulemark.consensus.quality import Score
from joulemark.consensus.unit_energy import UNITS, CountedReading, session_unit_energies
from joulemark.energy.sensors import sensor_u
from measurements.display.choices import NoUnitValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.review.models import Result

UnitEnergies = list[dict[str, Any]]


def cell_unit_energies(stored: UnitEnergies) -> UnitEnergies:
    """Those of a cell; of a value from before there were any, null with the reason."""
    return stored or without_values(NoUnitValue.BEFORE_THEN.value)


def without_values(reason: str) -> UnitEnergies:
    """None of any unit, for one reason."""
    numbers = dict.fromkeys(("value_j", "low_j", "high_j", "between_low_j", "between_high_j"))
    words = {"interval": "", "no_value": reason, "no_interval": ""}
    return [
        {"unit": unit, "metric": "", **numbers, **words, "n_contributors": 0, "n_results": 0}
        for unit in UNITS
    ]


def result_unit_energies(result: Result) -> UnitEnergies:
    """Those of one result, with its method's uncertainty and its sensor's as the interval."""
    reading = CountedReading(
        contributor=result.contributor_id,
        device=result.device_id,
        energy_per_query_j=result.energy_per_query_j,
        relative_u=result.method_u,
        sensor_u=sensor_u(result.meter, result.hardware_class.title, result.mean_power_w),
        energy_gross_j=result.energy_gross_j,
        output_tokens=result.output_tokens,
        input_tokens=result.input_tokens,
    )
    return [asdict(energy) for energy in session_unit_energies(reading, scores_of_session(result.quality))]


def scores_of_session(quality: Iterable[dict[str, Any]]) -> list[Score]:
    """The scores of one session, each a mapping of metric, value, n and higher_is_better."""
    return [
        Score(
            contributor=0,
            device=0,
            metric=score["metric"],
            value=score["value"],
            n=score["n"],
            higher_is_better=score["higher_is_better"],
        )
        for score in quality
    ]


def energy_of_unit(energies: UnitEnergies, unit: str) -> dict[str, Any]:
    """The one of this unit. Raises LookupError where the list has none."""
    for energy in energies:
        if energy["unit"] == unit:
            return energy
    raise LookupError(f"These energies have none per {unit}.")
