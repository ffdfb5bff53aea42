"""The pages of words: the method, trust, the source code; and the places that lead to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from joulemark import __version__
from measurements.answer_cache.software_digest import software_digest
from tests.page_reading import read_page
from tests.web.populated import populate

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
PAGES = ("method", "trust", "source-code", "about")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", PAGES)
def test_every_link_has_its_place(client: Client, language: str, name: str) -> None:
    html = client.get(f"/{language}/{name}/").content.decode()
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    for path, anchor in re.findall(r'href="([^"#]*)#([^"]+)"', html.split("<main")[1].split("</main>")[0]):
        if path:
            target = client.get(path)
            assert target.status_code == 200, path
            assert f'id="{anchor}"' in target.content.decode(), (path, anchor)
        else:
            assert anchor in ids


def test_no_sentence_stands_on_two_of_them(client: Client) -> None:
    seen: dict[str, str] = {}
    for name in (*PAGES, "privacy", "glossary"):
        page = read_page(client.get(f"/en/{name}/").content.decode())
        (main,) = page.root.all("main")
        for paragraph in (*main.all("p"), *main.all("dd"), *main.all("li")):
            sentence = paragraph.text
            if len(sentence.split()) > 10:
                assert seen.setdefault(sentence, name) == name, sentence
    assert len(seen) > 60


def test_the_source_page_names_what_runs(client: Client) -> None:
    text = read_page(client.get("/en/source-code/").content.decode()).root.text
    assert software_digest() in text
    assert __version__ in text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_where_a_grade_a_scope_or_an_interval_is_named_a_link_leads_to_the_method(
    client: Client, language: str
) -> None:
    values = populate()
    for path in (
        "boards/demo-1-estimated/text_classification/",
        "boards/study-2024/text_classification/",
        "tasks/text_classification/",
        f"results/{values['result_id'][0]}/",
        "compare/text_classification/",
    ):
        main = client.get(f"/{language}/{path}").content.decode().split("<main")[1]
        assert f'href="/{language}/method/#' in main, path
