"""Sentences about one's own value beside those of others, in the units of the site: Wh per 1,000 queries.

What agrees with what is the platform's statement (`ResultStanding.comparison`), repeated here and never computed.
"""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING

from joulemark.energy.budget import expanded
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from joulemark.record.messages import ResultStanding, StandingOthers
    from joulemark.record.statement import Predicate

UNIT = marked("Wh per 1,000 queries")
J_PER_QUERY = 3.6
"""Joules per query that are one watt-hour per 1,000 queries."""

PLAIN_FROM, PLAIN_BELOW = 1e-4, 1e7
"""Numbers are written without a power of ten between these."""


def significant(value: float, digits: int = 3) -> str:
    """`value` to so many significant digits: 2.30, 0.0258, 1230."""
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    if not PLAIN_FROM <= abs(rounded) < PLAIN_BELOW:
        return f"{rounded:.{digits - 1}e}"
    return f"{rounded:.{max(0, digits - 1 - floor(log10(abs(rounded))))}f}"


def percent(share: float) -> str:
    """A share in percent, to two significant digits: 5 %, 16 %, 0.52 %."""
    text = significant(share * 100, digits=2)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def energy_words(energy_wh_per_1000: float, expanded_u: float | None, grade: str) -> str:
    """A value with its unit, its expanded uncertainty (k = 2) where it is known, and its grade unless measured."""
    error = "" if expanded_u is None else f" ± {percent(expanded_u)}"
    return f"{significant(energy_wh_per_1000)} {_(UNIT)}{error}" + (
        "" if grade == "measured" else f" ({_(grade)})"
    )


def own_energy_words(predicate: Predicate) -> str:
    """The same of a result by its own statement and budget."""
    energy_wh = predicate.totals.energy_per_query_j / J_PER_QUERY
    u = expanded(predicate.budget) if predicate.budget else None
    return energy_words(energy_wh, u, predicate.sensor.grade)


def comparison_sentence(standing: ResultStanding, device_kind: str) -> str | None:
    """One's own value, that of all others, whether they agree, and what the cell says now.

    None for a result that does not count. `device_kind` is gpu or cpu.
    """
    value, cell, others = standing.value, standing.cell, standing.others
    if standing.state != "accepted" or value is None:
        return None
    own = energy_words(value.energy_wh_per_1000, value.expanded_u, value.grade)
    own = (_("Your card {own}") if device_kind == "gpu" else _("Your processor {own}")).format(own=own)
    if cell is None or standing.comparison is None:
        return _("{own}; not compared with others yet: see `joulemark results` later.").format(own=own)
    if others is None:
        return _("{own}: nobody else has measured this here yet, so it is a single source.").format(own=own)
    beside = f"{own}, {others_words(others)}"
    if standing.comparison == "alone":
        return _("{beside}: on the same device, so together they are a single source.").format(beside=beside)
    return _("{beside}: {comparison}; this cell is now {energy}, {tier}.").format(
        beside=beside,
        comparison=_statement(standing.comparison, others),
        energy=significant(cell.energy_wh_per_1000),
        tier=_(cell.tier),
    )


def others_words(others: StandingOthers) -> str:
    """How many others there are, and what they say together."""
    count = ngettext("{count} other", "{count} others", others.n_contributors).format(
        count=others.n_contributors
    )
    low, high = others.between_low_wh_per_1000, others.between_high_wh_per_1000
    if low is not None and high is not None:
        kind = _(", preliminary") if others.interval == "preliminary" else ""
        surety = _("({low} to {high}{kind})").format(low=significant(low), high=significant(high), kind=kind)
    elif others.label == "single source":
        surety = _("(single source)")
    else:
        surety = _("(they differ too much for an interval)")
    return f"{count} {significant(others.energy_wh_per_1000)} {surety}"


def _statement(comparison: str, others: StandingOthers) -> str:
    if comparison == "differs":
        return _("the difference exceeds chance")
    if comparison == "open":
        if others.n_contributors == 1:
            return _("too far apart, and it is not known yet which is right")
        return _("the others do not agree with each other, so it is not known yet who is right")
    return _(comparison)


def short_comparison(standing: ResultStanding) -> str | None:
    """The platform's statement in a few words, for a list; None where there is none."""
    others = standing.others
    if standing.comparison is None:
        return None
    if others is None or standing.comparison == "alone":
        return _("single source")
    count = ngettext("{count} other", "{count} others", others.n_contributors).format(
        count=others.n_contributors
    )
    return {
        "agrees": _("agrees with {count}").format(count=count),
        "differs": _("differs from {count}").format(count=count),
        "open": _("undecided against {count}").format(count=count),
    }.get(standing.comparison, _(standing.comparison))
