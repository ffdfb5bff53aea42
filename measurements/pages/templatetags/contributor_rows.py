"""Template filter of a cell's contributors, of whom there may be some hundred: written as text, not by a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from measurements.display.templatetags.figures import DASH, count, figure, percent
from measurements.pages.templatetags.subject_links import contributor_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.boards.cell_detail import ContributorValue

register = template.Library()
ROW = (
    '<tr>\n<th scope="row">{}{}</th>\n<td class="num">{}</td>\n<td class="num">{}</td>\n<td class="num">{}</td>\n'
    '<td class="num">{}</td>\n<td class="num">{}</td>\n</tr>'
)


@register.filter
def contributor_rows(values: Sequence[ContributorValue]) -> SafeString:
    """The rows of a table: who, value, difference with its uncertainty, weight and number of results."""
    differs = format_html(' <span class="badge state">{}</span>', gettext("differs"))
    return SafeString("\n".join(_row(value, differs) for value in values))


def _row(value: ContributorValue, differs: SafeString) -> str:
    stands = value.equivalence
    shares = (
        (DASH, DASH, DASH)
        if stands is None
        else (percent(stands.d), f"± {percent(stands.expanded_u)}", percent(stands.heed))
    )
    return format_html(
        ROW,
        contributor_link(value.contributor),
        SafeString("") if stands is None or stands.agrees else differs,
        figure(value.energy_wh_per_1000),
        *shares,
        count(value.n_results),
    )
