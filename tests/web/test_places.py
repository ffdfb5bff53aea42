"""Each place of the table of intensities has a name in both languages, and no two have one name."""

from __future__ import annotations

import unicodedata

import pytest
from django.utils.translation import gettext, override

from joulemark.impact import intensity
from measurements.display.places import REGIONS, territory_name

COUNTRIES = tuple(row.code for row in intensity.latest() if row.kind == "country")


def is_russian(name: str) -> bool:
    """Whether every letter is Cyrillic."""
    return all(unicodedata.name(letter).startswith("CYRILLIC") for letter in name if letter.isalpha())


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_country_and_territory_has_a_name_of_its_own(language: str) -> None:
    with override(language):
        names = [territory_name(code) for code in COUNTRIES]
        regions = [gettext(region) for region in REGIONS]
    assert all(name.strip() == name != "" for name in names)
    assert len({*names, *regions}) == len(names) + len(regions)
    if language == "ru":
        assert [name for name in (*names, *regions) if not is_russian(name)] == []


@pytest.mark.parametrize(
    ("code", "english", "russian"),
    [
        ("FRA", "France", "Франция"),
        ("DEU", "Germany", "Германия"),
        ("TUR", "Türkiye", "Турция"),
        ("XKX", "Kosovo", "Косово"),
        ("RUS", "Russia", "Россия"),
        ("USA", "United States", "Соединенные Штаты"),
    ],
)
def test_names_of_some(code: str, english: str, russian: str) -> None:
    with override("en"):
        assert territory_name(code) == english
    with override("ru"):
        assert territory_name(code) == russian


def test_a_code_that_nobody_knows_is_an_error_and_no_empty_name() -> None:
    with pytest.raises(KeyError):
        territory_name("QQQ")
