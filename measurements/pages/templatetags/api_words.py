"""Template filters of the API's reference: types and their schemas as links, places of parameters in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from measurements.display.templatetags.statement_words import with_code
from measurements.web.api_reference import read_reference
from measurements.web.as_of import path_of

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from measurements.web.api_reference import ApiField, TypeWords

register = template.Library()
MAX_CHOICES = 40
CHOICE = re.compile(r"^\* `([^`]*)` - (.*)", re.MULTILINE)
"""How the generator appends each word of a list and its title to a description."""


@register.filter
def schema_link(name: str) -> SafeString:
    """A schema's name, leading to its table on the page of its group."""
    address = path_of("reference-schemas", read_reference().group_of_schema[name])
    return format_html('<a href="{}#schema-{}"><code>{}</code></a>', address, name, name)


@register.filter
def operation_link(name: str) -> SafeString:
    """An operation's id, leading to it on the page of its group."""
    address = path_of("reference-operations", read_reference().group_of_operation[name])
    return format_html('<a href="{}#{}"><code>{}</code></a>', address, name, name)


@register.filter
def type_link(type_words: TypeWords) -> SafeString:
    """A type in words, with its schema as a link and the choices that there are."""
    parts = (
        type_words.words,
        schema_link(type_words.schema) if type_words.schema else "",
        _choices(type_words.choices) if type_words.choices else "",
        "or null" if type_words.is_nullable else "",
    )
    return format_html_join(" ", "{}", ((part,) for part in parts if part))


def _choices(choices: tuple[str, ...]) -> SafeString:
    listed = format_html_join(", ", "<code>{}</code>", ((choice,) for choice in choices[:MAX_CHOICES]))
    return listed if len(choices) <= MAX_CHOICES else format_html("{}, …", listed)


@register.filter
def api_text(description: str) -> SafeString:
    """A description without the list of choices, which stand beside the type already."""
    return with_code(CHOICE.sub("", description).strip())


@register.filter
def choice_titles(description: str) -> list[tuple[str, str]]:
    """The words of a list with their titles."""
    return [(word, title) for word, title in CHOICE.findall(description) if title != word]


@register.filter
def place_words(field: ApiField) -> str:
    """Where a parameter stands, and whether it is needed."""
    place = {"path": gettext("in the path"), "query": gettext("in the question"), "header": gettext("header")}
    needed = gettext("required") if field.is_required else gettext("optional")
    return f"{place[field.place]}, {needed}"


@register.filter
def parameters_of(operation: str) -> str:
    """The name of a table of parameters for whoever hears the page."""
    return gettext("Parameters of %(operation)s") % {"operation": operation}


@register.filter
def fields_of(schema: str) -> str:
    """The name of a table of fields for whoever hears the page."""
    return gettext("Fields of %(schema)s") % {"schema": schema}
