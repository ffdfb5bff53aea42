"""Small windows, large text, forced colours, paper, and plots by keyboard: the pages in a real browser.

Each page is loaded once; its window, text and medium are then changed, which costs no further load.
"""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser import test_pages
from tests.browser.test_pages import A4, DESKTOP, NAMES, PHONE, Visit
from tests.laws import VARIABLE

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]
browser, site, visit = test_pages.browser, test_pages.site, test_pages.visit
"""Fixtures."""
NARROW: ViewportSize = {"width": 320, "height": 640}
"""A window of 1280 pixels at 400 %."""
REPRESENTATIVE = ["home", "task", "cell", "compare-models", "result", "claims"]
"""Pages that have every kind of plot, table and form between them."""
CUT_OFF = """
() => [...document.querySelectorAll("main *, header *, footer *")]
  .filter(e => !e.closest(".scroll, pre, svg text, thead, datalist, .skip") && !e.matches(".name span"))
  .filter(e => getComputedStyle(e).overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1)
  .map(e => e.outerHTML.slice(0, 120))
"""


def pages_to_walk() -> list[str]:
    """A handful in every run, all of them under `make laws`."""
    return [*NAMES, "task"] if VARIABLE in os.environ else REPRESENTATIVE


@pytest.mark.laws
@pytest.mark.parametrize("locale", ["en-GB", "ru-RU"])
def test_pages_keep_their_text_when_it_is_twice_as_large_or_the_window_as_narrow_as_four_times_zoom(
    visit: Visit, locale: str
) -> None:
    """WCAG 1.4.4 and 1.4.10; one load of each page, whose window and text are then changed."""
    wide, cut = [], []
    for name in pages_to_walk():
        page = visit(name, viewport=NARROW, locale=locale)
        for viewport, size in ((NARROW, "100%"), (PHONE, "200%"), (DESKTOP, "200%")):
            page.set_viewport_size(viewport)
            page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > viewport["width"]:
                wide.append((name, viewport["width"], size, width))
            cut += [(name, viewport["width"], size, element) for element in page.evaluate(CUT_OFF)]
    assert wide == []
    assert cut == []


@pytest.mark.laws
def test_marks_and_names_of_plots_can_be_seen_in_forced_colours_and_nothing_moves(visit: Visit) -> None:
    for name in [
        each for each in pages_to_walk() if each in {"home", "task", "cell", "compare", "compare-models"}
    ]:
        page = visit(name, viewport=DESKTOP)
        page.emulate_media(forced_colors="active", reduced_motion="reduce")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        strokes = page.locator(".plot .mark").evaluate_all("all => all.map(e => getComputedStyle(e).stroke)")
        assert strokes, name
        assert background not in strokes, name
        texts = page.locator(".plot text").evaluate_all("all => all.map(e => getComputedStyle(e).fill)")
        assert background not in texts, name
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert page.evaluate("document.getAnimations().length") == 0


def test_the_keyboard_reaches_every_point_of_a_plot_by_its_name(visit: Visit) -> None:
    page = visit("cell", viewport=DESKTOP)
    points = page.locator(".plot .point")
    assert points.count() == 2
    names = []
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.point')"):
            names.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        if len(names) == 2:
            break
    assert len(set(names)) == 2
    assert all("Wh" in name for name in names)


def roles_told(page: Page) -> set[str]:
    """The roles that the browser tells assistive technology: its style sheet can take one away, its markup cannot."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return {node["role"]["value"] for node in nodes if not node["ignored"]}


def test_a_phone_shows_rows_as_cards_that_say_what_each_number_is(visit: Visit) -> None:
    page = visit("task", viewport=PHONE)
    row = page.locator(".card-table tbody tr").first
    assert row.evaluate("e => getComputedStyle(e).display") == "grid"
    labels = row.locator("td[data-label]").evaluate_all("all => all.map(e => e.dataset.label)")
    heads = page.locator(".card-table thead th").evaluate_all(
        "all => all.map(e => { const c = e.cloneNode(true);"
        " c.querySelectorAll('button, .column-help').forEach(h => h.remove());"
        " return c.textContent.trim().replace(/\\s+/g, ' '); })"
    )
    assert labels == heads[1:]
    assert {"table", "row", "rowheader", "cell"} <= roles_told(page), "screen readers have a table still"
    page.set_viewport_size(DESKTOP)
    assert row.evaluate("e => getComputedStyle(e).display") == "table-row"


def test_paper_has_the_address_and_nothing_that_leaves_two_thirds_of_a_page_empty(visit: Visit) -> None:
    """What may not be broken is at most half as high as a page, so that no more is left before it."""
    for name in REPRESENTATIVE:
        page = visit(name, viewport=A4)
        page.emulate_media(media="print")
        assert page.locator(".on-paper").inner_text().startswith("http"), name
        heights = page.locator("main figure, main tr, main .numbers").evaluate_all(
            "all => all.map(e => [e.getBoundingClientRect().height, e.className])"
        )
        assert [entry for entry in heights if entry[0] > A4["height"] * 0.6] == [], name
