"""What a platform and its rules say in English, where the command speaks another language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark import translation
from joulemark.errors import Refused
from joulemark.platform_words import REFUSALS, finding_in_words, quoted_in_words
from tests.catalogues import HALVES
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)  # noqa: RUF001  the letters of the translations
CLUMSY = re.compile(r"котор(ых|ые) \{|\} из (ячеек|результатов|заданий)\b|[Вв]ремена|для \{cells\}")
"""Phrases around a number that no native speaker writes; a list of nouns in the nominative behind `для`."""


@pytest.fixture
def russian() -> Iterator[Callable[[], None]]:
    """Speak Russian from then on."""
    before = translation.language_in_use()
    yield lambda: translation.use("ru")
    translation.use(before)


@pytest.mark.parametrize("code", [*REFUSALS, "JM-NEVER-HEARD-OF"])
def test_a_refusal_of_a_platform_is_said_in_the_language_in_use_and_quoted(
    code: str, russian: Callable[[], None]
) -> None:
    english = "Nothing of it was taken."
    assert str(Refused(code, english, status=403)) == f"{code}: {english}"
    russian()
    refused = str(Refused(code, english, status=403))
    assert refused.startswith(f"{code}: ")
    assert refused.endswith(f"«{english}»")
    assert len(CYRILLIC.findall(refused)) > 10
    own = translation.gettext("Ask again later.")
    assert str(Refused("HTTP-500", own, status=500)) == f"HTTP-500: {own}", (
        "a sentence of our own is no quotation"
    )


def test_a_finding_of_a_rule_has_the_rules_title_in_the_language_in_use(russian: Callable[[], None]) -> None:
    assert finding_in_words("JM-REST", "No rest.") == "No rest."
    russian()
    assert finding_in_words("JM-REST", "No rest.").startswith("Нарушено правило «Покой")
    assert finding_in_words("JM-REST", "No rest.").endswith("«No rest.»")


@pytest.mark.laws
@law(share=0.5)
@given(
    words=st.text().filter(lambda text: not set('"“”«»') & set(text)), marks=st.text("…±→ 12%", max_size=9)
)
def test_whatever_words_a_finding_quotes_it_is_english(words: str, marks: str) -> None:
    before = translation.language_in_use()
    translation.use("ru")
    try:
        sentence = f'"{words}" takes {marks} W.'
        assert quoted_in_words("JM-IDLE-RANGE", sentence) == f"«{sentence}»"
        own = translation.gettext("Ask again later.")
        assert quoted_in_words("JM-IDLE-RANGE", own) == own
    finally:
        translation.use(before)


def test_no_sentence_is_put_together_around_a_number_as_nobody_would_write_it() -> None:
    for half in HALVES:
        for entry in polib.pofile(str(half.catalogue)):
            for text in (entry.msgstr, *entry.msgstr_plural.values()):
                assert not CLUMSY.search(text), text
