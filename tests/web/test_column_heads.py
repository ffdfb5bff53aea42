"""Every head of a table explains itself: by its words, or by a button that needs no script; in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils.translation import gettext, override

from joulemark_simulation.addresses import filled, routes
from measurements.display import method_words as meanings
from measurements.display.choices import CELL_TIERS
from measurements.display.column_words import COLUMN_HELP
from measurements.display.term_titles import ESTIMATORS, FLAGS, TERMS
from tests.page_reading import Element, read_page
from tests.web.plain_heads import PLAIN
from tests.web.populated import populate, questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

CALCULATED = "/en/impact/?query=text_classification&queries_per_day=3&users=7&place=DEU"


def heads_of(client: Client, addresses: list[str]) -> Iterator[tuple[str, Element]]:
    """Each head of a column with the address of its page."""
    for address in addresses:
        answer = client.get(address)
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            for head in read_page(answer.content.decode()).root.all("th"):
                if head.attributes.get("scope") == "col":
                    yield address, head


def words_of_head(head: Element) -> str:
    """What stands in a head beside its explanation."""
    texts = (
        text
        for text, around in head.texts()
        if not any(
            element.tag == "button" or "column-help" in element.attributes.get("class", "")
            for element in around
        )
    )
    return " ".join(" ".join(texts).split())


@pytest.mark.django_db
def test_every_head_is_plain_or_explained(client: Client) -> None:
    values = populate()
    asked = questions()
    pages = [
        f"{path}?{asked[path]}" if path in asked else path
        for route in routes()
        if route.text.startswith("en/") and all(name in values for name in route.parameters)
        for path in filled(route, values)
    ]
    explained, n_heads = set(), 0
    unexplained: dict[str, str] = {}
    for address, head in heads_of(client, [*pages, CALCULATED]):
        words, buttons = words_of_head(head), head.all("button", "help")
        n_heads += 1
        if buttons:
            (button,), (popover,) = buttons, head.all("span", "column-help")
            assert button.attributes["popovertarget"] == popover.attributes["id"]
            assert "popover" in popover.attributes
            assert "title" not in button.attributes
            assert popover.first("dfn").text
            explained.add(popover.first("dfn").text)
        elif "/embed/" not in address and words not in PLAIN and len(words) > 1:
            unexplained.setdefault(words, address)
    assert not unexplained, "; ".join(f"{words} ({place})" for words, place in unexplained.items())
    assert n_heads > 100
    assert {"Wh per 1,000 queries", "Based on", "Quality", "Evidence", "State", "Ratio"} <= explained


def test_every_explanation_is_written_in_both_languages() -> None:
    assert not COLUMN_HELP.keys() & PLAIN
    with override("ru"):
        for head, entry in COLUMN_HELP.items():
            assert gettext(head) != head, head
            assert gettext(entry.meaning) != entry.meaning, head


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_explanation_leads_to_a_place_of_the_method(client: Client, language: str) -> None:
    page = read_page(client.get(f"/{language}/method/").content.decode())
    ids = {element.attributes.get("id") for tag in ("h2", "div") for element in page.root.all(tag)}
    assert {entry.anchor for entry in COLUMN_HELP.values() if entry.anchor} <= ids
    for words, titles in ((TERMS, "term"), (ESTIMATORS, "estimator"), (FLAGS, "flag")):
        assert {f"{titles}-{word}" for word in words} <= ids


def test_every_closed_word_has_a_meaning_in_both_languages() -> None:
    for titles, sentences in (
        (ESTIMATORS, meanings.ESTIMATOR_MEANINGS),
        (TERMS, meanings.TERM_MEANINGS),
        (FLAGS, meanings.FLAG_MEANINGS),
        (dict(CELL_TIERS), meanings.TIER_MEANINGS),
    ):
        assert titles.keys() == sentences.keys()
        for sentence in sentences.values():
            with override("en"):
                english = str(sentence)
            with override("ru"):
                assert str(sentence) != english, english
