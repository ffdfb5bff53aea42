"""All pages of a copy and the files beside them: found by links, written as they are, then linked to one another."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.translation import override

from joulemark_site.static_copy.copied_addresses import (
    COPIED_FILES,
    FIRST_PAGES,
    CopiedAddress,
    copied_address,
    match_of,
)
from joulemark_site.static_copy.errors import SiteCopyError
from joulemark_site.static_copy.page_frame import framed
from joulemark_site.static_copy.relative_links import CopyContents, links_in, with_relative_links
from measurements.downloads.sitemap_parts import pages_of, part_names
from measurements.web.as_of import path_of
from measurements.web.languages import codes, language_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from joulemark_site.static_copy.page_frame import CopyOrigin
    from joulemark_site.static_copy.platform_reader import PlatformReader

STATIC = "static"
OK = 200
PICTURE = ".png"
"""Drawn out of the SVG beside it, which takes a second of a processor for each."""


class CopiedPages:
    """Pages of one copy below `root`."""

    def __init__(
        self, root: Path, reader: PlatformReader, *, with_pictures: bool, report: Callable[[str], None]
    ) -> None:
        self._root, self._reader, self._report = root, reader, report
        self._with_pictures = with_pictures
        self.addresses: dict[str, CopiedAddress] = {}
        self.static_files: set[str] = set()

    def read_all(self) -> None:
        """Write every page and file as the platform answers it. Raises SiteCopyError or OSError."""
        waiting = deque(_first_addresses())
        seen = set(waiting)
        while waiting:
            address = waiting.popleft()
            answer = self._reader.read(address)
            if answer.status != OK:  # such as a series of one kind, whose page has another address
                continue
            self._write(address.file, answer.body)
            self.addresses[address.file] = address
            if _is_page(address):
                linked = self._copied_links(links_in(answer.body.decode())) - seen
                waiting.extend(sorted(linked))
                seen |= linked
            self._report(f"pages and files: {len(self.addresses)}, {len(waiting)} waiting")

    def link_all(self, origin: CopyOrigin, *, other_files: Iterable[str]) -> None:
        """Make the pages' links relative and put the copy's frame around each. Raises SiteCopyError or OSError."""
        contents = CopyContents(
            files={*self.addresses, *other_files}, release=origin.release, static_file=self._static_file
        )
        for count, (file, address) in enumerate(sorted(self.addresses.items()), start=1):
            if _is_page(address):
                place = self._root / file
                with override(language_in(address.path)):
                    html = place.read_text(encoding="utf-8")
                    html = with_relative_links(html, url=address.url, file=file, contents=contents)
                    html = framed(html, url=address.url, file=file, origin=origin)
                place.write_text(html, encoding="utf-8")
            self._report(f"links: {count} of {len(self.addresses)}")

    def _copied_links(self, links: Iterable[str]) -> set[CopiedAddress]:
        addresses = {copied_address(link) for link in links}
        return {
            address
            for address in addresses
            if address is not None and (self._with_pictures or not address.path.endswith(PICTURE))
        }

    def _static_file(self, name: str) -> str:
        file = f"{STATIC}/{name}"
        if file not in self.static_files:
            self._write(file, static_content(name))
            self.static_files.add(file)
        return file

    def _write(self, file: str, content: bytes) -> None:
        place = self._root / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def static_content(name: str) -> bytes:
    """The bytes of a static file, out of those that are collected, or of the source. Raises SiteCopyError."""
    if staticfiles_storage.exists(name):
        with staticfiles_storage.open(name) as file:
            content: bytes = file.read()
            return content
    source = finders.find(name)
    if not isinstance(source, str):
        raise SiteCopyError(
            "JM-SITE-STATIC",
            f"The static file {name} is not there: run manage.py collectstatic, then export again.",
        )
    return Path(source).read_bytes()


def _is_page(address: CopiedAddress) -> bool:
    match = match_of(address.path)
    return match is not None and match.url_name not in COPIED_FILES


def _first_addresses() -> list[CopiedAddress]:
    """Pages without a part of their own, and all of the site's map that are copied; in every language."""
    addresses: set[CopiedAddress | None] = set()
    for language in codes():
        with override(language):
            addresses |= {copied_address(path_of(name)) for name in FIRST_PAGES}
            for part, _ in part_names():
                if not part.startswith("results."):
                    addresses |= {copied_address(page.path) for page in pages_of(part) or ()}
    return sorted(address for address in addresses if address is not None)
