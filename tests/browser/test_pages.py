"""The pages in a real browser: usable by everyone, in light and dark, and never wider than a phone."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Literal
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.chromium import find_chromium, launch_arguments
from tests.processes import Platform, platform

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]
SEED = """
from django.conf import settings
from joulemark.record import keys
from joulemark_simulation.result_rows import GENERAL, Run, make_result, private_key
from measurements.boards.services import refresh_stale_cells
settings.PLATFORM_KEY_FILE.write_bytes(keys.to_pem(private_key("platform")))  # it signs what is simulated
for by, factor in (("ada", 1.0), ("grace", 1.2)):
    make_result(Run(by=by, device=by, energy_per_query_j=0.4 * factor))
    last = make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.1 * factor, windows=6))
make_result(Run(state="rejected", findings=(("JM-ODD", "reject", "The power is above the device's limit."),)))
refresh_stale_cells()
print("result", last.pk, last.key.contributor.pseudonym, last.result.device.tag[:16])
"""
Visit = Callable[..., Page]
Scheme = Literal["light", "dark"]
STATUS = {"missing": 404}
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
A4: ViewportSize = {"width": 794, "height": 1123}
NAMES = [
    "home",
    "boards",
    "study",
    "board",
    "cell",
    "compare",
    "compare-models",
    "rules",
    "retirements",
    "contributor",
    "device",
    "log",
    "models",
    "model",
    "hardware-classes",
    "hardware",
    "dataset",
    "suite",
    "glossary",
    "privacy",
    "accessibility",
    "api",
    "method",
    "trust",
    "source-code",
    "search",
    "search-none",
    "results",
    "result",
    "claims",
    "impact",
    "wrong",
    "about",
    "needed",
    "published",
    "missing",
]


def cell_address(origin: str, board: str) -> str:
    """Where the board's first value says how sure it is."""
    with urlopen(origin + board) as answer:  # noqa: S310 - our own server
        found = re.search(r'href="([^"]*/cell/[^"]*)"', answer.read().decode())
    assert found is not None
    return found[1].replace("&amp;", "&")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, dict[str, str]]]:
    """A served platform with the study and a few results, and its pages by name."""
    folder = tmp_path_factory.mktemp("site")
    database = os.environ["DATABASE_URL"]
    with platform(name="joulemark_pages", folder=folder, database_url=database, redis_url="") as running:
        seeding = running.start(sys.executable, "manage.py", "shell", "-c", SEED, log="seed.log")
        assert seeding.wait() == 0, running.log("seed.log")
        result_id, pseudonym, tag = running.log("seed.log").rsplit("result ", 1)[1].split()
        running.start_web()
        yield (
            running,
            {
                "home": "/",
                "boards": "/boards/",
                "study": "/boards/study-2024/text_classification/",
                "board": "/boards/demo-1-estimated/text_classification/",
                "cell": cell_address(running.origin, "/boards/demo-1-estimated/text_classification/"),
                "task": "/tasks/text_classification/?sort=energy",
                "compare": "/compare/text_classification/",
                "compare-models": "/compare/models/?model=minilm-l6-v2&model=smollm2-135m-instruct",
                "rules": "/rules/",
                "retirements": "/retirements/",
                "contributor": f"/contributors/{pseudonym}/",
                "device": f"/contributors/{pseudonym}/devices/{tag}/",
                "log": "/checkpoints/",
                "models": "/models/",
                "model": "/models/smollm2-135m-instruct/",
                "hardware-classes": "/hardware/",
                "hardware": "/hardware/amd-ryzen-7-5800x/",
                "dataset": "/datasets/text_classification/demo-topics/",
                "suite": "/suites/demo-1/",
                "glossary": "/glossary/",
                "privacy": "/privacy/",
                "accessibility": "/accessibility/",
                "api": "/api/",
                "method": "/method/",
                "trust": "/trust/",
                "source-code": "/source-code/",
                "search": "/search/?q=energy",
                "search-none": "/search/?q=zzzzzz",
                "results": "/results/",
                "result": f"/results/{result_id}/",
                "claims": "/claims/",
                "impact": "/impact/",
                "wrong": "/impact/?query=own&queries_per_day=-1&users=3",
                "about": "/about/",
                "needed": "/needed/",
                "published": "/published/study-2024/",
                "changes": "/changes/demo-1-estimated/text_classification/",
                "embed": "/embed/boards/demo-1-estimated/text_classification/",
                "missing": "/nothing/",
            },
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; its absence is a failure with a sentence that says how to get it."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, site: tuple[Platform, dict[str, str]]) -> Iterator[Visit]:
    """Open a page by name; every request to another host is an error."""
    running, addresses = site
    contexts: list[BrowserContext] = []

    def go(name: str, *, viewport: ViewportSize, scheme: Scheme = "light", locale: str = "en-GB") -> Page:
        context = browser.new_context(
            viewport=viewport, color_scheme=scheme, locale=locale, java_script_enabled=True
        )
        contexts.append(context)
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        answer = page.goto(running.origin + addresses.get(name, name))
        assert answer is not None
        assert answer.status == STATUS.get(name, 200), name
        assert [url for url in asked if not url.startswith(running.origin)] == []
        return page

    yield go
    for context in contexts:
        context.close()


def test_a_table_that_is_wider_than_the_phone_says_so_at_its_edge(visit: Visit) -> None:
    page = visit("board", viewport=PHONE)
    frame = page.locator(".scroll").first
    assert frame.evaluate("frame => frame.scrollWidth > frame.clientWidth")
    assert frame.evaluate("frame => getComputedStyle(frame).backgroundAttachment").count("local") == 2


def test_a_reader_finds_the_evidence_of_a_value(visit: Visit, site: tuple[Platform, dict[str, str]]) -> None:
    running, _ = site
    page = visit("home", viewport=DESKTOP)
    page.get_by_role("link", name="Text classification").first.click()
    page.goto(f"{running.origin}/boards/demo-1-estimated/text_classification/")
    page.get_by_role("row", name="SmolLM2").get_by_role("link", name="results").click()
    rows = page.get_by_role("row", name="SmolLM2")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the bundle").click()
    assert download.value.suggested_filename.endswith(".joulemark.json")


def test_the_language_can_be_switched_without_losing_the_page(visit: Visit) -> None:
    page = visit("compare", viewport=DESKTOP)
    page.get_by_role("link", name="Русский").click()
    page.wait_for_url("**/ru/compare/text_classification/")
    expect(page.get_by_role("heading", name="Классификация текста")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "ru"


def test_the_keyboard_reaches_the_content_first(visit: Visit) -> None:
    page = visit("home", viewport=DESKTOP)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0


def test_print_drops_navigation_and_keeps_the_table(visit: Visit) -> None:
    page = visit("board", viewport=A4, scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4["width"]
    assert not page.get_by_role("navigation", name="Main").is_visible()
    expect(page.get_by_role("table").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_the_calculator_works_without_scripts_and_says_what_is_wrong(
    browser: Browser, site: tuple[Platform, dict[str, str]]
) -> None:
    running, addresses = site
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(running.origin + addresses["impact"])
    page.get_by_label("One query").select_option("own")
    page.get_by_label("Queries per user per day").fill("20")
    page.get_by_label("Users", exact=True).fill("500")
    page.get_by_label("Place of generation").select_option(label="Sweden")
    page.get_by_role("button", name="Compute").click()
    assert "Enter the energy of one query." in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="Your energy per query, Wh").click()
    page.get_by_label("Your energy per query, Wh").fill("0.4")
    page.get_by_role("button", name="Compute").click()
    assert page.get_by_role("alert").count() == 0
    assert page.get_by_label("Place of generation").input_value() == "SWE"
    energy = page.locator(".numbers .main dd").first.inner_text()
    assert energy.startswith("1.46\xa0MWh")
    assert page.get_by_role("row", name="smartphone charges").count() == 1
    context.close()


def test_pages_work_without_scripts(browser: Browser, site: tuple[Platform, dict[str, str]]) -> None:
    running, addresses = site
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(running.origin + addresses["board"])
    assert page.locator(".plot svg .mark").count() >= 2
    assert page.locator('script:not([type="application/ld+json"])').count() == 0
    context.close()


def test_a_reader_cites_dates_and_embeds_a_board_without_scripts(
    browser: Browser, site: tuple[Platform, dict[str, str]]
) -> None:
    running, addresses = site
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False, locale="ru-RU")
    page = context.new_page()
    page.goto(running.origin + addresses["board"])
    assert "/ru/boards/" in page.url
    values = page.locator("td.headline").all_inner_texts()
    page.get_by_text("Цитировать").click()
    assert page.locator(".bibtex").inner_text().startswith("@misc{")
    page.get_by_role("link", name="Ссылка на эту версию").click()
    page.wait_for_url(re.compile(r"/ru/boards/.*as_of="))  # once it is loaded
    assert page.locator("td.headline").all_inner_texts() == values
    page.get_by_label("По состоянию на").fill("2001-01-01")
    page.get_by_role("button", name="Показать").click()
    expect(page.get_by_role("heading", name="Страница не найдена")).to_be_visible()
    page.set_content(
        f'<iframe name="ours" src="{running.origin}/en{addresses["embed"]}"></iframe>'
        f'<iframe name="closed" src="{running.origin}/en{addresses["board"]}"></iframe>'
    )
    page.wait_for_load_state("networkidle")
    ours, closed = page.frame(name="ours"), page.frame(name="closed")
    assert ours is not None
    assert closed is not None
    assert ours.get_by_role("table").count() == 1
    assert closed.get_by_role("table").count() == 0, "only embedded pages may be framed"
    context.close()
