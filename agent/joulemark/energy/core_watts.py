"""Watts of a busy core, by the name of the processor: what every estimate of one processor is compared by.

An estimate multiplies processor time by watts that nobody measured. Stated by contributors, the watts would decide
their place on a board; so the platform and every replay take those of `data/processors.csv`, rated power over cores,
and for a processor that is not in it the value of the same source for any other, `ANY_W`.

Whoever changes the table or a name's reading raises the version of rule JM-CPU-TIME, so that results are derived anew.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

ANY_W = 12.0
"""Watts for a processor that is not in the table: row Any of the same source."""

MARKS = re.compile(r"\((?:r|tm|c)\)|@.*")
"""Trade marks, and the clock that some makers append."""
WORD = re.compile(r"[a-z0-9.]+")
UNTOLD = frozenset({"intel", "amd", "cpu", "processor"})
"""Words that names have or lack without being of another processor."""
GENERATION = re.compile(r"v\d+")
"""After a number, another processor than the one without it: E5-2670 and E5-2670 v3."""


@dataclass(frozen=True, kw_only=True)
class CoreWatts:
    """Watts of a busy core, and the processor of the table that they are of; None for any other."""

    watts: float
    processor: str | None


@lru_cache(maxsize=1024)
def core_watts(processor: str) -> CoreWatts:
    """The watts by which estimates on a processor of this name are compared.

    A row of the table fits if its words stand in the name together and no generation follows; of several the longest.
    """
    words = _words(processor)
    fitting = [
        (len(row), watts)
        for row, watts in _table()
        for start in range(len(words) - len(row) + 1)
        if words[start : start + len(row)] == row
        and not (words[start + len(row) :] and GENERATION.fullmatch(words[start + len(row)]))
    ]
    return max(fitting, key=lambda fit: fit[0])[1] if fitting else CoreWatts(watts=ANY_W, processor=None)


def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in WORD.findall(MARKS.sub(" ", name.lower())) if word not in UNTOLD)


@cache
def _table() -> tuple[tuple[tuple[str, ...], CoreWatts], ...]:
    text = (files("joulemark.energy") / "data" / "processors.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        (
            _words(row["processor"]),
            CoreWatts(watts=float(row["rated_w"]) / int(row["cores"]), processor=row["processor"]),
        )
        for row in rows
    )
