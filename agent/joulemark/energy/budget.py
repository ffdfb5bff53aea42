"""The uncertainty budget of one result, after the GUM (JCGM 100:2008): its terms, their sum, their expansion.

All are relative standard uncertainties (k = 1) of the energy per query. They are independent by construction: what
varies from window to window is in `windows` alone, and the other terms are what all windows share. `gain` and `offset`
are of the board's sensor (`sensors`); no other measurement on a board of this design tells them apart from the energy.
"""

from __future__ import annotations

from math import hypot, inf
from typing import TYPE_CHECKING

from joulemark.energy.errors import NotMeasurable
from joulemark.energy.precision import relative_half_width
from joulemark.energy.sensors import COVERAGE_FACTOR, EDITION, sensor_error
from joulemark.record.statement import Term
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.energy.population import PopulationMean
    from joulemark.record.statement import Sensor
    from joulemark.record.trace import Timing

SENSOR_TERMS = ("gain", "offset")
"""Terms that all boards of a design share: they do not average out over contributors."""

TOO_UNCERTAIN = 0.5
"""A result whose sensor may have missed half of the work says nothing."""


def method_terms(
    sensor: Sensor,
    *,
    per_query_j: Sequence[float],
    total_j: float,
    edge_j: Sequence[float],
    idle_j: float,
    phase: float,
    tail_j: float = 0.0,
    of_parts: PopulationMean | None = None,
) -> tuple[Term, ...]:
    """What the method itself leaves open; empty for an estimate, which has no sensor whose error could be stated.

    `per_query_j` one value a window; `edge_j` of each window, `idle_j` of their sum; `phase` as `phase()` gives it;
    `tail_j` what the power readings show above rest while the counter settled, over all windows. With `of_parts` the
    windows ran parts of a population, and the choice of queries is a term of its own. Raises NotMeasurable.
    """
    if sensor_error(sensor.meter) is None:
        return ()
    terms = _between_windows(per_query_j) if of_parts is None else _between_parts(of_parts)
    terms += [
        Term(name="edge", kind="B", relative=hypot(*edge_j) / total_j),
        Term(name="idle", kind="B", relative=idle_j / total_j),
        Term(name="tail", kind="B", relative=tail_j / total_j / 3**0.5),
        Term(name="phase", kind="B", relative=phase),
    ]
    if not combined(terms) <= TOO_UNCERTAIN:  # what is no number is not small
        raise NotMeasurable(
            _(
                "Not measurable: the standard uncertainty is {share:.0%} of the energy of a query. Measure "
                "more windows, or longer ones."
            ).format(share=combined(terms))
        )
    return tuple(terms)


def _between_windows(per_query_j: Sequence[float]) -> list[Term]:
    width = relative_half_width(per_query_j)
    return [Term(name="windows", kind="A", relative=width / COVERAGE_FACTOR)] if width < inf else []


def _between_parts(of_parts: PopulationMean) -> list[Term]:
    if of_parts.windows_u == inf:
        return []
    return [
        Term(name="windows", kind="A", relative=of_parts.windows_u),
        Term(name="queries", kind="A", relative=of_parts.queries_u),
    ]


def sensor_terms(
    sensor: Sensor, *, board_name: str, mean_power_w: float, edition: int = EDITION
) -> tuple[Term, ...]:
    """What the sensor's scale and zero leave open, by an edition of the table; empty for an estimate.

    `mean_power_w` is the power at which the energy of the queries was drawn: an offset of the sensor is a share of it.
    """
    error = sensor_error(sensor.meter, board_name, edition=edition)
    if error is None:
        return ()
    gain = Term(name="gain", kind="B", relative=error.gain_u)
    if error.offset_u_w is None:
        return (gain,)
    return (gain, Term(name="offset", kind="B", relative=error.offset_u_w / mean_power_w))


def method_u(budget: Sequence[Term]) -> float:
    """Relative standard uncertainty without what boards of a design share."""
    return combined([term for term in budget if term.name not in SENSOR_TERMS])


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
            ngettext(
                "Not measurable: {count} run of {work_ms:.0f} ms under a counter that looks only a part of each "
                "{period_ms:.0f} ms. Run it at least {enough} times.",
                "Not measurable: {count} runs of {work_ms:.0f} ms under a counter that looks only a part of each "
                "{period_ms:.0f} ms. Run it at least {enough} times.",
                times,
            ).format(
                count=times, work_ms=work_s * 1e3, period_ms=period_s * 1e3, enough=_enough(period_s, work_s)
            )
        )
    return relative


def _enough(period_s: float, work_s: float) -> int:
    return int(period_s / work_s / 3**0.5 / 0.01) + 1
