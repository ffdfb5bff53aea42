"""Every page in both languages is valid HTML, as far as rules of our own can tell (`make html-check`: all)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.every_page import LANGUAGES, english_pages, in_language, with_every_state
from tests.html_validity import faults_of
from tests.web.populated import populate
from tests.web.task_rows import populate_summarizers

if TYPE_CHECKING:
    from django.test import Client

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title></head>
<body><main><h1>A page</h1>{}</main></body></html>"""


@pytest.fixture
def pages(db: None) -> dict[str, int]:
    """Something on every page."""
    populate_summarizers()
    return english_pages(with_every_state(populate()))


def test_every_page_is_valid(client: Client, pages: dict[str, int]) -> None:
    faults: dict[str, str] = {}
    for page, status in pages.items():
        for language in LANGUAGES:
            address = in_language(page, language)
            answer = client.get(address)
            assert answer.status_code == status, address
            for fault in faults_of(answer.content.decode()):
                faults.setdefault(fault, address)
    assert faults == {}, "\n".join(f"{place}: {words}" for words, place in faults.items())
    assert len(pages) > 40


@pytest.mark.parametrize(
    ("markup", "fault"),
    [
        ("<p>1 < 2</p>", "a bare"),
        ("<p>1 & 2</p>", "a bare"),
        ('<p id="a" id="b">x</p>', "has id twice"),
        ("<div/>", "is not void"),
        ("<div>x", "closes <div>"),
        ("<p><b>x</p></b>", "closes"),
        ('<p id="a"></p><p id="a"></p>', "the id 'a' comes 2 times"),
        ('<p aria-describedby="no">x</p>', "refers to nothing"),
        ('<p><a href="#no">x</a></p>', "leads to nothing"),
        ('<form><input name="a"></form>', "has no label"),
        ('<p id="a">x</p><label for="a">x</label>', "which has none"),
        ("<h3>x</h3>", "follows a heading of level 1"),
        ("<h2></h2>", "is empty"),
        ('<p lang="English">x</p>', "is no language"),
        ("<span><div>x</div></span>", "stands in <span>"),
        ('<a href="/"><button>x</button></a>', "stands in <a>"),
        ("<ul><p>x</p></ul>", "stands in <ul>"),
        ("<ul>x</ul>", "words stand in <ul>"),
        ('<img src="/x.png">', "has no alt"),
        ("<details><p>x</p></details>", "does not begin with a summary"),
        ("<p><time>yesterday</time></p>", "is no time"),
        ('<svg viewBox="0 0 1 1"></svg>', "neither a role"),
        ('<p><a href="/"></a></p>', "has no name"),
        ("<table><tr><td>1</td></tr><tr><td>1</td><td>2</td></tr></table>", "columns"),
        ("<h1>another</h1>", "the page has 2 <h1>"),
    ],
)
def test_a_fault_is_seen(markup: str, fault: str) -> None:
    found = faults_of(PAGE.format(markup))
    assert any(fault in sentence for sentence in found), found


def test_a_valid_page_has_no_fault() -> None:
    assert faults_of(PAGE.format("<p>1 &lt; 2 &amp; <b>3</b></p>")) == []
