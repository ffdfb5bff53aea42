"""Every plot as a file that needs no page around it, and the card by which its page is shared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from joulemark_site.crowd.presence import Presence
from measurements.pages.evidence import Evidence, read_evidence
from measurements.pages.page_sheets import power_sheet
from tests.page_reading import read_page
from tests.web.populated import populate, questions

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
BOARD = "/en/boards/demo-1-estimated/text_classification/"
CELL = f"{BOARD}cell/"
MODELS = "/en/compare/models/"
PNG = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"


def plots() -> dict[str, tuple[str, str]]:
    """Each plot's file without its form, with its question, and the page where it stands."""
    asked, values = questions(), populate()
    result = values["result_id"][0]
    return {
        "ladder": ("/en/plots/home.", "/en/"),
        "task": ("/en/tasks/text_classification.", "/en/tasks/text_classification/"),
        "quality": ("/en/tasks/text_classification/quality.", "/en/tasks/text_classification/"),
        "board": (f"{BOARD}plot-1.", BOARD),
        "board, beside size": (f"{BOARD}plot-2.", BOARD),
        "cell": (f"{CELL}plot.", f"{CELL}?{asked[CELL]}"),
        "comparison": ("/en/compare/text_classification/plot.", "/en/compare/text_classification/"),
        "size": ("/en/compare/text_classification/size-1.", "/en/compare/text_classification/"),
        "models": (f"{MODELS}plot.", f"{MODELS}?{asked[MODELS]}"),
        "power": (f"/en/results/{result}/power.", f"/en/results/{result}/"),
        "claims": ("/en/claims/plot.", "/en/claims/"),
    }


def question_of(page: str) -> str:
    return page.partition("?")[2]


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG (its first chunk)."""
    assert picture[:8] == PNG
    return int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")


def test_every_plot_stands_alone_with_its_title_grade_source_date_and_address(client: Client) -> None:
    for name, (stem, page) in plots().items():
        question = question_of(page)
        answer = client.get(f"{stem}svg?{question}" if question else f"{stem}svg")
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml"), name
        root = etree.fromstring(answer.content)
        words = " ".join(root.itertext())
        assert root.find(f"{SVG}title").text, name
        assert root.find(f"{SVG}desc").text, name
        assert "Grade: " in words, name
        assert re.search(r"Source: http\S+" + re.escape(page.partition("?")[0].removeprefix("/en")), words), (
            name
        )
        assert name == "claims" or re.search(r"20\d\d-\d\d-\d\d", words), name
        assert root.findall(f".//{SVG}line") or root.findall(f".//{SVG}path"), name
        assert not root.xpath("//@style | //@class"), "nothing in a file is styled by a sheet"
        picture = client.get(f"{stem}png?{question}" if question else f"{stem}png")
        assert picture["Content-Type"] == "image/png", name
        assert size_of(picture.content)[0] in {960, 1920}, name
        html = client.get(page).content.decode()
        path = answer.wsgi_request.get_full_path().replace("&", "&amp;")
        assert f'href="{path}"' in html, f"the page of {name} leads to its plot's file"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_are_shared_by_a_card_that_says_what_they_show(client: Client, language: str) -> None:
    made = plots()
    for name in ("ladder", "task", "board", "cell", "models", "claims", "comparison"):
        page = made[name][1].replace("/en/", f"/{language}/", 1)
        head = read_page(client.get(page).content.decode()).root.first("head")
        meta = {
            element.attributes["property"]: element.attributes["content"]
            for element in head.all("meta")
            if "property" in element.attributes
        }
        assert (meta["og:image:width"], meta["og:image:height"], meta["og:image:type"]) == (
            "1200", "630", "image/png",
        ), name  # fmt: skip
        assert re.search(r"\d", meta["og:image:alt"]), f"the card of {name} has a number"
        answer = client.get(meta["og:image"])
        assert answer.status_code == 200, name
        assert size_of(answer.content) == (1200, 630), name


@pytest.mark.parametrize("half_width_j", [None, 0.36])
def test_the_energy_of_a_result_has_its_uncertainty_wherever_that_is_known(
    monkeypatch: pytest.MonkeyPatch, half_width_j: float | None
) -> None:
    evidence = read_evidence(populate()["result_id"][0])
    assert evidence is not None
    monkeypatch.setattr(Evidence, "half_width_j", half_width_j)
    assert ("± 0.100" in power_sheet(evidence, None).in_words) is (half_width_j is not None)


def test_a_page_without_a_plot_has_no_card(client: Client) -> None:
    html = client.get("/en/about/").content.decode()
    assert "og:image" not in html
    assert '<meta name="twitter:card" content="summary">' in html


def test_what_has_no_plot_says_so(client: Client) -> None:
    assert client.get("/en/plots/home.svg").status_code == 404
    made = plots()
    assert client.get("/en/compare/text_classification/size-99.svg").status_code == 404
    assert client.get(f"{BOARD}plot-99.svg").status_code == 404
    assert client.get("/en/compare/no-such-task/plot.svg").status_code == 404
    assert client.get(f"{MODELS}plot.svg").status_code == 404
    assert client.get(f"{MODELS}plot.svg?model=no-such-model&model=x").status_code == 404
    assert client.get(f"{made['power'][0]}gif").status_code == 404
    assert client.get("/en/tasks/text_classification/quality.svg?colour=red").status_code == 400


def test_a_task_page_shows_quality_with_both_uncertainties_and_says_what_the_front_is(client: Client) -> None:
    populate()
    html = client.get("/en/tasks/text_classification/?series=demo-1-estimated").content.decode()
    figure = html.split('<figure class="plot scatter">')[1].split("</figure>")[0]
    assert "for all comparisons of this plot together" in figure
    assert "Level bars" in figure
    assert "Upright bars" in figure or "upright bars" in figure
    points = re.findall(r'<a class="point" href="([^"]+)" aria-label="([^"]+)"', figure)
    assert len(points) >= 2
    assert all("/cell/" in address and "accuracy" in title for address, title in points)


def test_a_simulated_plot_says_so_wherever_it_goes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The header of an answer does not come along with its file: the words stand in the picture."""
    stem, page = plots()["board"]
    measured = client.get(f"{stem}svg").content.decode()
    sentence = "Simulated: a program generated these numbers. Do not cite them."
    assert "Simulated" not in measured
    monkeypatch.setattr(Presence, "is_simulated", lambda _self, _versions=None: True)
    simulated = etree.fromstring(client.get(f"{stem}svg").content)
    drawn = [element.text for element in simulated.iter(f"{SVG}text")]
    assert drawn[0] == sentence
    assert sentence in str(simulated.findtext(f"{SVG}desc"))
    badge = client.get(f"/en/badges/demo-1-estimated/text_classification.svg?{questions()[CELL]}")
    assert "Simulated." in badge.content.decode()
    assert "Simulated." in client.get(page).content.decode()


def test_a_region_is_named_in_the_readers_language(client: Client) -> None:
    populate()
    query = "unit=gco2e&region=DEU&year=2024"
    for language, name in (("en", "Germany"), ("ru", "Германия")):
        html = client.get(f"/{language}/tasks/text_classification/?{query}").content.decode()
        said = re.sub(r"<select.*?</select>", "", html, flags=re.DOTALL)
        assert name in said
        assert "DEU in" not in said
        assert "DEU, 2024" not in said
        svg = client.get(f"/{language}/tasks/text_classification.svg?{query}").content.decode()
        assert f"{name}, 2024 (Ember)" in svg
