"""Whatever somebody calls a model, a data set or hardware: files for other programs stay whole, and are about it."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task
from measurements.pages.citation import Citation
from measurements.web.plain_text import BIDI_CONTROLS, MAX_LENGTH, json_in_script, plain_text
from tests.hostile_texts import HOSTILE
from tests.web.atom_schema import atom_faults
from tests.web.populated import Values, populate, questions

BOARD = "/en/boards/demo-1-estimated/text_classification/"
CELL = f"{BOARD}cell/"
MORE = {
    "emoji": "\U0001f469\u200d\U0001f52c\U0001f916 \U0001f1f7\U0001f1fa",
    "right to left": "\u202b\u0627\u0644\u0637\u0627\u0642\u0629\u2067\u200f 5 \u05d0",
    "the end of a script": "</script><script>alert(1)</script><!--<script>",
    "the end of XML": "]]></title><svg onload=alert(1)>&#0;&lt;",
    "LaTeX": r"\input{/etc/passwd}%}{$^_~#&",
    "a formula": "=cmd|' /C calc'!A0",
    "lines that no JSON in a script may hold": "\u2028\u2029",
    "not characters": "\ufffe\uffff\U000e0001",
    "10,000 directions": "\u202e" * 10_000,
}
TEXTS = {name: text for name, text in {**HOSTILE, **MORE}.items() if isinstance(text, str)}
ANY_TEXT = st.text(st.characters(codec=None), max_size=400) | st.sampled_from(list(TEXTS.values()))


def stored(text: str) -> str:
    """As a database can hold it in a title."""
    return text.encode(errors="ignore").decode().replace("\x00", "")[:200]


def faults_of_words(words: str) -> list[str]:
    """Characters that a file of ours never holds."""
    return [
        f"U+{ord(c):04X}"
        for c in words
        if c in BIDI_CONTROLS or (unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t")
    ]


@pytest.mark.laws
@given(ANY_TEXT, st.integers(2, 50))
def test_plain_text_is_one_harmless_line(text: str, limit: int) -> None:
    line = plain_text(text, limit=limit)
    assert len(line) <= limit
    assert faults_of_words(line) == []
    assert not set(line) & {"\n", "\r", "\t", "\u2028", "\u2029"}
    etree.fromstring(etree.tostring(_element(line)))
    assert plain_text(line, limit=limit) == line
    if text.isalnum() and len(text) <= limit:
        assert line == text


def _element(text: str) -> etree._Element:
    element = etree.Element("a")
    element.text = text  # raises for what XML has no place for
    return element


@pytest.mark.laws
@given(ANY_TEXT)
def test_json_in_a_script_is_that_json_and_ends_no_element(text: str) -> None:
    written = json_in_script({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not set(written) & set("<>&\u2028\u2029")


@pytest.mark.laws
@given(ANY_TEXT)
def test_a_citation_is_one_entry_whatever_is_cited(text: str) -> None:
    at = datetime(2026, 12, 1, tzinfo=UTC)
    citation = Citation(title=text, address="https://e.example/boards/?a=1", version=7, at=at, language="en")
    assert json.loads(citation.csl)[0]["title"] == plain_text(text)
    depth = 0
    for c in re.sub(r"\\[{}]", "", citation.bibtex):
        depth += {"{": 1, "}": -1}.get(c, 0)
        assert depth >= 0
    assert depth == 0
    assert len(citation.bibtex.splitlines()) == 10
    assert "\n" not in citation.apa
    assert re.fullmatch(r"@misc\{[a-z0-9-]+,", citation.bibtex.splitlines()[0])


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


@pytest.mark.laws
def test_hostile_names_are_harmless_in_every_file_for_programs(client: Client, values: Values) -> None:
    question = questions()[CELL]
    feeds = ("/en/feeds/cells.atom", "/en/feeds/records.atom")
    badge = f"/en/badges/demo-1-estimated/text_classification.svg?{question}"
    map_of_cells = "/sitemaps/cells.demo-1-estimated.text_classification.xml"
    oembed = f"{settings.ORIGIN}{CELL}?{question}"
    mapped = client.get(map_of_cells).content
    for name, text in TEXTS.items():
        title = stored(text)
        for table in (AiModel, DataSet, Task, HardwareClass):
            table.objects.update(title=title)
        for feed in feeds:
            sent = client.get(feed).content
            assert atom_faults(sent) == [], (name, feed)
            assert faults_of_words("".join(etree.fromstring(sent).itertext())) == [], (name, feed)
        drawn = etree.fromstring(client.get(badge).content)
        assert {etree.QName(each).localname for each in drawn.iter()} == {
            "svg",
            "title",
            "rect",
            "text",
            "path",
            "circle",
        }
        assert faults_of_words("".join(drawn.itertext())) == [], name
        assert len("".join(drawn.itertext())) < 1000
        assert client.get(map_of_cells).content == mapped, "a map has addresses, and no titles"
        answer = client.get("/oembed/", {"url": oembed}).json()
        assert len(answer["title"]) < 3 * MAX_LENGTH
        assert faults_of_words(answer["title"]) == [], name
        assert len(etree.fromstring(answer["html"].replace("&#x27;", "&apos;"))) == 0, (
            "one frame, and nothing in it"
        )
        for page in (BOARD, f"{CELL}?{question}", f"/en/embed{BOARD.removeprefix('/en')}"):
            html = client.get(page).content.decode()
            blocks = re.findall(r"<script(.*?)</script>", html, re.DOTALL)
            assert len(blocks) == ("/embed/" not in page), (name, page)
            for block in blocks:
                assert block.startswith(' type="application/ld+json">')
                assert faults_of_words(json.loads(block.partition(">")[2])["name"]) == [], name
