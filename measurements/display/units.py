"""The units in which a page shows what is stored in joules per query."""

from __future__ import annotations

JOULES_PER_WH = 3600.0
QUERIES = 1000

Maybe = float | None


def wh_per_1000(energy_per_query_j: float) -> float:
    """Watt-hours per 1,000 queries: the headline."""
    return energy_per_query_j * QUERIES / JOULES_PER_WH


def j_per_query(energy_kwh_per_1000: float) -> float:
    """Joules per query from a figure in kWh per 1,000 queries: 1 kWh is 3.6 MJ."""
    return energy_kwh_per_1000 * 1000 * JOULES_PER_WH / QUERIES


def maybe_j_per_query(energy_kwh_per_1000: Maybe) -> Maybe:
    """The same, where the figure may not have been kept."""
    return None if energy_kwh_per_1000 is None else j_per_query(energy_kwh_per_1000)
