"""A static copy: whole, repeatable, and without a link that leads nowhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.urls import is_valid_path
from django.utils.translation import override

from joulemark.release import layout
from joulemark.release.tables import table_named
from joulemark_simulation.result_rows import Run, make_result
from joulemark_site.static_copy import copied_pages, explorer_page
from joulemark_site.static_copy.copied_addresses import COPIED_PAGES, CopiedAddress, copied_address
from joulemark_site.static_copy.copied_pages import CopiedPages
from joulemark_site.static_copy.errors import SiteCopyError
from joulemark_site.static_copy.explorer_words import explorer_words
from joulemark_site.static_copy.release_copy import LATEST, copy_release, listed_release
from measurements.ledger.sequencer import sequence
from tests.web.release_reading import manifest_of, snapshot
from tests.web.small_platform import exported_copy, publish_small_platform

pytestmark = [pytest.mark.django_db, pytest.mark.long]
LIVE = "data-leads"
PAGES = (
    *(
        "",
        "boards/",
        "boards/demo-1-estimated/text_classification/",
        "tasks/text_classification/",
        "compare/",
    ),
    *(
        "compare/text_classification/",
        "models/",
        "hardware/",
        "hardware/amd-ryzen-7-5800x/",
        "datasets/",
        "rules/",
    ),
    *("suites/demo-1/", "method/", "about/", "data/", "explorer/"),
)


class _Names(HTMLParser):
    """Links of a page with their attributes, its ids, and what runs or asks in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, dict[str, str | None]]] = []
        self.ids: set[str] = set()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.ids.add(attributes.get("id") or "")
        for name in ("href", "src", "action", "srcset", "poster", "data"):
            if attributes.get(name) is not None:
                self.links.append((str(attributes[name]), attributes))


def _names_in(path: Path) -> _Names:
    names = _Names()
    names.feed(path.read_text(encoding="utf-8"))
    return names


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a platform with something on every page."""
    return exported_copy(tmp_path_factory)


def test_every_link_of_every_file_leads_somewhere(copy: Path, settings: LazySettings) -> None:
    pages = {path: _names_in(path) for path in copy.rglob("*.html")}
    styles = list(copy.rglob("*.css"))
    assert len(pages) > 40
    assert not [path for path in styles if "url(" in path.read_text()], "and a style names no other file"
    broken: list[str] = []
    n_inside = n_live = 0
    for path, names in pages.items():
        where = path.relative_to(copy).as_posix()
        for address, attributes in names.links:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                assert parts.scheme in {"http", "https"}, (where, address)
                if address.startswith(f"{settings.ORIGIN}/"):
                    n_live += 1
                    assert _is_of_the_platform(unquote(parts.path)), (where, address)
                continue
            place, fragment = urldefrag(address)
            target = (path.parent / unquote(place)).resolve() if place else path
            n_inside += 1
            if place.startswith("/") or urlsplit(place).query or not target.is_file():
                broken.append(f"{where}: {address}")
            elif not target.is_relative_to(copy):
                broken.append(f"{where}: {address} leaves the copy")
            elif fragment and "/explorer/" not in target.as_posix() and fragment not in pages[target].ids:
                broken.append(f"{where}: {address} names no element")
            elif fragment and "table=" in fragment:
                table = fragment.partition("table=")[2].partition("&")[0]
                assert table_named(table).name == table, address
            assert LIVE not in attributes or parts.scheme
    assert broken == []
    assert n_inside > 1000
    assert n_live > 100


def test_a_copy_is_the_site_in_both_languages_and_the_release(copy: Path, settings: LazySettings) -> None:
    name = manifest_of(copy / "releases", _release_of(copy)).name
    shown = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    for language in ("en", "ru"):
        for page in PAGES:
            assert f"{language}/{page}index.html" in shown
        cells = [
            file
            for file in shown
            if file.startswith(f"{language}/boards/demo-1-estimated/") and "/cell/" in file
        ]
        assert len([file for file in cells if file.endswith(".html")]) == 2
        assert [file for file in cells if file.endswith(".svg")]
    assert "api/v1/boards/demo-1-estimated/text_classification.csv" in shown
    assert "api/v1/tasks/text_classification.json" in shown
    assert {"index.html", "releases/releases.json", f"releases/{name}/SHA256SUMS"} <= shown

    for path in copy.rglob("*.html"):
        names, text = _names_in(path), path.read_text()
        assert f"release {name}" in text or f"{name}</a>" in text, path
        assert settings.ORIGIN in text or path == copy / "index.html"
        policies = [
            each.get("content")
            for tag, each in names.tags
            if each.get("http-equiv") == "Content-Security-Policy"
        ]
        assert len(policies) == 1
        assert "unsafe" not in str(policies[0])
        assert "default-src 'self'" in str(policies[0])
        for tag, attributes in names.tags:
            assert tag != "form", (path, "a file server answers no question")
            assert "style" not in attributes
            assert not [attribute for attribute in attributes if attribute.startswith("on")]
            assert tag != "script" or attributes.get("src") or attributes.get("type") == "application/ld+json"


def test_what_the_explorer_reads_of_a_table_is_what_the_manifest_has(copy: Path) -> None:
    manifest = manifest_of(copy / "releases", _release_of(copy))
    for name, files in manifest.tables.items():
        described = json.loads((copy / "copy" / "tables" / f"{name}.json").read_text())
        assert described["files"] == [[file.path, file.bytes, file.rows] for file in files.of_form("parquet")]
        columns = [column["name"] for column in described["columns"]]
        assert columns == list(table_named(name).column_names)
        assert set(described["always"]) >= {"grade", "scope", "version", "suite_version"} & set(columns)
    assert explorer_page.FIRST_TABLE in manifest.tables


def test_a_copy_is_repeatable_whole_and_of_its_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One platform for all of it, since each page of a copy is computed."""
    monkeypatch.setattr(copied_pages, "FIRST_PAGES", ("home", "boards", "data"))
    monkeypatch.setattr(copied_pages, "part_names", lambda: [("boards", None)])
    name = publish_small_platform()
    first, second, later, none = (tmp_path / folder for folder in ("first", "second", "later", "none"))
    call_command("export_site", name, str(first), no_pictures=True, verbosity=0)
    second.mkdir()
    call_command("export_site", LATEST, str(second), no_pictures=True, verbosity=0)
    assert snapshot(first) == snapshot(second), "the same release gives the same bytes"
    assert "the release covers" not in (first / "en" / "index.html").read_text()

    for release, code in (("2020-01-01", "JM-SITE-RELEASE"), ("yesterday", "JM-SITE-RELEASE")):
        with pytest.raises(CommandError, match=code):
            call_command("export_site", release, str(none), verbosity=0)
    with pytest.raises(CommandError, match="JM-SITE-FOLDER"):
        call_command("export_site", LATEST, str(first), verbosity=0)

    def interrupted(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CopiedPages, "read_all", interrupted)
        with pytest.raises(KeyboardInterrupt):
            call_command("export_site", LATEST, str(none), verbosity=0)

    make_result(Run(by="late", device="late"))
    sequence()
    with pytest.raises(CommandError, match="JM-SITE-LATER"):
        call_command("export_site", name, str(none), verbosity=0)
    with monkeypatch.context() as patch:
        patch.setattr(copied_pages, "part_names", list)
        patch.setattr(CopiedPages, "_copied_links", lambda *_: set())
        call_command("export_site", name, str(later), later=True, verbosity=0)
    assert "the release covers" in (later / "en" / "index.html").read_text()

    table = next((tmp_path / "releases" / "snapshots" / "cells").glob("*.parquet"))
    table.write_bytes(table.read_bytes() + b"x")
    with pytest.raises(CommandError, match="JM-SITE-RELEASE-FILE"):
        call_command("export_site", LATEST, str(none), verbosity=0)
    assert not [path.name for path in tmp_path.iterdir() if "none" in path.name], "nothing is there by halves"


def _one_bit(data: bytes) -> bytes:
    return data[:40] + bytes([data[40] ^ 1]) + data[41:]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit": _one_bit,
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "no text": lambda _: b"\xff\xfe\x00",
    "another line": lambda data: data + b"x\n",
}


def test_no_file_of_a_release_is_copied_that_is_not_the_one_of_its_manifest(tmp_path: Path) -> None:
    """Every own file in every way; what the sums say of a file that was exchanged with them makes no difference."""
    name = publish_small_platform()
    root, target = tmp_path / "releases", tmp_path / "copy"
    sums, readme = root / name / layout.SUMS, root / name / "README.md"

    def assert_refused() -> None:
        with pytest.raises(SiteCopyError, match="JM-SITE-RELEASE-FILE"):
            copy_release(listed_release(LATEST), target, report=lambda _: None)

    for own in (sums, root / name / layout.MANIFEST, root / name / layout.ATTESTATION, readme):
        before = own.read_bytes()
        for damage in DAMAGES.values():
            own.write_bytes(damage(before))
            assert_refused()
        own.unlink()
        assert_refused()
        own.write_bytes(before)

    digest, other = (hashlib.sha256(text).hexdigest() for text in (readme.read_bytes(), b"x"))
    readme.write_bytes(b"x")
    sums.write_text(sums.read_text().replace(digest, other))
    assert_refused()


def test_an_address_has_one_file_and_one_that_is_a_question_has_none() -> None:
    assert copied_address("/en/boards/?page=2") is None
    assert copied_address("/en/search/?q=x") is None
    assert copied_address("/en/tasks/text_classification/?sort=energy") is None
    assert copied_address("https://elsewhere.example/en/boards/") is None
    assert copied_address("/en/models/../../x/") is None
    first, second = copied_address("/en/models/?page=2"), copied_address("/en/models/")
    assert first is not None
    assert second is not None
    assert first.file != second.file == "en/models/index.html"
    assert copied_address("/en/models/?page=1") == second
    key = "dataset=a&model=b&hardware=c&scope=cpu&stratum=s"
    cell = copied_address(f"/en/boards/demo-1-estimated/text_classification/cell/?{key}")
    again = copied_address(
        "/en/boards/demo-1-estimated/text_classification/cell/?" + "&".join(reversed(key.split("&")))
    )
    assert cell is not None
    assert cell == again
    digest = hashlib.sha256(b"dataset=a&hardware=c&model=b&scope=cpu&stratum=s").hexdigest()[:16]
    assert cell.file == f"en/boards/demo-1-estimated/text_classification/cell/{digest}/index.html"
    assert CopiedAddress("/en/plots/home.svg", "a=1").file.startswith("en/plots/home-")
    assert "search" not in COPIED_PAGES


def test_the_explorer_speaks_both_languages() -> None:
    with override("en"):
        english = explorer_words()
    with override("ru"):
        russian = explorer_words()
    assert english.keys() == russian.keys()
    assert not [name for name, text in english.items() if russian[name] == text]


def _is_of_the_platform(path: str) -> bool:
    """Whether it answers there, or leads a reader of any language on from there."""
    with override("ru" if path.startswith("/ru/") else "en"):
        return any(is_valid_path(each) is not False for each in (path, f"/en{path}"))


def _release_of(copy: Path) -> str:
    (release,) = json.loads((copy / "releases" / "releases.json").read_text())["releases"]
    return str(release["name"])
