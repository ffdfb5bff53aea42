"""What a published number and a name can be at all. What lies outside is a slip of the file, and never a figure."""

from __future__ import annotations

import unicodedata
from math import isfinite
from typing import TYPE_CHECKING

from joulemark.published.errors import BadRow

if TYPE_CHECKING:
    from joulemark.published.figures import Run

LEAST_KWH, MOST_KWH = 1e-12, 1e6
"""kWh per 1,000 queries: from a few nanojoules to a megawatt-hour a query."""

LEAST_S, MOST_S = 1e-6, 1e9
"""Seconds per 1,000 queries: from a nanosecond to eleven days a query."""

MOST_GPUS = 9_999
MOST_QUERIES = 10**12
MOST_PARAMETERS_BILLIONS = 1e6
LONGEST_HARDWARE = 200

RANGES = {
    "energy_kwh_per_1000": (LEAST_KWH, MOST_KWH, "its energy", "kWh"),
    "gpu_kwh_per_1000": (LEAST_KWH, MOST_KWH, "its energy of GPUs", "kWh"),
    "cpu_kwh_per_1000": (LEAST_KWH, MOST_KWH, "its energy of the processor", "kWh"),
    "ram_kwh_per_1000": (LEAST_KWH, MOST_KWH, "its energy of memory", "kWh"),
    "duration_s": (LEAST_S, MOST_S, "its duration", "s"),
}

JOINERS = "\u200c\u200d"
"""Invisible, but part of how Persian and some pictures are written."""

UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, marks that turn the direction of writing, and halves of characters."""


def trusted(run: Run) -> Run:
    """The run as it is, if each of its numbers can be and its names have a usual length. Raises BadRow."""
    for name, (least, most, what, unit) in RANGES.items():
        value = getattr(run, name)
        if value is not None and not (isfinite(value) and least <= value <= most):
            raise BadRow(
                run.where,
                f"{what} comes to {value:g} {unit} for 1,000 queries, and can only be {least:g} to {most:g}",
                rule="implausible",
            )
    if not run.subject.model:
        raise BadRow(run.where, "its model has no name", rule="no-model")
    hardware = run.subject.hardware
    if len(hardware.title) > LONGEST_HARDWARE:
        raise BadRow(
            run.where, f"the name of its hardware, {hardware.title[:40]}…, is longer than {LONGEST_HARDWARE}"
        )
    return run


def is_printable(text: str) -> bool:
    """Whether a name can be shown as it is: no control character, no half of one, nothing that turns the writing."""
    return all(char in JOINERS or unicodedata.category(char) not in UNPRINTABLE for char in text)


def printable(text: str) -> str:
    """Words of a program, which may have lines, as one line that can be shown."""
    return " ".join("".join(char if is_printable(char) else " " for char in text).split())
