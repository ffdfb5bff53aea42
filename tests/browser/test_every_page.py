"""Every page in a real browser: nobody is kept out, the keyboard goes everywhere, a stranger's words run nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.served_site import WIDTHS, Site, chromium, served_site
from tests.every_page import LANGUAGES, in_language
from tests.laws import VARIABLE
from tests.page_reading import read_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(900)]

Scheme = Literal["light", "dark"]
SCHEMES: Sequence[Scheme] = ("light", "dark")
FORMS = [(language, scheme, width) for language in LANGUAGES for scheme in SCHEMES for width in WIDTHS]
OPPOSITE_SCHEME: dict[Scheme, Scheme] = {"light": "dark", "dark": "light"}
OPPOSITE_WIDTH = {"phone": "desktop", "tablet": "phone", "desktop": "phone"}
IS_LAW = VARIABLE in os.environ
NOTE_BROKEN_POLICY = """
window.broken = [];
document.addEventListener("securitypolicyviolation", event => broken.push(event.violatedDirective + event.blockedURI));
"""
FOCUS = """() => {
  window.places ??= new Map([...document.querySelectorAll("*")].map((each, place) => [each, place]));
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const box = here.getBoundingClientRect(), style = getComputedStyle(here);
  return {
    href: here.getAttribute("href"), tag: here.tagName, text: here.outerHTML.slice(0, 90), id: here.id,
    is_seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0,
    is_marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
    place: window.places.get(here),
  };
}"""
FOCUSABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
  .filter(each => each.tabIndex >= 0 && !each.disabled && each.type !== "hidden" && each.checkVisibility()).length"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A platform with something on every page."""
    with served_site(tmp_path_factory.mktemp("every"), name="joulemark_every_page") as site:
        yield site


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same with a stranger's words in every column."""
    folder = tmp_path_factory.mktemp("hostile")
    with served_site(folder, name="joulemark_hostile_pages", hostile=True) as site:
        yield site


Open = Callable[..., "BrowserContext"]


@pytest.fixture
def context(browser: Browser) -> Iterator[Open]:
    """Contexts that are closed at the end."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        made = browser.new_context(**options)
        made.add_init_script(NOTE_BROKEN_POLICY)
        opened.append(made)
        return made

    yield make
    for each in opened:
        each.close()


def go(page: Page, site: Site, address: str, status: int) -> None:
    """Open a page, which answers as it should."""
    answer = page.goto(site.origin + address)
    assert answer is not None
    assert answer.status == status, address


@pytest.mark.laws
@pytest.mark.parametrize(("language", "scheme", "width"), FORMS)
def test_no_page_keeps_anyone_out(
    context: Open, site: Site, language: str, scheme: Scheme, width: str
) -> None:
    """axe, whatever the impact. Under `make laws` each page in each form, else in one of them in turn and its opposite.

    The opposite is the other scheme at another width: the page is not loaded again for it.
    """
    faults, asked = [], []
    page = context(viewport=WIDTHS[width], color_scheme=scheme).new_page()
    page.on("request", lambda request: asked.append(request.url))
    number = FORMS.index((language, scheme, width))
    for place, (address, status) in enumerate(site.pages.items()):
        if not IS_LAW and place % len(FORMS) != number:
            continue
        go(page, site, in_language(address, language), status)
        faults += [(address, scheme, width, *fault) for fault in faults_of(page)]
        assert page.evaluate("broken") == [], address
        for each, viewport in WIDTHS.items():
            page.set_viewport_size(viewport)
            for size in ("100%", "200%") if each == "desktop" else ("100%",):
                page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
                if page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
                    faults.append((address, scheme, each, "scrolls sideways", size))
        if not IS_LAW:
            page.evaluate("document.documentElement.style.fontSize = ''")
            page.set_viewport_size(WIDTHS[OPPOSITE_WIDTH[width]])
            page.emulate_media(color_scheme=OPPOSITE_SCHEME[scheme])
            faults += [(address, "opposite of", scheme, width, *fault) for fault in faults_of(page)]
            page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(WIDTHS[width])
    assert faults == []
    assert [url for url in asked if not url.startswith(site.origin)] == []


def faults_of(page: Page) -> list[tuple[str, ...]]:
    """What axe finds on the page as it is shown now: the rule, its impact, and the first element that breaks it."""
    report = Axe().run(page).response
    assert len(report["passes"]) > 10
    return [
        (violation["id"], violation["impact"], violation["nodes"][0]["html"][:200])
        for violation in report["violations"]
    ]


def test_every_page_is_reached_from_the_front_page_by_links_and_the_language_is_kept(site: Site) -> None:
    """Links are what the keyboard can follow without a script. Pages for the frames of others need no way to them."""
    seen: dict[str, int] = {}
    waiting = ["/ru/"]
    while waiting:
        address = waiting.pop()
        path = urlsplit(address).path
        if path in seen or not path.startswith("/ru/") or "." in path:
            continue
        seen[path], body = site.platform.get(address)
        for link in read_page(body.decode()).root.all("a"):
            target = urlsplit(urljoin(site.origin + address, link.attributes.get("href", "")))
            if f"{target.scheme}://{target.netloc}" == site.origin and "tabindex" not in link.attributes:
                waiting.append(f"{target.path}?{target.query}" if target.query else target.path)
    assert {path: status for path, status in seen.items() if status != 200} == {}
    paths = {urlsplit(in_language(page, "ru")).path for page, status in site.pages.items() if status == 200}
    assert {path for path in paths if path not in seen and "/embed/" not in path} == {"/ru/search/"}
    # which the field in the head of every page leads to


def stops_of(page: Page, limit: int) -> list[dict[str, Any]]:
    """Where the focus rests while Tab is pressed, until it leaves the page."""
    stops: list[dict[str, Any]] = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None or (stops and stop["place"] == stops[0]["place"]):
            return stops
        stops.append(stop)
    raise AssertionError(f"after {limit} times Tab the focus is still in the page: {stops[-1]}")


@pytest.mark.laws
@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_the_keyboard_goes_through_every_page_and_is_seen(context: Open, site: Site, width: str) -> None:
    """In every run each page at one of both widths; without the motion by which a page follows the focus later."""
    page = context(viewport=WIDTHS[width], reduced_motion="reduce").new_page()
    faults = []
    for place, (address, status) in enumerate(site.pages.items()):
        if not IS_LAW and place % 2 != (width == "phone"):
            continue
        go(page, site, address, status)
        page.wait_for_load_state("load")
        n_focusable = page.evaluate(FOCUSABLE)
        stops = stops_of(page, n_focusable + 20)
        places = [each for each, _ in groupby(stop["place"] for stop in stops)]  # a date has several stops
        if "/embed/" not in address:
            assert stops[0]["href"] == "#content", address
        assert places == sorted(set(places)), f"{address}: the focus jumps"
        assert len(stops) >= n_focusable * 0.9, (address, len(stops), n_focusable)
        faults += [
            (address, stop["text"], "not seen" if not stop["is_seen"] else "not marked")
            for stop in stops
            if not (stop["is_seen"] and stop["is_marked"])
        ]
    assert faults == []


def test_the_skip_link_leads_to_the_content(context: Open, site: Site) -> None:
    page = context(viewport=WIDTHS["phone"]).new_page()
    go(page, site, "/ru/tasks/summarization/", 200)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.url.endswith("#content")


def test_the_moderators_login_keeps_to_the_policy(context: Open, site: Site) -> None:
    page = context(viewport=WIDTHS["desktop"]).new_page()
    go(page, site, "/admin/login/", 200)
    assert page.evaluate("broken") == []


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_strangers_words_run_nothing_and_push_nothing_aside(
    context: Open, hostile: Site, width: str
) -> None:
    """Letters without an end, other directions and markup in every column: no script, no dialog, no sideways scroll.

    In Russian on the phone, in English on a desktop.
    """
    language = "ru" if width == "phone" else "en"
    page = context(viewport=WIDTHS[width]).new_page()
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    wide = {}
    for address, status in hostile.pages.items():
        go(page, hostile, in_language(address, language), status)
        assert page.evaluate("broken") == [], address
        assert page.evaluate("typeof planted") == "undefined", address
        assert page.locator(".planted").count() == 0, address
        scroll_width = page.evaluate("document.documentElement.scrollWidth")
        if scroll_width > WIDTHS[width]["width"]:
            wide[address] = scroll_width
    assert dialogs == []
    assert wide == {}
