"""Template filters of a task's table: facts of models and hardware, intervals, and why a number is missing."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from measurements.boards.relative_energy import NoRatioInterval
from measurements.boards.table_units import OF_RUNS
from measurements.display.choices import Interval, NoInterval, NoUnitInterval, NoUnitValue
from measurements.display.templatetags.comparisons import ends
from measurements.display.templatetags.figures import DASH, outside, watts, with_unit

if TYPE_CHECKING:
    from measurements.boards.board_table import TableRow
    from measurements.boards.relative_energy import RelativeEnergy
    from measurements.boards.table_units import TableEnergy
    from measurements.catalog.models import HardwareClass
    from measurements.pages.query_form import QueryField

register = template.Library()
GB = 1e9


@register.filter
def options(field: QueryField) -> SafeString:
    """The options of a list, some hundred of which a template would take long for."""
    return _written_options(tuple(field.options or ()), field.value)


@lru_cache(maxsize=512)
def _written_options(options: tuple[tuple[str, str], ...], value: str) -> SafeString:
    """Lists change more rarely than what a page shows."""
    return format_html_join(
        "\n",
        '<option value="{}"{}>{}</option>',
        ((word, SafeString(" selected" if word == value else ""), title) for word, title in options),
    )


@register.filter
def gigabytes(value: int | None) -> str:
    """A memory size, given in bytes, in 1e9 bytes."""
    return DASH if value is None else with_unit(value / GB, gettext("GB"))


@register.filter
def model_words(line: TableRow) -> str:
    """Owner, family, licence and day of release of a row's model, those that are known."""
    model = line.model
    released = date_format(model.released_on, "Y-m-d") if model.released_on else ""
    return " · ".join(word for word in (model.owner, model.family, model.licence, released) if word)


@register.filter
def hardware_words(hardware: HardwareClass) -> SafeString:
    """Memory, power, architecture and year of hardware, those that are known."""
    words = (
        gigabytes(hardware.memory_bytes) if hardware.memory_bytes else "",
        watts(hardware.power_w) if hardware.power_w else "",
        outside(hardware.architecture) if hardware.architecture else "",
        str(hardware.year or ""),
    )
    return format_html_join(" · ", "{}", ((word,) for word in words if word))


@register.filter
def energy_interval(energy: TableEnergy) -> str:
    """The interval of the true energy, of a published figure the range of its runs, or why there is none."""
    if energy.low is not None and energy.high is not None:
        both = ends(energy.low, energy.high)
        if energy.interval == OF_RUNS:
            return gettext("runs: %(ends)s") % {"ends": both}
        if energy.interval == Interval.PRELIMINARY:
            return gettext("%(ends)s, preliminary") % {"ends": both}
        return both
    reasons = dict(NoInterval.choices) | dict(NoUnitInterval.choices)
    return str(reasons.get(energy.no_interval, "")) if energy.value is not None else ""


@register.filter
def why_no_energy(energy: TableEnergy) -> str:
    """Why there is no energy in the unit."""
    return str(NoUnitValue(energy.no_value).label)


@register.filter
def relative_interval(relative: RelativeEnergy) -> str:
    """The interval of a ratio to the least, or why there is none."""
    if relative.low is None or relative.high is None:
        return str(NoRatioInterval(relative.no_interval).label)
    return ends(relative.low, relative.high)


@register.filter
def shown_scores(line: TableRow) -> list[dict[str, Any]]:
    """The score that was asked for; all where none was."""
    return [line.score] if line.score else list(line.row.quality)
