"""What readers come for, done in Chromium by clicks alone, with scripts and without: the table of one task."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils.translation import override

from measurements.display.templatetags.figures import figure
from tests.browser.served_site import WIDTHS, Site, chromium, served_site
from tests.web.task_rows import CARDS, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]
WITH_AND_WITHOUT_SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
PNG, SVG = b"\x89PNG\r\n\x1a\n", b"<svg"
L4 = "NVIDIA L4"
A100 = "NVIDIA A100-SXM4-80GB"
MEASURED = "Suite demo 1, measured"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A platform with a table of summarizers."""
    with served_site(tmp_path_factory.mktemp("tasks"), name="joulemark_reader_tasks") as site:
        yield site


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Somebody on the front page."""
    opened: list[BrowserContext] = []

    def arrive(*, scripts: bool, width: str = "desktop", locale: str = "en-GB") -> Page:
        context = browser.new_context(viewport=WIDTHS[width], java_script_enabled=scripts, locale=locale)
        opened.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(site.origin)
        return page

    yield arrive
    for context in opened:
        context.close()


def find_summarizers(page: Page) -> None:
    """From the front page to the table of summarization."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Boards").click()
    page.get_by_role("link", name="Summarization", exact=True).first.click()


def filter_rows(page: Page, **wishes: str) -> None:
    """Open the form, choose options by their words, send it."""
    page.get_by_text("Filter, sort and unit").click()
    form = page.locator("#filter")
    for label, wish in wishes.items():
        form.get_by_label(label.replace("_", " "), exact=True).select_option(label=wish)
    form.get_by_role("button", name="Show these rows").click()


def models(page: Page) -> list[str]:
    """The models of the table in its order, in small letters."""
    page.wait_for_load_state("load")  # a click goes on when the next page has begun
    return [name.lower() for name in page.locator("table.board tbody .model").all_inner_texts()]


def energies(page: Page) -> list[str]:
    """The figures of the column of energy, as they are shown."""
    page.wait_for_load_state("load")
    return page.locator("table.board tbody td.num:nth-child(2) .headline").all_inner_texts()


def download(page: Page, name: str) -> bytes:
    """The file behind a link under the table."""
    with page.expect_download() as started:
        page.locator(".downloads").get_by_role("link", name=name, exact=True).click()
    return started.value.path().read_bytes()


@WITH_AND_WITHOUT_SCRIPTS
@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_the_least_energy_with_at_least_this_quality_on_this_card(
    reader: Callable[..., Page], width: str, *, scripts: bool
) -> None:
    page = reader(scripts=scripts, width=width)
    find_summarizers(page)
    page.get_by_text("Find the model with the least energy").click()
    chooser = page.locator("#chooser")
    chooser.get_by_label("Score").select_option(label="ROUGE-1")
    chooser.get_by_label("Quality, at least as good as").fill("0.41")
    chooser.get_by_label("Memory of the card, GB at most").fill("24")
    chooser.get_by_role("button", name="Least energy first").click()
    fitting = [line for line in lines() if line.subject.rouge >= 0.41 and CARDS[line.card][1] <= 24]
    fitting.sort(key=lambda line: line.energy_j)
    assert models(page) == [line.subject.slug for line in fitting]
    assert page.locator("tbody tr").first.get_by_text(L4, exact=True).is_visible()
    page.get_by_role("list", name="Filters in use").get_by_role("link", name="remove all").click()
    assert len(models(page)) > len(fitting)


@WITH_AND_WITHOUT_SCRIPTS
def test_heads_sort_a_unit_is_switched_and_the_address_keeps_both(
    reader: Callable[..., Page], *, scripts: bool
) -> None:
    page = reader(scripts=scripts)
    find_summarizers(page)
    filter_rows(page, Hardware=A100, Series=MEASURED)
    page.get_by_role("columnheader", name="ROUGE-1").get_by_role("link", name="ROUGE-1").click()
    here = [line for line in lines() if CARDS[line.card][0] == A100]
    best_first = sorted(here, key=lambda line: -line.subject.rouge)
    assert models(page) == [line.subject.slug for line in best_first]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_role("columnheader", name="ROUGE-1").get_by_role("link", name="ROUGE-1").click()
    assert models(page) == [line.subject.slug for line in reversed(best_first)]
    filter_rows(page, Unit="J per output token")
    with override("en"):
        assert energies(page) == [figure(line.energy_j / 50) for line in reversed(best_first)]
    query = parse_qs(urlsplit(page.url).query)
    assert query["hardware"] == ["nvidia-a100-sxm4-80gb"]
    assert {"unit", "sort"} <= set(query)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert models(page) == [line.subject.slug for line in reversed(best_first)]


@WITH_AND_WITHOUT_SCRIPTS
def test_what_is_shown_is_what_is_downloaded(
    reader: Callable[..., Page], site: Site, *, scripts: bool
) -> None:
    page = reader(scripts=scripts)
    find_summarizers(page)
    filter_rows(page, Hardware=A100, Series=MEASURED, Unit="J per output token")
    shown = list(zip(models(page), energies(page), strict=True))
    assert len(shown) == 8
    links = {
        name: page.locator(".downloads").get_by_role("link", name=name, exact=True).get_attribute("href")
        for name in ("CSV", "JSON", "SVG", "PNG")
    }
    files = {name: site.platform.get(str(href))[1] for name, href in links.items()}
    table = list(csv.DictReader(io.StringIO(files["CSV"].decode())))
    rows = json.loads(files["JSON"])["rows"]
    with override("en"):
        assert [(row["model"], figure(float(row["energy"]))) for row in table] == shown
        assert [(row["model"], figure(row["energy"])) for row in rows] == shown
    assert files["PNG"].startswith(PNG)
    assert SVG in files["SVG"][:200]
    assert "J per output token" in files["SVG"].decode()
    assert download(page, "CSV") == files["CSV"], "a click brings the same bytes as the address"


@WITH_AND_WITHOUT_SCRIPTS
def test_models_are_compared_side_by_side(reader: Callable[..., Page], *, scripts: bool) -> None:
    page = reader(scripts=scripts)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Comparison").click()
    page.get_by_role("main").get_by_role("link", name="Compare models").click()
    page.get_by_label("Model 1").fill("news-sum")
    page.get_by_label("Model 2").fill("chat-8b")
    page.get_by_role("button", name="Compare", exact=True).click()
    legend = page.get_by_role("list", name="Letters of the models")
    letters = [" ".join(text.split()) for text in legend.get_by_role("listitem").all_inner_texts()]
    assert letters == ["A Chat-8B", "B News-Sum"]
    assert page.get_by_role("table").count() >= 1
    ratio = 55.0 / 2.6
    with override("en"):
        text = page.get_by_role("main").inner_text()
        assert figure(ratio) in text or figure(1 / ratio) in text


@WITH_AND_WITHOUT_SCRIPTS
def test_the_language_changes_and_the_query_stays(reader: Callable[..., Page], *, scripts: bool) -> None:
    page = reader(scripts=scripts)
    find_summarizers(page)
    filter_rows(page, Hardware=A100, Series=MEASURED)
    english = energies(page)
    page.get_by_role("link", name="Русский").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Реферирование"
    assert parse_qs(urlsplit(page.url).query)["hardware"] == ["nvidia-a100-sxm4-80gb"]
    assert [text.replace(",", ".") for text in energies(page)] == english
    page.get_by_role("link", name="English").click()
    assert energies(page) == english


@WITH_AND_WITHOUT_SCRIPTS
def test_the_theme_is_the_readers(reader: Callable[..., Page], *, scripts: bool) -> None:
    """Dark, light, forced colours and paper: each has colours of its own, and every figure is still there."""
    page = reader(scripts=scripts)
    find_summarizers(page)
    colours: dict[str, Any] = {}
    medias: dict[str, dict[str, Any]] = {
        "light": {"color_scheme": "light"},
        "dark": {"color_scheme": "dark"},
        "forced": {"color_scheme": "dark", "forced_colors": "active"},
        "paper": {"color_scheme": "dark", "forced_colors": "none", "media": "print"},
    }
    for name, media in medias.items():
        page.emulate_media(**media)
        colours[name] = page.locator("body").evaluate(
            "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"
        )
        assert page.locator("table.board").is_visible(), name
    assert colours["light"] != colours["dark"]
    assert colours["paper"] == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert colours["forced"] != colours["dark"]


@WITH_AND_WITHOUT_SCRIPTS
def test_a_row_leads_to_its_evidence_and_to_what_it_means(
    reader: Callable[..., Page], *, scripts: bool
) -> None:
    page = reader(scripts=scripts)
    find_summarizers(page)
    filter_rows(page, Hardware=A100, Series=MEASURED)
    table = page.url
    page.locator("tbody tr").first.get_by_role("link", name="uncertainty").click()
    assert page.get_by_role("heading", level=1).count() == 1
    assert "Tiny-Sum" in page.get_by_role("main").inner_text()
    page.goto(table)
    page.locator("tbody tr").first.get_by_role("link", name="year of use").click()
    assert "/impact/" in page.url
    assert page.locator(".numbers .main dd").count() >= 1
