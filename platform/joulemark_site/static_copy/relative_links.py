"""Links of a page of the copy: relative to its own file where the copy has what they lead to, else to the platform.

Forms ask questions, which no file server answers: a link stands in place of each. Pages are ours, and valid HTML in
which attributes are quoted and no text has a bare `<` (tests/web/test_html_validity.py).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urlsplit

from django.conf import settings
from django.utils.translation import gettext

from joulemark_site.static_copy.copied_addresses import (
    COPIED_PAGES,
    copied_address,
    live_address,
    match_of,
)
from joulemark_site.static_copy.explorer_links import TABLES, explorer_question
from measurements.web.languages import current_language

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

TAG = re.compile(r"<(a|link|img|script|source)\b([^>]*)>")
ADDRESS = re.compile(r'(?<=\s)(href|src)="([^"]*)"')
FORM = re.compile(r"<form\b([^>]*)>.*?</form>", re.DOTALL)
FORM_ID = re.compile(r'\sid="([^"]*)"')
LEADS_TO_PLATFORM = ' data-leads="platform"'
"""On links out of the copy; copy.css shows an arrow behind them."""
IN_THE_EXPLORER = frozenset({"result", "results", "contributor", *COPIED_PAGES}) - {
    "method",
    "about",
    "trust",
    "glossary",
}


@dataclass(frozen=True, kw_only=True)
class CopyContents:
    """What the copy has: files of pages, of releases and of styles, all relative to its root.

    `static_file` keeps what a static address leads to and returns its file; `release` is the name of the release.
    """

    files: Collection[str]
    release: str
    static_file: Callable[[str], str]


def links_in(html: str) -> list[str]:
    """Every address that a page names in a link or as a part of itself."""
    return [unescape(address) for tag in TAG.finditer(html) for _, address in ADDRESS.findall(tag[2])]


def with_relative_links(html: str, *, url: str, file: str, contents: CopyContents) -> str:
    """The page at `url` with links that work where it lies as `file`."""
    linker = _Linker(url, file, contents)
    return FORM.sub(linker.form, TAG.sub(linker.tag, html))


def relative(target: str, *, start: str) -> str:
    """The relative address of a file of the copy from another; neither is encoded."""
    return quote(posixpath.relpath(target, posixpath.dirname(start) or "."), safe="/")


class _Linker:
    def __init__(self, url: str, file: str, contents: CopyContents) -> None:
        self._url, self._file, self._contents = url, file, contents

    def tag(self, tag: re.Match[str]) -> str:
        name, attributes = tag[1], tag[2]
        leads_to_platform = False

        def replaced(attribute: re.Match[str]) -> str:
            nonlocal leads_to_platform
            address, is_live = self._address(unescape(attribute[2]), is_link=name == "a")
            leads_to_platform |= is_live
            return f'{attribute[1]}="{escape(address)}"'

        changed = ADDRESS.sub(replaced, attributes)
        mark = LEADS_TO_PLATFORM if leads_to_platform and name == "a" else ""
        return f"<{name}{changed}{mark}>"

    def form(self, form: re.Match[str]) -> str:
        named = FORM_ID.search(form[1])
        own_id = f' id="{named[1]}"' if named else ""
        if 'class="as-of"' in form[1]:
            words, address = gettext("Another day: on the platform"), live_address(self._url)
            return f'<p class="copied-question"{own_id}><a href="{escape(address)}">{escape(words)}</a></p>'
        if 'role="search"' in form[1]:
            words, address = gettext("Search the tables"), self._explorer("table=models")
        else:
            words, address = gettext("Filter and sort these rows in the explorer"), self._explorer()
        return f'<p class="copied-question"{own_id}><a href="{escape(address)}">{escape(words)}</a></p>'

    def _address(self, address: str, *, is_link: bool) -> tuple[str, bool]:
        """The address as the copy has it, and whether it leads to the platform."""
        address = _without_origin(address) if is_link else address
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return address, address.startswith(f"{settings.ORIGIN}/")
        if address.startswith("#") or not address:
            return address, False
        url = f"{urlsplit(self._url).path}{address}" if address.startswith("?") else address
        place, fragment = urldefrag(url)
        hash_part = f"#{fragment}" if fragment else ""
        path = urlsplit(place).path
        if path.startswith(settings.STATIC_URL):
            file = self._contents.static_file(path.removeprefix(settings.STATIC_URL))
            return relative(file, start=self._file), False
        target = self._file_of(place)
        if target in self._contents.files:
            return f"{relative(target, start=self._file)}{hash_part}", False
        match = match_of(path)
        if is_link and match is not None and match.url_name in IN_THE_EXPLORER:
            is_list = match.url_name not in TABLES and not match.kwargs
            if not is_list:
                return self._explorer(explorer_question(match)), False
        return f"{live_address(place)}{hash_part}", True

    def _file_of(self, place: str) -> str:
        path = urlsplit(place).path
        if path == "/log/checkpoint":
            return f"releases/{self._contents.release}/checkpoint"
        if path.startswith("/releases/"):
            return path.removeprefix("/")
        copied = copied_address(place)
        return copied.file if copied else ""

    def _explorer(self, question: str = "") -> str:
        question = question or explorer_question(match_of(urlsplit(self._url).path))
        return f"{relative(f'{current_language()}/explorer/index.html', start=self._file)}#{question}"


def _without_origin(address: str) -> str:
    """A link to a file of releases as a path, wherever their root is; any other as it is."""
    root = settings.RELEASES_URL
    return f"/releases/{address.removeprefix(root)}" if address.startswith(root) else address
