"""Uses that many ask about, as numbers of the calculator: a link each, which keeps the query and the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

if TYPE_CHECKING:
    from collections.abc import Mapping

PRESETS = (
    (_("one person"), 10, 1),
    (_("a school class"), 5, 30),
    (_("a company of 1,000"), 20, 1000),
    (_("a city of a million"), 3, 10**6),
    (_("a worldwide service"), 10, 5 * 10**8),
)
"""Titles, queries a day and user, and users. They are examples of a size, and nobody's statistics."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A link: its title, the calculator's question, and whether it is what is being shown."""

    title: str
    query: str
    is_current: bool


def presets_of(question: Mapping[str, str]) -> list[Preset]:
    """Every preset, with the rest of a question as it is asked now."""
    links = []
    for title, queries_per_day, users in PRESETS:
        numbers = {"queries_per_day": str(queries_per_day), "users": str(users)}
        asks_the_same = all(question.get(name) == number for name, number in numbers.items())
        links.append(
            Preset(title=gettext(title), query=urlencode({**question, **numbers}), is_current=asks_the_same)
        )
    return links
