"""How far pages reach: their language is in their address, and other programs can find, show and cite them."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from lxml import etree

from joulemark.impact.claims import checked_claims
from joulemark_site.security import STRICT, policy
from measurements.boards.models import Cell
from measurements.downloads.badge import LEFT, RIGHT, position
from measurements.ledger.models import Checkpoint
from measurements.web.feed_titles import FEEDS
from measurements.web.languages import negotiated_language
from tests.page_reading import Element, read_page
from tests.web.atom_schema import atom_faults
from tests.web.populated import Values, populate, questions

BOARD = "/en/boards/demo-1-estimated/text_classification/"
CELL = f"{BOARD}cell/"
NOT_PAGES = (
    "/api/v1/boards/",
    "/log/checkpoint",
    "/robots.txt",
    "/sitemap.xml",
    "/admin/login/",
    "/nothing/",
)


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


def cell_address() -> str:
    return f"{CELL}?{questions()[CELL]}"


def tree_of(html: str) -> Element:
    """A page as a tree."""
    return read_page(html).root


def structured(html: str) -> dict[str, object]:
    """What a page says in schema.org's words."""
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    assert len(found) == 1
    stated: dict[str, object] = json.loads(found[0])
    return stated


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"), ("ru", "ru"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("de, ru;q=0.5", "ru"), ("de", "en"),
        ("en;q=0.3, ru;q=0.4", "ru"), ("ru;q=0, en", "en"), ("*", "en"), ("*;q=0.9, ru;q=0.1", "en"), ("\x00", "en"),
        ("x" * 5000, "en"), ("EN-us", "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_that_a_reader_prefers(accepted: str, language: str) -> None:
    assert negotiated_language(accepted) == language


def test_an_address_without_a_language_leads_to_its_readers_language(values: Values) -> None:
    client = Client()
    for path in ("/boards/?page=2&x=%D1%8F+%26", "/about/", f"/results/{values['result_id'][0]}/", CELL[3:]):
        for language in ("en", "ru"):
            answer = client.get(path, headers={"Accept-Language": language})
            assert (answer.status_code, answer["Location"]) == (301, f"/{language}{path}")
            assert "Accept-Language" in answer["Vary"]
            assert not answer.cookies
    home = client.get("/", headers={"Accept-Language": "ru"})
    assert (home.status_code, home["Location"], home["Vary"]) == (302, "/ru/", "Accept-Language")
    assert client.get("/boards")["Location"] == "/en/boards"
    assert client.get("/en/boards")["Location"] == "/en/boards/"
    short = client.get(f"/r/{values['short_id'][0]}", headers={"Accept-Language": "ru"})
    assert short["Location"] == f"/ru/results/{values['result_id'][0]}/"
    for path in (*NOT_PAGES, "//elsewhere.example/", "/EN/boards/", "/de/boards/", "/en/en/boards/"):
        answer = client.get(path)
        assert (
            answer.status_code not in (301, 302) or "elsewhere" not in answer["Location"].partition("?")[0]
        ), path
        assert not answer.get("Location", "").startswith(("/en/api", "/en/log", "/en/admin", "//")), path
    assert client.post("/boards/").status_code == 404


def test_data_name_pages_without_a_language(client: Client, values: Values) -> None:
    boards = client.get("/api/v1/boards/", headers={"Accept-Language": "ru"}).json()["boards"]
    assert all(urlsplit(board["page_url"]).path.startswith("/boards/") for board in boards)


def test_each_page_names_its_one_address_and_the_others(client: Client, values: Values) -> None:
    for path in ("/en/", BOARD, cell_address(), "/en/claims/", f"/en/results/{values['result_id'][0]}/"):
        html = client.get(f"{path}{'&' if '?' in path else '?'}utm_source=x").content.decode()
        address = f"{settings.ORIGIN}{path}"
        links = {
            unescape(rel): unescape(href)
            for rel, href in re.findall(
                r'<link rel="(canonical|alternate" hreflang="[\w-]+)" href="([^"]*)"', html
            )
        }
        assert links == {
            "canonical": address,
            'alternate" hreflang="en': address,
            'alternate" hreflang="ru': address.replace("/en/", "/ru/", 1),
            'alternate" hreflang="x-default': address.replace("/en/", "/", 1),
        }, path
        assert f'<meta property="og:url" content="{address.replace("&", "&amp;")}">' in html
        title = re.search(r"<title>(.*?)</title>", html)
        assert title is not None
        assert f'<meta property="og:title" content="{title[1]}">' in html


def test_the_map_has_every_page_in_both_languages_and_nothing_that_is_not_there(
    client: Client, values: Values
) -> None:
    name = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    robots = client.get("/robots.txt").content.decode()
    assert f"Sitemap: {settings.ORIGIN}/sitemap.xml" in robots
    assert "Disallow: /admin/" in robots
    index = etree.fromstring(client.get("/sitemap.xml").content)
    mapped: dict[str, str | None] = {}
    for part in index.findall("s:sitemap/s:loc", name):
        answer = client.get(str(part.text).removeprefix(settings.ORIGIN))
        for entry in etree.fromstring(answer.content).findall("s:url", name):
            mapped[entry.findtext("s:loc", "", name)] = entry.findtext("s:lastmod", None, name)
    for address in mapped:
        path = address.removeprefix(settings.ORIGIN)
        page = client.get(path)
        assert page.status_code == 200, address
        assert f'<link rel="canonical" href="{address.replace("&", "&amp;")}">' in page.content.decode(), (
            address
        )
    assert {urlsplit(address).path[:4] for address in mapped} == {"/en/", "/ru/"}
    cell = Cell.objects.select_related("model").first()
    assert cell is not None
    times = {
        at
        for address, at in mapped.items()
        if "/en/" in address and f"model={quote(cell.model.slug, '')}&" in address
    }
    assert times == {cell.updated_at.isoformat(timespec="seconds")}
    assert client.get("/sitemaps/none.xml").status_code == 404


def test_feeds_are_atom_and_pages_name_them(client: Client, values: Values) -> None:
    page = client.get("/ru/").content.decode()
    for language in ("en", "ru"):
        for name in FEEDS:
            path = f"/{language}/feeds/{name}.atom"
            answer = client.get(path)
            assert (answer.status_code, answer["Content-Type"]) == (
                200,
                "application/atom+xml; charset=utf-8",
            )
            assert atom_faults(answer.content) == [], path
            assert client.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
            assert (f'href="{path}"' in page) == (language == "ru")
    entries = etree.fromstring(client.get("/en/feeds/retirements.atom").content)
    assert "rejected" in "".join(entries.itertext())
    cells = etree.fromstring(client.get("/en/feeds/cells.atom").content)
    atom = {"a": "http://www.w3.org/2005/Atom"}
    for link in cells.findall("a:entry/a:link", atom):
        assert client.get(str(link.get("href")).removeprefix(settings.ORIGIN)).status_code == 200


def test_a_badge_is_on_one_scale_for_all(client: Client, values: Values) -> None:
    address = f"/en/badges/demo-1-estimated/text_classification.svg?{questions()[CELL]}"
    answer = client.get(address)
    assert answer["Content-Type"] == "image/svg+xml; charset=utf-8"
    drawn = etree.fromstring(answer.content)
    words = "".join(drawn.itertext())
    cell = Cell.objects.get(model__slug=re.search(r"model=([^&]*)", questions()[CELL])[1])  # type: ignore[index]
    assert "Wh per 1,000 queries" in words
    assert "estimated" in words
    assert f"{cell.updated_at:%Y-%m-%d}" in words
    circle = drawn.find("{http://www.w3.org/2000/svg}circle")
    assert circle is not None
    assert float(str(circle.get("cx"))) == position(cell.energy_per_query_j / 3.6)
    scale = [position(10.0**decade) for decade in range(-9, 9)]
    assert scale == sorted(scale)
    assert (min(scale), max(scale)) == (LEFT, RIGHT)
    assert position(0.0) == LEFT
    russian = client.get(address.replace("/en/", "/ru/"))
    in_russian = etree.fromstring(russian.content).find("{http://www.w3.org/2000/svg}circle")
    assert in_russian is not None
    assert in_russian.get("cx") == circle.get("cx"), "no decimal comma"
    assert client.get(address.split("?", maxsplit=1)[0]).status_code == 404


def test_only_embedded_pages_may_be_framed(client: Client, values: Values) -> None:
    embedded = (
        "/en/embed/boards/demo-1-estimated/text_classification/",
        cell_address().replace("/boards/", "/embed/boards/"),
    )
    for path in embedded:
        for _ in range(2):  # computed, and out of the memory
            answer = client.get(path)
            assert answer.status_code == 200
            assert "frame-ancestors *" in answer["Content-Security-Policy"]
            assert "X-Frame-Options" not in answer
        page = answer.content.decode()
        then = client.get(
            path, {**dict(parse_qsl(urlsplit(path).query)), "as_of": "2999-01-01"}
        ).content.decode()
        assert "as_of=2999-01-01" in then, "the link carries the moment on"
        assert "<form" not in page
        assert "<script" not in page
        assert page.count("<td") >= 2
    for path in (BOARD, cell_address(), "/en/", "/en/embed/boards/no/such/", "/embed/", "/api/v1/boards/"):
        answer = client.get(path)
        assert answer["Content-Security-Policy"] == policy(STRICT), path
        assert answer["X-Frame-Options"] == "DENY", path


def test_another_site_shows_a_page_by_its_address(client: Client, values: Values) -> None:
    for path in (BOARD, cell_address(), cell_address().replace("/en/", "/ru/"), BOARD.replace("/en/", "/")):
        html = client.get(path).content.decode()
        found = re.search(r'<link rel="alternate" type="application/json\+oembed" href="([^"]*)"', html)
        assert found is not None
        discovered = unescape(found[1]).removeprefix(settings.ORIGIN)
        for asked in (discovered, f"/oembed/?url={quote(settings.ORIGIN + path)}&maxwidth=300"):
            answer = client.get(asked).json()
            assert (answer["version"], answer["type"]) == ("1.0", "rich")
            frame = re.search(r'src="([^"]*)"', answer["html"])
            assert frame is not None
            shown = unescape(frame[1])
            assert shown.startswith(f"{settings.ORIGIN}/")
            assert client.get(shown.removeprefix(settings.ORIGIN)).status_code == 200
        assert answer["width"] == 300
    ours = settings.ORIGIN
    others = ("", "https://elsewhere.example/", "javascript:alert(1)", f"{ours}.elsewhere.example{BOARD}")
    for url in (*others, f"{ours}/en/about/", f"{ours}/en/boards/a/b/", f"{ours}//["):
        refused = client.get("/oembed/", {"url": url})
        assert (refused.status_code, refused.json()["code"]) == (404, "JM-OEMBED-URL"), url
    xml = client.get("/oembed/", {"url": settings.ORIGIN + BOARD, "format": "xml"})
    assert (xml.status_code, xml.json()["code"]) == (501, "JM-OEMBED-FORMAT")


def test_search_engines_are_told_of_data_and_of_verdicts(client: Client, values: Values) -> None:
    for path in (BOARD, cell_address()):
        stated = structured(client.get(path).content.decode())
        assert stated["@type"] == "Dataset"
        assert stated["url"] == settings.ORIGIN + path
        for file in stated["distribution"]:  # type: ignore[attr-defined]
            assert client.get(file["contentUrl"].removeprefix(settings.ORIGIN)).status_code == 200
    claims = client.get("/ru/claims/").content.decode()
    graph = structured(claims)["@graph"]
    ids = {f"{settings.ORIGIN}/ru/claims/#{row}" for row in re.findall(r'<tr id="([^"]*)"', claims)}
    recomputed = {f"{settings.ORIGIN}/ru/claims/#{claim.id}" for claim in checked_claims()}
    assert {review["url"] for review in graph} == recomputed <= ids  # type: ignore[attr-defined]
    assert all(review["@type"] == "ClaimReview" and review["claimReviewed"] for review in graph)  # type: ignore[attr-defined]


def test_any_page_may_read_and_none_may_write(client: Client, values: Values) -> None:
    for path in (BOARD, "/api/v1/boards/", "/log/checkpoint", "/en/feeds/cells.atom", "/nothing/"):
        for origin in ("https://elsewhere.example", "null"):
            answer = client.get(path, headers={"Origin": origin})
            assert answer["Access-Control-Allow-Origin"] == "*", path
            assert "Origin" not in answer.get("Vary", "")
            assert "Access-Control-Allow-Credentials" not in answer
    asked = client.options(
        "/api/v1/results", headers={"Access-Control-Request-Method": "POST", "Origin": "https://e.example"}
    )
    assert asked.status_code == 204
    assert "POST" not in asked["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Origin" not in client.get("/admin/login/")
    assert "Access-Control-Allow-Origin" not in client.post("/api/v1/results", b"", content_type="text/plain")


def test_every_page_says_where_its_content_comes_from(client: Client, values: Values) -> None:
    checkpoint = Checkpoint.objects.latest("size").size
    for path in (
        "/en/",
        "/en/about/",
        "/ru/results/",
        BOARD,
        cell_address(),
        f"/en/results/{values['result_id'][0]}/",
        "/nothing/",
    ):
        page = tree_of(client.get(path).content.decode())
        assert len(page.all("section", "provenance")) == 1, path
    html = client.get(BOARD).content.decode()
    line = tree_of(html).first("section", "provenance").text
    assert "version" in line
    assert "Estimated" in line or "estimated" in line
    assert f"log checkpoint {checkpoint}" in line or "no checkpoint of the log yet" in line
    assert '<input type="date"' in html
    assert '<input type="date"' not in client.get("/en/about/").content.decode(), "it has no moment"


def test_what_is_cited_is_shown_for_good(client: Client, values: Values) -> None:
    for path in (BOARD, cell_address()):
        page = tree_of(client.get(path).content.decode())
        csl = json.loads(page.first("pre", "csl").text)[0]
        assert csl["URL"] in page.first("p", "apa").text
        bibtex = page.first("pre", "bibtex").text
        assert bibtex.startswith("@misc{joulemark-")
        assert f"url = {{{csl['URL']}}}" in bibtex
        assert bibtex.count("{") == bibtex.count("}")
        cited = client.get(csl["URL"].removeprefix(settings.ORIGIN))
        assert cited.status_code == 200
        then = tree_of(cited.content.decode())
        assert [cell.text for cell in then.all("td", "headline")] == [
            cell.text for cell in page.all("td", "headline")
        ]
        assert json.loads(then.first("pre", "csl").text)[0]["URL"] == csl["URL"]


def test_changes_between_two_dates_are_values_ranks_and_results(client: Client, values: Values) -> None:
    path = "/en/changes/demo-1-estimated/text_classification/"
    page = tree_of(client.get(path).content.decode()).text
    assert page.count("not there") == Cell.objects.filter(dataset__task__slug="text_classification").count()
    assert "added" in page
    same = client.get(f"{path}?from=2026-01-01&to=2026-01-02").content.decode()
    assert "No value and no rank changed" in same
    assert client.get(f"{path}?from=2027-01-01&to=2026-01-02").status_code == 404
    assert client.get(f"{path}?from=x").status_code == 404
    assert client.get("/en/changes/study-2024/text_classification/").status_code == 200
    assert client.get("/en/changes/no/such/").status_code == 404


def test_a_download_says_of_which_version_it_is(client: Client, values: Values) -> None:
    file = "/api/v1/boards/demo-1-estimated/text_classification"
    stated = client.get(f"{file}.json").json()
    rows = list(csv.DictReader(io.StringIO(client.get(f"{file}.csv").content.decode())))
    page = tree_of(client.get(BOARD).content.decode())
    cited = json.loads(page.first("pre", "csl").text)[0]
    assert stated["cite_as"] == cited["URL"]
    assert {(row["board_version"], row["cite_as"]) for row in rows} == {(cited["version"], cited["URL"])}
    assert {row["checkpoint"] for row in rows} == {str(stated["checkpoint"] or "")}
    assert {row["grade"] for row in rows} == {stated["grade"]}
