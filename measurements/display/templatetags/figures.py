"""Template filters: numbers with units, titles and words. A missing number is a dash, never zero."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import get_language, gettext, ngettext

from joulemark.published.boundary import boundary_of
from measurements.display.choices import (
    BoardVerdict,
    Boundary,
    ClaimVerdict,
    Formed,
    Grade,
    ModelKind,
    NoBoardNumber,
    ParityCause,
    SeriesBoundary,
    Tier,
)
from measurements.display.numbers import THIN, TIMES, significant, whole
from measurements.display.term_titles import NOT_SCORED, SCOPES
from measurements.display.titles import translated

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString


class TwoEnds(Protocol):
    """Anything with two ends, which may be unknown."""

    @property
    def low(self) -> float | None:
        """The lower end; None where it is not known."""

    @property
    def high(self) -> float | None:
        """The upper end; None where it is not known."""


register = template.Library()
DASH = "\u2013"

register.filter("translated", translated)


@register.filter
def outside(value: object) -> SafeString:
    """Text that a stranger chose, isolated: its writing direction cannot reach the words around it."""
    return format_html("<bdi>{}</bdi>", value)


@register.filter
def work(title: str) -> SafeString:
    """The title of somebody's work: translated where there is a translation, else marked as the English that it is."""
    text = translated(title)
    return format_html('<bdi lang="en">{}</bdi>' if text == title else "<bdi>{}</bdi>", text)


def with_unit(value: float, unit: str) -> str:
    """Three significant digits, a thin space, the unit."""
    return f"{significant(value)}{THIN}{unit}"


@register.filter
def figure(value: float | None) -> str:
    """Three significant digits without a unit, for a column whose heading names it."""
    return DASH if value is None else significant(value)


@register.filter
def joules(value: float | None) -> str:
    """An energy in joules."""
    return DASH if value is None else with_unit(value, gettext("J"))


@register.filter
def watt_hours(value: float | None) -> str:
    """An energy in watt-hours."""
    return DASH if value is None else with_unit(value, gettext("Wh"))


@register.filter
def seconds(value: float | None) -> str:
    """A time in seconds."""
    return DASH if value is None else with_unit(value, gettext("s"))


@register.filter
def watts(value: float | None) -> str:
    """A power in watts."""
    return DASH if value is None else with_unit(value, gettext("W"))


@register.filter
def gibibytes(value: int | None) -> str:
    """A memory size, given in bytes."""
    return DASH if value is None else with_unit(value / 2**30, gettext("GiB"))


@register.filter
def times(value: float) -> str:
    """A ratio: how many times."""
    return f"{significant(value)}{THIN}{TIMES}"


@register.filter
def count(value: int | None) -> str:
    """A whole number with its thousands apart; a dash for None."""
    return DASH if value is None else whole(value)


@register.filter
def rounded_count(value: float) -> str:
    """A large number to four significant digits, without a power of ten, to be read beside a whole one."""
    return whole(int(float(f"{value:.3e}")))


@register.filter
def parameters(value: int | None) -> str:
    """A count of weights, in millions or billions."""
    if value is None:
        return DASH
    if value >= 10**9:
        return gettext("%(n)s billion parameters") % {"n": significant(value / 1e9)}
    if value >= 10**6:
        return gettext("%(n)s million parameters") % {"n": significant(value / 1e6)}
    return ngettext("%(n)s parameter", "%(n)s parameters", value) % {"n": whole(value)}


@register.filter
def moment(value: datetime) -> str:
    """A time of day, with its zone."""
    return f"{date_format(value, 'Y-m-d H:i')}{THIN}UTC"


@register.filter
def short(value: str) -> str:
    """The first twelve digits of a digest."""
    return value[:12]


@register.filter
def grade_name(grade: str) -> str:
    """Measured, estimated or published, in the reader's language."""
    return str(Grade(grade).label)


@register.filter
def grade_badge(grade: str) -> SafeString:
    """The grade as a badge beside its number."""
    return format_html('<span class="badge {}">{}</span>', grade, grade_name(grade))


@register.filter
def device_count(n: int) -> str:
    """A number of devices."""
    return ngettext("%(n)s device", "%(n)s devices", n) % {"n": n}


@register.filter
def contributor_count(n: int) -> str:
    """A number of contributors."""
    return ngettext("%(n)s contributor", "%(n)s contributors", n) % {"n": n}


@register.filter
def result_count(n: int) -> str:
    """A number of results."""
    return ngettext("%(n)s result", "%(n)s results", n) % {"n": n}


@register.filter
def run_count(n: int) -> str:
    """A number of a publisher's runs."""
    return ngettext("%(n)s run", "%(n)s runs", n) % {"n": n}


@register.filter
def question_count(n: int) -> str:
    """A number of distinct questions."""
    return ngettext("%(n)s question", "%(n)s questions", n) % {"n": n}


@register.filter
def kind_name(kind: str) -> str:
    """The kind of a model in the reader's language."""
    return _kind_in(get_language(), kind)


@lru_cache(maxsize=16)
def _kind_in(_language: str | None, kind: str) -> str:
    """A page with plots names one some hundred times."""
    return str(ModelKind(kind).label)


@register.filter
def tier_name(tier: str) -> str:
    """How far a value has come, in the reader's language."""
    return str(Tier(tier).label)


@register.filter
def verdict_name(verdict: str) -> str:
    """The verdict on a claim, in the reader's language."""
    return str(ClaimVerdict(verdict).label)


@register.filter
def board_verdict_name(verdict: str) -> str:
    """How a reported number lies to the boards' values, in the reader's language."""
    return str(BoardVerdict(verdict).label)


@register.filter
def no_board_number(reason: str) -> str:
    """Why a reported number has no measurement beside it, in the reader's language."""
    return str(NoBoardNumber(reason).label)


@register.filter
def parity_cause(cause: str) -> str:
    """Why a printed number of queries differs from the recomputed one, in the reader's language."""
    return str(ParityCause(cause).label)


@register.filter
def licence_name(licence: str | None) -> str:
    """The terms of a source, in the reader's language; an SPDX name stays as it is."""
    return {
        None: DASH,
        "LicenseRef-cited-fact": gettext("a fact, cited"),
        "LicenseRef-US-public-domain": gettext("public domain (US government)"),
    }.get(licence) or str(licence)


@register.filter
def interval(quantity: TwoEnds) -> str:
    """The ends of an interval, or a dash where none is known."""
    if quantity.low is None or quantity.high is None:
        return DASH
    return f"{significant(quantity.low)} – {significant(quantity.high)}"  # noqa: RUF001 - a dash between numbers


@register.filter
def formed_name(formed: str) -> str:
    """How a ratio was formed, in the reader's language."""
    return str(Formed(formed).label)


@register.filter
def scope_name(scope: str) -> str:
    """What an energy covers, in the reader's language: the scope of a result, or the boundary of a reported number."""
    return str(Boundary(scope).label if scope in Boundary.values else SCOPES.get(scope, scope))


@register.filter
def boundary_name(scope: str) -> str:
    """What lies inside of a published measurement, in the reader's language, by the scope of its series."""
    return str(SeriesBoundary(boundary_of(scope)).label)


@register.filter
def percent(share: float) -> str:
    """A share as a percentage, two significant digits."""
    return f"{significant(share * 100, digits=2)}{THIN}%"


@register.filter
def unscored_reason(reason: str) -> str:
    """Why a metric has no value, in the reader's language; a reason of a later agent stays as it was written."""
    return str(NOT_SCORED[reason]) if reason in NOT_SCORED else format_html("<q><bdi>{}</bdi></q>", reason)
