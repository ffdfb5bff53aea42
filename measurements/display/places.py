"""Names of places in the reader's language: territories as Unicode CLDR has them, regions out of our own catalogue."""

from __future__ import annotations

from functools import cache

from babel import Locale
from babel.core import get_global
from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

REGIONS = (
    _("World"),
    _("ASEAN"),
    _("Africa"),
    _("Asia"),
    _("EU"),
    _("Europe"),
    _("G20"),
    _("G7"),
    _("Latin America and Caribbean"),
    _("Middle East"),
    _("North America"),
    _("OECD"),
    _("Oceania"),
)
"""Regions as the table of intensities names them, listed for translation."""

OTHER_CODES = {"XKX": "XK"}
"""Codes of three letters that ISO 3166-1 leaves to its users, and CLDR's for the same territory: Kosovo."""


def territory_name(code: str) -> str:
    """The name of a country or territory by its ISO 3166-1 alpha-3 code. Raises KeyError for one that CLDR lacks."""
    return _name_in(code, get_language() or "en")


@cache
def _name_in(code: str, language: str) -> str:
    two_letters = OTHER_CODES.get(code) or get_global("territory_aliases")[code][0]
    name: str = Locale.parse(language, sep="-").territories[two_letters]
    return name
