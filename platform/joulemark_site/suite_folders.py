"""Suites that an operator adds: folders written by `joulemark suite pin`, read and checked when a process starts."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark_site.environment import BadSetting

if TYPE_CHECKING:
    from joulemark.suite import Suite

ADDRESSABLE = re.compile(r"[a-z0-9._-]{1,50}")
"""Name and version are part of a board's address."""


def pinned_suites(name: str) -> tuple[Suite, ...]:
    """The suites in the folders that the variable lists, as PATH lists them; nothing is read where it is unset.

    Raises BadSetting for a folder without a pinned suite, and for two suites under one name and version.
    """
    listed = os.environ.get(name, "").split(os.pathsep)
    folders = [Path(path).expanduser().resolve() for path in listed if path.strip()]
    if not folders:
        return ()
    found: dict[str, Suite] = {}
    owners: dict[tuple[str, str], tuple[str, str]] = _installed()
    for folder in folders:
        suite = _read(name, folder)
        where, digest = owners.setdefault((suite.name, suite.version), (str(folder), suite.digest))
        if digest != suite.digest:
            raise BadSetting(
                f"{name}: {folder} and {where} are both suite {suite.name} {suite.version}, with different files; "
                "a suite is never edited: leave one out, or pin it anew and get a version of its own."
            )
        found[suite.digest] = suite
    return tuple(found.values())


def _installed() -> dict[tuple[str, str], tuple[str, str]]:
    from joulemark.suite import load_suite, suite_names

    every = map(load_suite, suite_names())
    return {(suite.name, suite.version): ("one inside the software", suite.digest) for suite in every}


def _read(name: str, folder: Path) -> Suite:
    from joulemark.suite import SuiteError, open_suite

    if not folder.is_dir():
        raise BadSetting(f"{name}: there is no folder {folder}.")
    try:
        suite = open_suite(str(folder))
    except (SuiteError, OSError) as error:
        raise BadSetting(f"{name}: the suite in {folder} cannot be used: {error}") from error
    if not suite.is_pinned:
        raise BadSetting(
            f"{name}: suite {suite.name} {suite.version} in {folder} is not pinned, so no result for it could be "
            f"judged; write a pinned copy with `joulemark suite pin {folder} --out FOLDER` and list that folder."
        )
    for what, word in (("name", suite.name), ("version", suite.version)):
        if not ADDRESSABLE.fullmatch(word):
            raise BadSetting(
                f"{name}: the suite in {folder} has the {what} {word!r}, which cannot stand in an address; "
                "use at most 50 lower-case letters, digits, dots, dashes and underscores."
            )
    return suite
