"""A page in Russian says nothing in English but names, units, codes, and what is marked as English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from measurements.catalog.models import AiModel, DataSet, HardwareClass
from measurements.contributors.models import Contributor
from measurements.published.models import PublishedSeries
from tests.every_page import english_pages, in_language, with_every_state
from tests.page_reading import Element, read_page
from tests.web.populated import populate
from tests.web.task_rows import populate_summarizers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

QUOTING = {"code", "kbd", "pre", "q", "samp", "script", "style"}
"""Elements whose words are not the page's own: code, and what somebody else wrote."""
CITING = "copy"
"""A class: sentences to copy have the titles of their sources in them, as those who cite them write them."""
SPOKEN = ("alt", "aria-label", "label", "placeholder", "title")
DESCRIPTIONS = {"description", "og:description", "og:title"}
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)  # noqa: RUF001
WORD = re.compile(r"(?<![\w./@:-])[a-z]{3,}(?![\w/@-]|\.\w)")
"""A word in small letters that is no part of a code, an address or a file's name."""
ADDRESS = re.compile(r"https?://\S+|doi:\S+")
THREE_WORDS = re.compile(r"\b[a-z]+(?: [a-z]+){2}\b")
NAMES = {
    "Joulemark", "BibTeX", "CSL-JSON", "Apache", "Thompson and Ellison", "dram", "demo 1",
}  # fmt: skip
"""Names that are the same in every language."""


def texts_of(element: Element, *, language: str, other: bool = False) -> Iterator[str]:
    """Every text and spoken attribute inside that is in the page's own language, white space collapsed."""
    other = element.attributes.get("lang", "en" if other else language) != language
    if element.tag in QUOTING or other or element.attributes.get("class") == CITING:
        return
    for name in SPOKEN:
        if name in element.attributes and (name != "label" or element.tag == "optgroup"):
            yield element.attributes[name]
    meta = element.attributes.get("name", element.attributes.get("property"))
    if element.tag == "meta" and meta in DESCRIPTIONS:
        yield element.attributes.get("content", "")
    for child in element.children:
        if isinstance(child, str):
            if words := " ".join(child.split()):
                yield words
        else:
            yield from texts_of(child, language=language, other=other)


def english_in(text: str, names: re.Pattern[str]) -> bool:
    """Whether a text of a Russian page has an English word in a text without Russian, or three in a row."""
    without_names = names.sub("·", ADDRESS.sub("·", text))
    if CYRILLIC.search(without_names):
        return bool(THREE_WORDS.search(without_names))
    return bool(WORD.search(without_names))


def names_here() -> re.Pattern[str]:
    """Names of models, data sets, hardware, series and people, the longest first."""
    values = [
        AiModel.objects.values_list("title", "slug", "owner", "family", "licence"),
        DataSet.objects.values_list("title", "slug"),
        HardwareClass.objects.values_list("title", "slug", "architecture"),
        PublishedSeries.objects.values_list("slug", "title", "licence"),
        Contributor.objects.values_list("display_name", "pseudonym"),
    ]
    names = {name for rows in values for row in rows for name in row if name} | NAMES
    every = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, every)), re.IGNORECASE)


@pytest.mark.django_db
def test_no_page_in_russian_has_an_english_sentence(client: Client) -> None:
    populate_summarizers()
    pages = english_pages(with_every_state(populate()))
    names = names_here()
    english: dict[str, str] = {}
    n_texts = 0
    for page in pages:
        address = in_language(page, "ru")
        html = client.get(address).content.decode()
        for text in texts_of(read_page(html).first("html"), language="ru"):
            n_texts += 1
            if english_in(text, names):
                english.setdefault(text, address)
    assert english == {}, "\n".join(f"{place}: {words}" for words, place in english.items())
    assert n_texts > 5000


@pytest.mark.parametrize(
    ("text", "is_english"),
    [
        ("Show the table", True),
        ("Что измерять: what to measure next", True),
        ("Показать таблицу", False),
        ("Команда joulemark run --suite quick", False),
        ("kWh, J, gCO2e", False),
        ("MiniLM-L6-v2 · float32.b1.power-default", False),
        ("docs/protocol.md", False),
    ],
)
def test_english_is_told_from_names_and_codes(text: str, *, is_english: bool) -> None:
    assert english_in(text, re.compile("Joulemark")) is is_english


def test_what_is_marked_as_english_is_left_out() -> None:
    page = '<html lang="ru"><p>Да <span lang="en">a sentence</span> <code>run it</code></p><p title="Нет">и</p></html>'
    assert list(texts_of(read_page(page).first("html"), language="ru")) == ["Да", "Нет", "и"]
