"""The licences of what is shipped: each is known, and none asks more of those who install it than we say."""

from __future__ import annotations

import re
from runpy import run_path

import pytest

from tests.processes import ROOT

BILL = run_path(str(ROOT / "requirements" / "bill_of_materials.py"))
ALLOWED = {
    "MIT", "MIT License", "MIT-0", "MIT-CMU", "Unlicense", "ISC License (ISCL)",
    "BSD License", "BSD-2-Clause", "BSD-3-Clause", "BSD 3-Clause", "0BSD", "FreeBSD", "Zlib", "CC0-1.0",
    "Apache-2.0", "Apache Software License", "Apache 2.0 License", "CNRI-Python", "PSF-2.0",
    "Python Software Foundation License", "MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)",
    "LGPL-3.0-only",
}  # fmt: skip
"""LGPL-3.0: psycopg, used as a library and unmodified (docs/decisions/0011)."""
IN_A_FILE_ALONE = {"resvg-py"}
"""Libraries whose licence is a file beside them, which was read: the MIT License."""
ONLY_ELSEWHERE = {"async-timeout", "colorama", "httpx2-jsfetch", "tzdata"}
"""Libraries that another Python or system needs."""


def names(part: str) -> list[str]:
    """The libraries of a lock."""
    text = (ROOT / "requirements" / f"{part}.txt").read_text()
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)==", text, re.MULTILINE)


@pytest.mark.parametrize("part", BILL["PARTS"])
def test_every_library_has_a_licence_that_we_can_ship(part: str) -> None:
    libraries = names(part)
    assert len(libraries) > 40
    for library in libraries:
        licences = BILL["licences_of"](library)
        assert licences or library in ONLY_ELSEWHERE | IN_A_FILE_ALONE, (
            f"{library} states no licence: look at it before it is shipped"
        )
        for licence in licences:
            expression = licence.get("expression") or licence["license"]["name"]
            assert set(re.split(r" (?:AND|OR) ", expression)) <= ALLOWED, f"{library}: {expression}"


def test_a_library_that_is_not_here_has_none() -> None:
    assert BILL["licences_of"]("no-such-library") == []
