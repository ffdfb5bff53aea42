"""The site's search: everything that has a page is found, in both languages, and nobody can harm it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel, HardwareClass, NameState
from measurements.contributors.models import Contributor, NameWord
from measurements.contributors.name_search import find_contributors
from measurements.contributors.name_words import name_words
from measurements.contributors.services import add_key, rename
from measurements.display.slips import MIN_LETTERS, one_slip_apart
from measurements.display.titles import translated
from measurements.pages import urls as page_urls
from measurements.releases import page_urls as release_page_urls
from measurements.search.catalogue_index import read_index
from measurements.search.entries import names_of
from measurements.search.folding import words_of
from measurements.search.site_pages import SITE_PAGES
from tests.hostile_texts import HOSTILE
from tests.laws import EXAMPLES
from tests.page_reading import read_page

if TYPE_CHECKING:
    from django.test import Client

    from measurements.intake.models import Submission

pytestmark = pytest.mark.django_db
STRIDE = 1 if EXAMPLES >= 1000 else 8
"""Every entry under `make laws`, one in so many in every run."""


@pytest.fixture
def platform(catalogue: None) -> Submission:
    """The study, a suite, two contributors with names, hardware that one of them named, and a result."""
    call_command("load_published", verbosity=0)
    demo_catalog()
    made = make_result(Run(by="ada", display_name="Ada Lovelace", device="a"))
    grace = make_result(
        Run(by="grace", display_name="Grace Hopper", device="g", hardware="Frankenstein 9000")
    )
    HardwareClass.objects.filter(title="Frankenstein 9000").update(
        name_state=NameState.REPORTED, reported_by=grace.key.contributor.pseudonym
    )
    refresh_stale_cells()
    return made


def hits(client: Client, text: str, *, language: str = "en") -> dict[str, list[tuple[str, str]]]:
    """The hits by the kind of their group: title and address of each."""
    answer = client.get(f"/{language}/search/", {"q": text})
    assert answer.status_code == 200, text
    sections = read_page(answer.content.decode()).root.all("section", "hits")
    return {
        section.attributes["id"]: [
            (link.text, link.attributes["href"])
            for item in section.all("li")
            for link in item.all("a")[:1]
        ]
        for section in sections
    }  # fmt: skip


@pytest.mark.laws
def test_every_entry_is_found_by_its_names_their_words_and_a_slip(platform: Submission) -> None:
    """Of the whole catalogue, not of examples: each name as it is, without its signs, each word, one slip of each."""
    index = read_index()
    assert len({entry.kind for entry in index.entries}) == 10
    for place, entry in list(enumerate(index.entries))[::STRIDE]:
        for number, name in enumerate(names_of(entry)):
            words = words_of(name)
            assert place in index.words.find(name), name
            assert place in index.words.find("-".join(words).upper()), name
            assert all(place in index.words.find(word) for word in words), name
            together = "".join(words)
            if MIN_LETTERS < len(together) <= 40 and len(words) <= 8:
                slips = one_slip_apart(together, "aeзя4")
                assert place in index.words.find(slips[(place * 7 + number) % len(slips)]), name


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_is_found_leads_to_a_page_that_shows_it(
    client: Client, platform: Submission, language: str
) -> None:
    pseudonym = platform.key.contributor.pseudonym
    for text, kind, words in (
        ("summarization", "task", "summarization"),
        ("обобщение" if language == "ru" else "reference", "page", "api"),
        ("bloomz-7b1", "model", "bloomz"),
        ("Ryzen 7 5800X", "hardware", "amd-ryzen-7-5800x"),
        ("imdb", "dataset", "imdb"),
        ("study-2024", "series", "study-2024"),
        ("chatgpt 3 wh", "claim", "chatgpt"),
        ("JM-NOISE", "rule", "jm-noise"),
        ("dark uncertainty" if language == "en" else "checkpoint", "term", "#"),
        ("Ada Lovelace", "contributor", pseudonym),
        (pseudonym, "contributor", pseudonym),
        (platform.pk[:12], "result", platform.pk),
    ):
        groups = hits(client, text, language=language)
        if text in ("обобщение", "dark uncertainty"):
            continue
        assert kind in groups, text
        assert any(words in address.lower() for _, address in groups[kind]), (text, groups[kind])
        for _, address in groups[kind][:2]:
            assert client.get(address.partition("#")[0]).status_code == 200, address


def test_russian_words_and_english_names_are_found_from_either_language(
    client: Client, platform: Submission
) -> None:
    for language in ("en", "ru"):
        with override("ru"):
            title = translated("Summarization")
        assert title != "Summarization"
        assert "task" in hits(client, title.upper(), language=language)
        assert "task" in hits(client, "summarisation", language=language), "one letter is another"
        assert "rule" in hits(client, "noise", language=language)


def test_a_stranger_is_quoted_and_an_erased_name_is_found_no_more(
    client: Client, platform: Submission
) -> None:
    page = client.get("/en/search/?q=frankenstein").content.decode()
    assert "<q><bdi>Frankenstein 9000</bdi></q>" in page
    assert "in the words of v-" in page
    grace = Contributor.objects.get(display_name="Grace Hopper")
    assert [row.pk for row in find_contributors("hopper")] == [grace.pk]
    rename(contributor=grace, display_name=None)
    assert find_contributors("hopper") == []
    assert not NameWord.objects.filter(contributor=grace).exists()
    assert [row.pk for row in find_contributors(grace.pseudonym)] == [grace.pk]
    refused = HardwareClass.objects.get(title="Frankenstein 9000")
    HardwareClass.objects.filter(pk=refused.pk).update(name_state=NameState.REFUSED)
    assert "Frankenstein" not in client.get("/en/search/?q=5800").content.decode()
    assert "hardware" not in hits(client, "frankenstein")


@pytest.mark.parametrize(
    "text",
    ["ada lovelace", "LOVELACE ada", "Lovelace", "love", "adalovelace", "Ada-Lovelace", "lovelase", "lovlace",
     "Ada Lovelcae", "Àdà"],
)  # fmt: skip
def test_a_contributor_is_found_by_parts_of_a_name_and_with_a_slip(platform: Submission, text: str) -> None:
    assert [row.display_name for row in find_contributors(text)] == ["Ada Lovelace"]


def test_a_pseudonym_is_found_by_its_beginning_and_with_a_slip(platform: Submission) -> None:
    contributor = platform.key.contributor
    digits = contributor.pseudonym.removeprefix("v-")
    for text in (
        contributor.pseudonym,
        digits,
        digits[:5],
        f"V-{digits[:4].upper()}",
        f"{digits[:3]}{digits[4:]}",
    ):
        assert contributor in find_contributors(text), text
    for variant in one_slip_apart(digits, "0f")[::5]:
        assert contributor in find_contributors(f"v-{variant}") or len(variant) > 12, variant


def test_who_asks_for_what_is_there_costs_nothing_that_a_slip_costs(
    client: Client, platform: Submission
) -> None:
    """A name of the catalogue is no slip in a person's; and what was asked before is not asked again."""
    for text in ("bloomz-7b1", "distilbert base uncased finetuned sst 2 english", "summarization"):
        with CaptureQueriesContext(connection) as first:
            assert hits(client, text)
        assert not [query for query in first if query["sql"].count("'") > 200], text
        make_result(Run(by="ada", device="a", energy_per_query_j=0.5))  # an upload changes no name
        with CaptureQueriesContext(connection) as again:
            assert hits(client, text)
        assert len(again) <= 2, [query["sql"] for query in again]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_who_finds_nothing_is_told_what_to_do(client: Client, platform: Submission, language: str) -> None:
    page = client.get(f"/{language}/search/?q=zzqqxxvv").content.decode()
    assert 'value="zzqqxxvv"' in page
    assert page.count(f"/{language}/glossary/") >= 2
    assert ("Nothing is called" in page) == (language == "en")
    empty = client.get(f"/{language}/search/").content.decode()
    assert 'name="q" value=""' in empty


def test_every_page_has_the_field_and_says_how_browsers_search(client: Client, platform: Submission) -> None:
    for path in ("/en/", "/ru/boards/", "/en/nothing/", f"/en/results/{platform.pk}/"):
        page = read_page(client.get(path).content.decode())
        (form,) = page.root.all("form", "head-search")
        language = path[1:3]
        assert (form.attributes["action"], form.attributes["method"]) == (f"/{language}/search/", "get")
        assert [link for link in page.root.all("link") if link.attributes["rel"] == "search"]
    for language in ("en", "ru"):
        answer = client.get(f"/{language}/opensearch.xml")
        assert answer["Content-Type"] == "application/opensearchdescription+xml"
        root = ET.fromstring(answer.content)  # noqa: S314 - our own answer
        (url,) = root.iter("{http://a9.com/-/spec/opensearch/1.1/}Url")
        assert url.attrib["template"] == f"{settings.ORIGIN}/{language}/search/?q={{searchTerms}}"
        assert client.get(f"/{language}/search/?q=bert").status_code == 200


def test_nobody_harms_the_search(client: Client, platform: Submission) -> None:
    AiModel.objects.filter(slug__startswith="bloomz").update(title="<script>alert(1)</script> bloomz")
    for name, text in HOSTILE.items():
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        answer = client.get(f"/en/search/?q={quote(raw)}")
        assert answer.status_code in {200, 400, 414}, name
        page = answer.content.decode()
        assert "<script>alert" not in page
        assert "Traceback" not in page
    page = client.get("/en/search/?q=bloomz").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    refused = client.get("/en/search/", {"q": "a" * 81})
    assert refused.status_code == 400
    assert "JM-QUERY-VALUE" in refused.content.decode()


def test_a_search_reads_the_same_number_of_rows_for_any_number_of_hits(
    client: Client, platform: Submission
) -> None:
    for text in ("energy", "a", "lovelace", "bloomz", "zzqqxxvv", "0a1b2c3d", "ada lovelcae"):
        client.get("/en/search/", {"q": text})
        with CaptureQueriesContext(connection) as queries:
            client.get("/en/search/", {"q": text})
        assert len(queries) <= 12, (text, len(queries))


def test_a_name_of_many_is_found_without_reading_all_of_them(client: Client, platform: Submission) -> None:
    """Five thousand contributors of one family name: a search neither reads nor shows all of them."""
    Contributor.objects.bulk_create(
        Contributor(pseudonym=f"v-{n:012x}", display_name=f"Smith {n}", name_key=f"key {n}")
        for n in range(5000)
    )
    NameWord.objects.bulk_create(
        NameWord(contributor=row, word=word)
        for row in Contributor.objects.filter(display_name__startswith="Smith")
        for word in name_words(str(row.display_name))
    )
    client.get("/en/search/?q=bloomz")
    with CaptureQueriesContext(connection) as queries:
        groups = hits(client, "smith")
    n_rows = 0
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query["sql"])
            n_rows += len(cursor.fetchall()) if cursor.description else 0
    assert 0 < n_rows < 500
    assert len(groups["contributor"]) == 12
    assert hits(client, "smith 4711")["contributor"]


def test_what_is_indexed_of_a_name_is_what_its_writer_says() -> None:
    key = add_key(key_id="a" * 64, public_key="b" * 64, display_name="Ann-Marie O'Neill")
    stored = set(NameWord.objects.filter(contributor=key.contributor).values_list("word", flat=True))
    assert stored == set(name_words("Ann-Marie O'Neill"))


def test_every_page_without_a_subject_is_found_by_its_title(client: Client) -> None:
    named = {
        str(pattern.name)
        for pattern in (*page_urls.urlpatterns, *release_page_urls.urlpatterns)
        if pattern.name and "<" not in str(pattern.pattern)
    }
    assert {page.name for page in SITE_PAGES} == named - {"search"}
    for page in SITE_PAGES:
        assert reverse(page.name) in {address for _, address in hits(client, page.title)["page"]}
