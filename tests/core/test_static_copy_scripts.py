"""The scripts of a static copy's explorer: the vendored ones as published, all small and self-contained."""

from __future__ import annotations

import re

from joulemark_site.static_copy.explorer_page import ASSETS, asset_names, script_digests

MAX_SCRIPT_BYTES = 150_000
IMPORTED = re.compile(r"""^(?:import|export)\b[^'"\n]*\bfrom\s+['"]([^'"]+)['"]""", re.MULTILINE)


def test_the_vendored_scripts_are_those_of_the_package() -> None:
    lines = (ASSETS / "hyparquet" / "SHA256SUMS").read_text().splitlines()
    sums = {f"hyparquet/{name}": digest for digest, name in (line.split("  ") for line in lines)}
    vendored = {name: digest for name, digest in script_digests().items() if name.startswith("hyparquet/")}
    assert {name: digest for name, digest in sums.items() if name.endswith(".js")} == vendored
    assert "hyparquet/LICENSE" in sums
    assert "MIT" in (ASSETS / "hyparquet" / "LICENSE").read_text()


def test_scripts_load_nothing_but_one_another_and_are_small() -> None:
    names = [name for name in asset_names() if name.endswith(".js")]
    loaded: set[str] = set()
    for name in names:
        text = (ASSETS / name).read_text(encoding="utf-8")
        for imported in IMPORTED.findall(text):
            place = (ASSETS / name).parent / imported
            assert place.resolve().is_file(), f"{name} imports {imported}"
            loaded.add(place.resolve().relative_to(ASSETS).as_posix())
        if name.startswith("explorer/"):
            assert not re.search(r"https?://|\beval\b|innerHTML|new Function|\.style\b", text), name
    assert set(names) - loaded == {"explorer/explorer.js"}, "each script is used"
    assert sum((ASSETS / name).stat().st_size for name in names) <= MAX_SCRIPT_BYTES
