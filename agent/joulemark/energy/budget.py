"""The uncertainty budget of one result, after the GUM (JCGM 100:2008): its terms, their sum, their expansion.

All are relative standard uncertainties (k = 1) of the energy per query. They are independent by construction: what
varies from window to window is in `windows` alone, and the other terms are what all windows share.
"""

from __future__ import annotations

from math import hypot, inf
from typing import TYPE_CHECKING

from joulemark.energy.errors import NotMeasurable
from joulemark.energy.precision import relative_half_width
from joulemark.record.statement import Term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.record.statement import Sensor
    from joulemark.record.trace import Timing

COVERAGE_FACTOR = 2.0
"""k: the expanded uncertainty covers about 95 %."""

GAIN = {"nvml-counter": 0.025, "rapl": 0.05}
"""How far a sensor's scale may be off, by meter, standard uncertainty. NVML: the +-5 % that NVIDIA states for board
power (nvidia-smi manual, "Power Draw"), taken as two standard deviations. RAPL: an assumption; published comparisons
with wall meters find a few per cent, more for memory (Desrochers et al. 2016, doi:10.1145/2989081.2989088)."""

TOO_UNCERTAIN = 0.5
"""A result whose sensor may have missed half of the work says nothing."""


def terms(
    sensor: Sensor,
    *,
    per_query_j: Sequence[float],
    total_j: float,
    edge_j: Sequence[float],
    idle_j: float,
    phase: float,
    tail_j: float = 0.0,
) -> tuple[Term, ...]:
    """The budget; empty for an estimate, which has no sensor whose error could be stated.

    `per_query_j` one value a window; `edge_j` of each window, `idle_j` of their sum; `phase` as `phase()` gives it;
    `tail_j` what the power readings show above rest while the counter settled, over all windows. Raises NotMeasurable.
    """
    if sensor.meter not in GAIN:
        return ()
    found = (
        [Term(name="windows", kind="A", relative=width / COVERAGE_FACTOR)]
        if ((width := relative_half_width(per_query_j)) < inf)
        else []
    )
    found += [
        Term(name="edge", kind="B", relative=hypot(*edge_j) / total_j),
        Term(name="idle", kind="B", relative=idle_j / total_j),
        Term(name="tail", kind="B", relative=tail_j / total_j / 3**0.5),
        Term(name="phase", kind="B", relative=phase),
        Term(name="gain", kind="B", relative=GAIN[sensor.meter]),
    ]
    if not combined(found) <= TOO_UNCERTAIN:  # what is no number is not small
        raise NotMeasurable(
            f"Not measurable: the standard uncertainty is {combined(found):.0%} of the energy of a query. "
            "Measure more windows, or longer ones."
        )
    return tuple(found)


def combined(budget: Sequence[Term]) -> float:
    """Relative standard uncertainty of the whole."""
    return hypot(*(term.relative for term in budget))


def expanded(budget: Sequence[Term]) -> float:
    """Relative half-width of the interval that covers the truth in about 95 of 100 results."""
    return COVERAGE_FACTOR * combined(budget)


def phase(timing: Timing, *, work_s: float, times: int) -> float:
    """What a part-time counter may have missed or counted twice, relative, standard.

    Work of `work_s` begins and ends once each somewhere in the counter's period, so one piece can be off by up to a
    period; `times` pieces at phases that are spread evenly leave a `times`-th of that. Raises NotMeasurable.
    """
    if timing.coverage == "full" or work_s <= 0:
        return 0.0
    period_s = timing.period_us / 1e6
    relative = period_s / work_s / times / 3**0.5
    if relative > TOO_UNCERTAIN:
        raise NotMeasurable(
            f"Not measurable: {times} run{'s' if times > 1 else ''} of {work_s * 1e3:.0f} ms under a counter that "
            f"looks only a part of each {period_s * 1e3:.0f} ms. "
            f"Run it at least {_enough(period_s, work_s)} times."
        )
    return relative


def _enough(period_s: float, work_s: float) -> int:
    return int(period_s / work_s / 3**0.5 / 0.01) + 1
