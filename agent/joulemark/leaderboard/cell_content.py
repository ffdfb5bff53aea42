"""From the rows of a cell's results to what the cell says: for a refresh, a rebuild, and the replay of a release."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from joulemark.consensus.agreement import ContributorReport, tier
from joulemark.consensus.cell import CellValue, cell_value, log_median
from joulemark.consensus.quality import Score, quality_values
from joulemark.consensus.unit_energy import CountedReading, unit_energies
from joulemark.energy.sensors import sensor_u


@dataclass(frozen=True, kw_only=True)
class CellRow(ContributorReport, CountedReading):
    """What of an eligible result its cell is made of. `device` is its tag, `announced` whether it had a ticket."""

    contributor: Hashable
    quality: Sequence[dict[str, Any]]
    latency_p50_s: float
    peak_memory_bytes: int | None


ROW_FIELDS = (
    "contributor_id",
    "device__tag",
    "energy_per_query_j",
    "method_u",
    "window_u",
    "window_count",
    "meter",
    "mean_power_w",
    "hardware_class__title",
    "submission__ticket_id",
    "energy_gross_j",
    "output_tokens",
    "input_tokens",
    "latency_p50_s",
    "peak_memory_bytes",
    "quality",
)
"""The columns of a result that a row has, in its order."""


def row_of(values: Sequence[Any]) -> CellRow:
    """A row from the values of `ROW_FIELDS`."""
    of = dict(zip(ROW_FIELDS, values, strict=True))
    design = of["hardware_class__title"]
    return CellRow(
        contributor=of["contributor_id"],
        device=of["device__tag"],
        energy_per_query_j=of["energy_per_query_j"],
        relative_u=of["method_u"],
        window_u=of["window_u"],
        n_windows=of["window_count"],
        sensor_u=sensor_u(of["meter"], design, of["mean_power_w"]),
        design=design,
        announced=of["submission__ticket_id"] is not None,
        energy_gross_j=of["energy_gross_j"],
        output_tokens=of["output_tokens"],
        input_tokens=of["input_tokens"],
        quality=of["quality"],
        latency_p50_s=of["latency_p50_s"],
        peak_memory_bytes=of["peak_memory_bytes"],
    )


DeviceSays = tuple[float, int]
"""Joules per query of a device, and of how many results."""


def aggregate_results(results: Sequence[Sequence[Any]]) -> tuple[dict[str, Any], dict[Any, DeviceSays]]:
    """The fields of a cell and what each device says in it, of results given as `(device, *ROW_FIELDS)`.

    Raises ValueError for no result.
    """
    rows = [(device, row_of(values)) for device, *values in results]
    energies: dict[Hashable, list[float]] = {}
    for device, row in rows:
        energies.setdefault(device, []).append(row.energy_per_query_j)
    devices = {device: (log_median(values), len(values)) for device, values in energies.items()}
    return combined([row for _, row in rows]), devices


def combined(rows: Sequence[CellRow]) -> dict[str, Any]:
    """The fields of a cell, in whatever order the rows come. Raises ValueError for no row."""
    value = cell_value(rows)
    quality = quality_values(_scores(rows))
    return asdict(value) | {
        "interval": value.interval or "",
        "no_interval": value.no_interval or "",
        "tier": tier(rows, between_u=_announced_u(rows, value)),
        "quality": [asdict(score) for score in quality],
        "unit_energies": [asdict(energy) for energy in unit_energies(rows, value=value, quality=quality)],
        "latency_p50_s": median(row.latency_p50_s for row in rows),
        "peak_memory_bytes": max(
            (row.peak_memory_bytes for row in rows if row.peak_memory_bytes is not None), default=None
        ),
    }


def _announced_u(rows: Sequence[CellRow], value: CellValue) -> float | None:
    announced = [row for row in rows if row.announced]
    if len(announced) == len(rows):
        return value.between_u
    return cell_value(announced).between_u if announced else None


def _scores(rows: Sequence[CellRow]) -> list[Score]:
    return [
        Score(
            contributor=row.contributor,
            device=row.device,
            metric=score["metric"],
            value=score["value"],
            n=score["n"],
            higher_is_better=score["higher_is_better"],
        )
        for row in rows
        for score in row.quality
    ]
