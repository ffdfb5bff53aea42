"""The unit of a field of the API, which its name ends in: `energy_wh_per_1000` is in Wh per 1,000 queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDINGS = {
    "kwh_per_1000": "kWh per 1,000 queries",
    "wh_per_1000": "Wh per 1,000 queries",
    "wh_per_query": "Wh per query",
    "per_query_j": "J per query",
    "gco2e_per_kwh": "gCO2e per kWh",
    "kgco2e": "kg CO2e",
    "gco2e": "g CO2e",
    "kwh": "kWh",
    "wh": "Wh",
    "j": "J",
    "w": "W",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "minutes": "min",
    "mhz": "MHz",
    "bytes": "bytes",
    "gb": "GB (1e9 bytes)",
    "percent": "%",
}
"""Units by the last words of a name, the longer ones first."""
NUMBERS = ("number", "integer")
TIME = "UTC"


def unit_of_field(name: str, schema: Mapping[str, Any]) -> str:
    """The unit, `UTC` of a time, "" where the field is no number or its description says what it counts."""
    inner = schema.get("items", schema) if schema.get("type") == "array" else schema
    if inner.get("format") == "date-time":
        return TIME
    if inner.get("type") not in NUMBERS:
        return ""
    return next((unit for ending, unit in ENDINGS.items() if f"_{name}".endswith(f"_{ending}")), "")
