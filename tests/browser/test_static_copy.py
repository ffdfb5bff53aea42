"""A static copy in Chromium, from a plain file server, with no platform anywhere."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from measurements.web.byte_ranges import requested_range
from tests.chromium import find_chromium, launch_arguments
from tests.web.conftest import no_crowd, platform_folder  # noqa: F401 - fixtures
from tests.web.small_platform import exported_copy

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.long]
MAX_TABLE_BYTES = 200_000
MAX_SCRIPT_BYTES = 150_000


class _Plain(SimpleHTTPRequestHandler):
    """Python's own file server, which knows no parts of files; it counts the bytes of bodies by path."""

    sent: dict[str, int]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def copyfile(self, source: io.BufferedIOBase, outputfile: io.BufferedIOBase) -> None:  # type: ignore[override]  # bytes both
        """Send the rest of a file."""
        data = source.read()
        path = self.path.partition("?")[0]
        self.sent[path] = self.sent.get(path, 0) + len(data)
        outputfile.write(data)


class _Ranged(_Plain):
    """The same with parts of files, as nginx and every bucket have them."""

    def do_GET(self) -> None:
        """Answer with a part where one is asked for."""
        place = Path(self.translate_path(self.path))
        header = self.headers.get("Range", "")
        part = requested_range(header, size=place.stat().st_size) if place.is_file() else None
        if part is None:
            super().do_GET()
            return
        with place.open("rb") as file:
            file.seek(part.first)
            data = file.read(part.length)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {part.first}-{part.last}/{place.stat().st_size}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.sent[self.path] = self.sent.get(self.path, 0) + len(data)
        self.wfile.write(data)


@contextlib.contextmanager
def _served(folder: Path, handler: type[_Plain]) -> Iterator[tuple[str, dict[str, int]]]:
    sent: dict[str, int] = {}
    kind = type("Handler", (handler,), {"sent": sent})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def _browser_page() -> Iterator[Page]:
    """A page that tolerates no error of a script and no break of the policy."""
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        yield page
        browser.close()
    assert faults == []


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy's folder, written before a browser begins."""
    return exported_copy(tmp_path_factory)


def _cells(folder: Path) -> list[dict[str, object]]:
    (file,) = (folder / "releases" / "snapshots" / "cells").glob("*.parquet")
    rows: list[dict[str, object]] = pq.read_table(file).to_pylist()
    return rows


def test_boards_a_filter_and_a_download_need_no_platform(folder: Path, tmp_path: Path) -> None:
    rows = _cells(folder)
    with _served(folder, _Ranged) as (origin, sent), _browser_page() as page:
        page.goto(f"{origin}/")
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("note").first).to_contain_text("Static copy of release")
        page.get_by_role("link", name="Boards", exact=True).click()
        page.goto(f"{origin}/en/boards/demo-1-estimated/text_classification/index.html")
        expect(page.locator("table").first).to_contain_text("SmolLM2")

        sent.clear()
        page.goto(f"{origin}/en/explorer/index.html")
        status = page.get_by_role("status")
        expect(status).to_contain_text(f"Rows 1 to {len(rows)} of {len(rows)}")
        heads = page.locator("thead th button").all_inner_texts()
        assert {"grade", "scope", "version", "suite_version", "energy_per_query_j"} <= set(heads)
        scripts = {path: size for path, size in sent.items() if path.endswith(".js")}
        assert 0 < sum(scripts.values()) <= MAX_SCRIPT_BYTES
        data = {path: size for path, size in sent.items() if path.startswith(("/releases/", "/copy/tables/"))}
        assert 0 < sum(data.values()) <= MAX_TABLE_BYTES
        assert int(status.get_attribute("data-bytes") or 0) == sum(data.values())

        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download these").click()
        waiting.value.save_as(tmp_path / "cells.csv")
        text = (tmp_path / "cells.csv").read_text(encoding="utf-8")
        downloaded = list(csv.DictReader(io.StringIO(text)))
        for column in ("energy_per_query_j", "n_results"):
            assert sum(float(row[column]) for row in downloaded) == sum(
                float(str(row[column])) for row in rows
            )
        assert [row["updated_at"] for row in downloaded] == [
            f"{row['updated_at']:%Y-%m-%dT%H:%M:%S.%fZ}" for row in rows
        ]

        page.get_by_label("Filter model", exact=True).fill("=smollm2-135m-instruct")
        page.keyboard.press("Enter")
        expect(status).to_contain_text("Rows 1 to 1 of 1 that match")
        expect(page.locator("tbody td", has_text=re.compile("^minilm"))).to_have_count(0)
        assert "model=%3Dsmollm2-135m-instruct" in page.url, "the address names what is seen"
        page.reload()
        expect(status).to_contain_text("Rows 1 to 1 of 1 that match")
        page.get_by_role("button", name="Clear filters and order").press("Enter")
        page.get_by_role("button", name="Sort by energy_per_query_j").press("Enter")
        page.get_by_role("button", name="Sort by energy_per_query_j").press("Enter")
        expect(page.locator("th[aria-sort=descending]")).to_have_text(re.compile("energy_per_query_j"))
        expect(page.locator("tbody tr").first).to_contain_text("smollm2-135m-instruct")


def test_every_table_is_read_where_a_server_sends_whole_files(folder: Path) -> None:
    with _served(folder, _Plain) as (origin, _), _browser_page() as page:
        page.goto(f"{origin}/ru/explorer/index.html")
        status = page.get_by_role("status")
        expect(status).to_contain_text("Строки 1")
        expect(status).to_contain_text("файлы читаются целиком")
        names = page.locator("[data-table]")
        for index in range(names.count()):
            link = names.nth(index)
            name = link.get_attribute("data-table")
            link.click()
            expect(page.locator(f"[role=status][data-table={name}]")).to_be_visible()
            expect(page.locator(".note:visible")).to_have_count(0)
