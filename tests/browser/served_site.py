"""A platform as processes with something on every page, for tests in a browser, the validator and screenshots."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.chromium import find_chromium, launch_arguments
from tests.processes import Platform, platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Browser, ViewportSize

MARK = "pages "
"""Behind it, the program that fills the database prints the pages."""
KEY = "from tests.browser.seed_site import give_key; give_key()"
SEED = "from tests.browser.seed_site import seed; seed(hostile={hostile})"
WIDTHS: Mapping[str, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 820, "height": 1180},
    "desktop": {"width": 1280, "height": 900},
}


@dataclass(frozen=True)
class Site:
    """A served platform, and the address of each of its pages in English with the status that it answers with."""

    platform: Platform
    pages: Mapping[str, int]

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self.platform.origin


@contextlib.contextmanager
def served_site(folder: Path, *, name: str, hostile: bool = False) -> Iterator[Site]:
    """Serve one from a new database called `name` until the block ends."""
    database = os.environ["DATABASE_URL"]
    with platform(
        name=name, folder=folder, database_url=database, redis_url="", JOULEMARK_SWEEP_EVERY_S="86400"
    ) as running:
        running.manage("shell", "-c", KEY)
        running.start_web()  # its first sweep is over before there are rows that have no results
        command = SEED.format(hostile=hostile)
        seeding = running.start(sys.executable, "manage.py", "shell", "-c", command, log="seed.log")
        assert seeding.wait() == 0, running.log("seed.log")
        pages = json.loads(running.log("seed.log").rsplit(MARK, 1)[1])
        yield Site(platform=running, pages=pages)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium; its absence is a failure with a sentence that says how to get it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
        yield browser
        browser.close()
