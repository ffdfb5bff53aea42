"""Template tag for a link to the calculator, with a value of a board."""

from __future__ import annotations

from django import template
from django.template import Context

from measurements.impact.form import year_of_value
from measurements.web.templatetags.moments import moment_url

register = template.Library()


@register.simple_tag(takes_context=True)
def year_url(context: Context, row: object) -> str:
    """The calculator's address for a year of queries that take what a row says."""
    return moment_url(context, "impact", **year_of_value(row))
