"""Facts of hardware by its name: memory, power, architecture and year, each row of the table with its source.

`data/hardware.csv`: `names` is a regular expression for the whole name as a driver gives it; `memory_gb` are 1e9 bytes
as the data sheet has them; `power_w` the default power limit; `year` that of the announcement, whose day the source
names. What a source does not state is empty.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "data" / "hardware.csv"
GB = 10**9


@dataclass(frozen=True, kw_only=True)
class HardwareFacts:
    """What the table has of one device; None and "" where its source does not state it."""

    memory_bytes: int | None
    power_w: float | None
    architecture: str
    year: int | None
    source: str


NO_FACTS = HardwareFacts(memory_bytes=None, power_w=None, architecture="", year=None, source="")
"""Of a device that the table does not have."""


@cache
def table() -> tuple[tuple[re.Pattern[str], HardwareFacts], ...]:
    """Every row, with the expression for its names."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple((re.compile(row["names"]), _facts(row)) for row in csv.DictReader(file))


def _facts(row: dict[str, str]) -> HardwareFacts:
    return HardwareFacts(
        memory_bytes=int(row["memory_gb"]) * GB if row["memory_gb"] else None,
        power_w=float(row["power_w"]) if row["power_w"] else None,
        architecture=row["architecture"],
        year=int(row["year"]) if row["year"] else None,
        source=row["source"],
    )


def facts_named(name: str) -> HardwareFacts | None:
    """The facts of the device with this name, None where the table does not have it."""
    return next((facts for names, facts in table() if names.fullmatch(name)), None)
