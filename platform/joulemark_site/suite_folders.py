"""Suites that an operator adds: folders written by `joulemark suite pin`, read and checked when a process starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark_site.environment import BadSetting, reader
from measurements.catalog.suite_address import address_fault

if TYPE_CHECKING:
    from joulemark.suite import Suite


@reader
def pinned_suites(name: str) -> tuple[Suite, ...]:
    """The suites in the folders that the variable lists, as PATH lists them; nothing is read where it is unset.

    Raises BadSetting for a folder without a pinned suite, and for two suites under one name and version.
    """
    folders = listed_folders(name)
    if not folders:
        return ()
    suites: dict[str, Suite] = {}
    owners: dict[tuple[str, str], tuple[str, str]] = _installed()
    for place, folder in enumerate(folders, start=1):
        if not _is_folder(folder):
            raise BadSetting(f"{name}: there is no folder at place {place} of its list.")
        suite = _read(name, folder)
        where, digest = owners.setdefault((suite.name, suite.version), (str(folder), suite.digest))
        if digest != suite.digest:
            raise BadSetting(
                f"{name}: {folder} and {where} are both suite {suite.name} {suite.version}, with different files; "
                "a suite is never edited: leave one out, or pin it anew and get a version of its own."
            )
        suites[suite.digest] = suite
    return tuple(suites.values())


@reader
def listed_folders(name: str) -> tuple[Path, ...]:
    """The folders that the variable lists, whatever is in them."""
    listed = os.environ.get(name, "").split(os.pathsep)
    return tuple(Path(path).expanduser().resolve() for path in listed if path.strip())


def _installed() -> dict[tuple[str, str], tuple[str, str]]:
    from joulemark.suite import load_suite, suite_names

    every = map(load_suite, suite_names())
    return {(suite.name, suite.version): ("one inside the software", suite.digest) for suite in every}


def _is_folder(path: Path) -> bool:
    """Whether a folder is there; what is too long for a path is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _read(name: str, folder: Path) -> Suite:
    from joulemark.suite import SuiteError, open_suite

    try:
        suite = open_suite(str(folder))
    except (SuiteError, OSError) as error:
        raise BadSetting(f"{name}: the suite in {folder} cannot be used: {error}") from error
    if not suite.is_pinned:
        raise BadSetting(
            f"{name}: suite {suite.name} {suite.version} in {folder} is not pinned, so no result for it could be "
            f"judged; write a pinned copy with `joulemark suite pin {folder} --out FOLDER` and list that folder."
        )
    if fault := address_fault(suite):
        raise BadSetting(f"{name}: the suite in {folder} {fault}")
    return suite
