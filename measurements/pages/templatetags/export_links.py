"""Links from a page to the forms in which what it shows can be exported."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from joulemark.exports.form_names import YAML_FORMS
from joulemark.exports.forms import FORMS, ExportForm

register = template.Library()


def _named(view: str, form: ExportForm) -> str:
    """Forms in YAML have addresses of their own name."""
    return f"{view}-yaml" if form.name in YAML_FORMS else view


@register.simple_tag
def export_links(view: str, *args: str, query: str = "") -> SafeString:
    """A link for each form that takes any data set, and one to what they hold.

    `view` is the name of an export's address without its form.
    """
    forms = format_html_join(
        " ",
        '<a href="{}{}">{}</a>',
        (
            (reverse(_named(view, form), args=[form.name, *args]), f"?{query}" if query else "", form.title)
            for form in FORMS.values()
            if not form.needs_hub
        ),
    )
    return format_html(
        '{} <a href="{}">{}</a>', forms, reverse("standards"), gettext("what these forms hold")
    )
