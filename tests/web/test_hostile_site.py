"""One hostile platform: whatever strangers wrote, every page, plot, file, feed and badge is whole and runs nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from typing import TYPE_CHECKING

import msgspec
import pytest
from django.db.models import CharField, TextField
from lxml import etree
from PIL import Image

from joulemark.record import statement as s
from joulemark_site.security import FRAMED_BY_OTHERS, STRICT, policy
from measurements.intake.models import State, Submission
from measurements.web.plain_text import BIDI_CONTROLS
from tests.addresses import OF_MONITORS, addresses
from tests.client_response import ClientResponse, Post, body_of
from tests.every_page import LANGUAGES, english_pages, in_language, with_every_state
from tests.html_validity import every, faults_of
from tests.laws import VARIABLE
from tests.page_reading import read_page
from tests.web.hostile_site import CLASS, LINKS, PLANTED, TEXTS, plant
from tests.web.populated import Values, populate, questions
from tests.web.task_rows import populate_summarizers
from tests.web.test_strangers_words import free_text_fields, receive, with_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
EXECUTABLE = re.compile(r"\s*(javascript|vbscript|data:text)", re.IGNORECASE)
MAX_PIXELS = 20_000_000
NOT_SHOWN = {
    "Suite.name", "Suite.version", "Suite.digest", "Suite.archive_sha256", "Task.known_from", "DataSet.known_from",
    "AiModel.known_from", "HardwareClass.reported_by", "HardwareClass.code", "Contributor.pseudonym",
    "Contributor.name_key", "PublishedSeries.scope", "PublishedSeries.digest", "Task.slug", "DataSet.slug",
}  # fmt: skip
"""Texts that the platform itself writes, or whose form is checked before a row is made."""


def statement_of_a_stranger(said: s.Predicate) -> s.Predicate:
    """A statement with hostile words in every field that is free to have them."""
    for place, (path, _) in enumerate(free_text_fields()):
        if path == "audience":
            continue  # the door refuses what is meant for another platform
        texts = list(TEXTS.values())
        for text in (*texts[place % len(texts) :], *texts):
            try:
                said = with_words(said, path, text[:200])
            except (msgspec.ValidationError, ValueError):
                continue
            break
    return said


def faults_of_page(html: str) -> Iterator[str]:
    """Markup that a stranger made, and directions that reach beyond a stranger's words."""
    root = read_page(html).root
    yield from faults_of(html)
    for element, above in every(root):
        attributes = element.attributes
        if CLASS in attributes.get("class", "") or any(name.startswith("on") for name in attributes):
            yield f"<{element.tag}> of a stranger"
        for name in ("href", "src", "action", "srcset", "poster"):
            if EXECUTABLE.match(attributes.get(name, "")):
                yield f"{name} runs {attributes[name][:40]}"
        if BIDI_CONTROLS & set("".join(attributes.values())):
            yield f"an attribute of <{element.tag}> changes directions"
        for child in element.children:
            isolated = {"bdi", "script"} & {each.tag for each in (*above, element)}
            if isinstance(child, str) and not isolated and BIDI_CONTROLS & set(child):
                yield f"words in <{element.tag}> reach beyond themselves: {ascii(child.strip())[:60]}"


def faults_of_xml(data: bytes) -> Iterator[str]:
    """The same of a feed, a map, a plot or a badge."""
    tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    for element in tree.iter():
        if not isinstance(element.tag, str):
            yield "a comment or a processing instruction"
            continue
        if etree.QName(element).localname in {"script", "foreignObject", "iframe"}:
            yield f"<{element.tag}>"
        values = element.attrib
        if any(str(name).startswith("on") for name in values) or EXECUTABLE.match(
            str(values.get("href", ""))
        ):
            yield f"<{element.tag}> runs something"
        if BIDI_CONTROLS & set("".join(map(str, (element.text or "", *values.values())))):
            yield f"<{element.tag}> changes directions"


def faults_of_csv(text: str) -> Iterator[str]:
    """Cells that a spreadsheet would run."""
    rows = list(csv.reader(io.StringIO(text)))
    if len({len(row) for row in rows}) > 1:
        yield "rows of unlike length"
    for row in rows:
        for cell in row:
            if cell.lstrip(" ").startswith(FORMULA) and not NUMBER.fullmatch(cell):
                yield f"a formula: {cell[:40]}"


def faults_of_answer(address: str, answer: ClientResponse, body: bytes) -> Iterator[str]:
    """Every way in which an answer may do what a stranger wants."""
    kind = answer.headers.get("Content-Type", "")
    framed = "/embed/" in address and answer.status_code == 200
    expected = FRAMED_BY_OTHERS if framed else STRICT
    if answer.headers["Content-Security-Policy"] != policy(expected):
        yield "another policy"
    if answer.headers["X-Content-Type-Options"] != "nosniff":
        yield "its type may be guessed"
    if "html" in kind and address != "/api/v1/docs/" and body:
        yield from faults_of_page(body.decode())
    elif "xml" in kind:
        yield from faults_of_xml(body)
    elif "csv" in kind:
        yield from faults_of_csv(body.decode())
    elif "jsonl" in kind:
        list(map(json.loads, body.split(b"\n")[:-1]))
    elif "json" in kind:
        json.loads(body)
    elif kind == "image/png":
        with Image.open(io.BytesIO(body)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                yield f"a picture of {picture.size}"
            picture.verify()


@pytest.fixture
def populated(enrolled: Post) -> Values:
    """A platform with something at every address, a result of a stranger among them."""
    populate_summarizers()
    values = populate()
    hostile = receive(enrolled, statement_of_a_stranger)
    return with_every_state(values) | {
        "result_id": [*with_every_state(values)["result_id"], hostile.pk],
        "short_id": [hostile.pk[:16]],
    }


@pytest.mark.laws
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hostile_platform_is_harmless_at_every_address(client: Client, populated: Values) -> None:
    """In every run with another text in each column, under `make laws` with each of them."""
    turns = range(len(TEXTS)) if VARIABLE in os.environ else (0,)
    faults: dict[str, str] = {}
    shown = 0
    for turn in turns:
        plant(turn)
        rejected = Submission.objects.filter(state=State.REJECTED).latest("received_at")
        values = populated | {"result_id": [*populated["result_id"], rejected.pk]}
        asked = questions()
        every_address = {
            f"{address}?{asked[address]}" if address in asked else address for address in addresses(values)
        } | set(english_pages(values))
        for address in sorted(every_address - OF_MONITORS):
            for language in LANGUAGES if address.startswith("/en/") else LANGUAGES[:1]:
                answer = client.get(in_language(address, language))
                assert answer.status_code < 500, (turn, address, answer.status_code)
                body = body_of(answer)
                shown += "{{ 7*7 }}" in body.decode(errors="ignore")
                for fault in faults_of_answer(address, answer, body):
                    faults.setdefault(fault, f"{turn} {in_language(address, language)}")
    assert faults == {}, "\n".join(f"{place}: {words}" for words, place in faults.items())
    assert shown > 10, "a template of a stranger is shown as it is"


def test_every_text_of_a_stranger_is_planted() -> None:
    """A further column of text in these tables is planted, or is known not to be a stranger's."""
    for table, planted in PLANTED.items():
        for field in table._meta.get_fields():
            is_text = isinstance(field, CharField | TextField) and not field.choices and not field.unique
            name = f"{table.__name__}.{field.name}"
            if is_text and field.name not in planted and LINKS.get(table) != field.name:
                assert name in NOT_SHOWN, name


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        (f"<b class={CLASS}>x</b>", "of a stranger"),
        ('<p onclick="x()">x</p>', "of a stranger"),
        ('<a href=" JavaScript:x()">x</a>', "runs"),
        ('<p title="\u202e">x</p>', "changes directions"),
        ("<p>\u2067x</p>", "reach beyond"),
    ],
)
def test_what_a_stranger_did_to_a_page_is_seen(html: str, fault: str) -> None:
    assert any(fault in sentence for sentence in faults_of_page(html))


def test_what_a_stranger_did_to_a_file_is_seen() -> None:
    assert list(faults_of_csv("a,b\r\n=1+1,2\r\n")) == ["a formula: =1+1"]
    assert list(faults_of_csv("a,b\r\n-1.5e-3,'=1\r\n")) == []
    assert list(faults_of_xml(b'<svg onload="x()"/>')) == ["<svg> runs something"]
    assert list(faults_of_xml("<svg><text>\u202e</text></svg>".encode())) == ["<text> changes directions"]
