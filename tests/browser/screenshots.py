"""Pictures of every page in both languages, light and dark, at three widths: `make screenshots`, build/screenshots.

`python -m tests.browser.screenshots [PART...]` takes those alone whose address has one of these parts.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.browser.served_site import WIDTHS, Site, chromium, served_site
from tests.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, FloatRect

FOLDER = ROOT / "build" / "screenshots"
LANGUAGES = ("en", "ru")
SCHEMES: Sequence[Literal["light", "dark"]] = ("light", "dark")
MAX_HEIGHT = 6000
"""Pixels of a page that are shown; the rest of a longer one is cut off."""
INDEX = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Screenshots</title>
<style>
body {{ font: 15px sans-serif; margin: 2rem; }} h2 {{ margin-top: 2.5rem; }}
ul {{ display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0; }}
img {{ display: block; width: 220px; height: 260px; object-fit: cover; object-position: top; border: 1px solid #888; }}
</style></head>
<body><h1>{count} screenshots</h1>{sections}</body>
</html>
"""


def file_name(address: str, language: str, scheme: str, width: str) -> str:
    """A name that says what is on the picture."""
    words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"[0-9a-f]{40,}", lambda found: found[0][:8], address.lower()))
    return f"{words.strip('-').removeprefix('en-')[:80] or 'home'}.{language}.{scheme}.{width}.png"


def take(site: Site, browser: Browser, addresses: Sequence[str], folder: Path) -> dict[str, list[str]]:
    """Take every picture into the folder; the names of the files by address."""
    files: dict[str, list[str]] = {address: [] for address in addresses}
    for width, viewport in WIDTHS.items():
        for scheme in SCHEMES:
            context = browser.new_context(viewport=viewport, color_scheme=scheme)
            page = context.new_page()
            for address in addresses:
                for language in LANGUAGES:
                    page.goto(site.origin + address.replace("/en/", f"/{language}/", 1))
                    height = min(page.evaluate("document.documentElement.scrollHeight"), MAX_HEIGHT)
                    name = file_name(address, language, scheme, width)
                    clip: FloatRect = {"x": 0, "y": 0, "width": viewport["width"], "height": height}
                    page.screenshot(path=folder / name, full_page=True, clip=clip)
                    files[address].append(name)
            context.close()
            print(f"{width}, {scheme}: {sum(map(len, files.values()))} pictures", flush=True)
    return files


def write_index(files: dict[str, list[str]], folder: Path) -> None:
    """A page that shows all of them."""
    sections = "".join(
        f"<h2>{escape(address)}</h2><ul>"
        + "".join(
            f'<li><a href="{name}"><img loading="lazy" src="{name}" alt="{escape(name)}"></a>'
            f"{escape('.'.join(name.split('.')[-4:-1]))}</li>"
            for name in names
        )
        + "</ul>"
        for address, names in files.items()
    )
    page = INDEX.format(count=sum(map(len, files.values())), sections=sections)
    (folder / "index.html").write_text(page, encoding="utf-8")


def main(parts: Sequence[str]) -> int:
    """Serve a platform, take the pictures, say where they are."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served_site(Path(folder), name="joulemark_screenshots") as site,
        chromium() as browser,
    ):
        wanted = [page for page in site.pages if not parts or any(part in page for part in parts)]
        files = take(site, browser, wanted, FOLDER)
        write_index(files, FOLDER)
    print(f"{sum(map(len, files.values()))} pictures of {len(files)} pages: {FOLDER / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
