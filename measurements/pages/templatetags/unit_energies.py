"""Template filters of joules per token and per right answer: names, intervals, and why a number is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.translation import gettext

from measurements.boards.unit_columns import UnitColumn
from measurements.boards.unit_energies import energy_of_unit
from measurements.display.choices import NoUnitInterval, NoUnitValue, Unit
from measurements.display.templatetags.comparisons import ends
from measurements.display.templatetags.figures import DASH
from measurements.display.templatetags.statement_words import metric_name

if TYPE_CHECKING:
    from measurements.boards.board_row import BoardRow

register = template.Library()
Energy = dict[str, Any]


@register.filter
def unit_energy(row: BoardRow, column: UnitColumn) -> Energy:
    """What a row has in a column."""
    return energy_of_unit(row.unit_energies, column.unit)


@register.filter
def unit_heading(column: UnitColumn) -> str:
    """The heading of a column, with its unit."""
    return {
        "output-token": gettext("J per output token"),
        "right-answer": gettext("J per correct answer (%(metric)s)") % {"metric": metric_name(column.metric)},
    }[column.unit]


@register.filter
def unit_note(column: UnitColumn) -> str:
    """What a reader must know of a column."""
    return {
        "output-token": gettext("Joules per token refer to each model's own tokens, which differ in length."),
        "right-answer": gettext(
            "The interval of joules per correct answer includes the sampling error of the score."
        ),
    }[column.unit]


@register.filter
def unit_name(energy: Energy) -> str:
    """What the joules are per, in the reader's language."""
    name = str(Unit(energy["unit"]).label)
    return f"{name} ({metric_name(energy['metric'])})" if energy["metric"] else name


@register.filter
def unit_interval(energy: Energy) -> str:
    """The interval of the true energy, or why there is none."""
    if energy["low_j"] is None or energy["high_j"] is None:
        return no_unit_interval(energy["no_interval"])
    return ends(energy["low_j"], energy["high_j"])


@register.filter
def unit_interval_between(energy: Energy) -> str:
    """The interval between contributors, or a dash."""
    if energy["between_low_j"] is None or energy["between_high_j"] is None:
        return DASH
    return ends(energy["between_low_j"], energy["between_high_j"])


def no_unit_interval(reason: str) -> str:
    """Why a value has no interval, in the reader's language."""
    return str(NoUnitInterval(reason).label)


@register.filter
def no_unit_value(energy: Energy) -> str:
    """Why there is no value, in the reader's language."""
    return str(NoUnitValue(energy["no_value"]).label)
