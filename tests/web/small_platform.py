"""A platform of few pages with one release, and a static copy of it, in little time."""

from __future__ import annotations

from pathlib import Path

import pytest

from joulemark.suite.archive import encode_archive
from joulemark.suite.loader import files_of, folder_of
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, demo_catalog, make_result
from joulemark_site.static_copy.release_copy import LATEST
from joulemark_site.static_copy.site_export import export_site
from measurements.boards.latest_results import refresh_latest_results
from measurements.boards.services import refresh_stale_cells
from measurements.intake.suite_services import hand_out_suite
from measurements.ledger.sequencer import sequence
from measurements.releases.services import publish_release

COPIES: list[Path] = []
"""What tests of its files share; they no longer need the platform."""


def exported_copy(folders: pytest.TempPathFactory) -> Path:
    """The folder of a static copy, written once for all tests of a process."""
    if not COPIES:
        publish_small_platform()
        folder = folders.mktemp("static") / "copy"
        export_site(LATEST, folder, with_pictures=False)
        COPIES.append(folder)
    return COPIES[0]


def publish_small_platform() -> str:
    """Two contributors' results with two models on one board; returns the name of the release."""
    demo_catalog()
    for by in ("ada", "grace"):
        for model, energy in ((SPECIFIC, 0.5), (GENERAL, 6.0)):
            make_result(
                Run(by=by, display_name=f"Person {by}", device=by, model=model, energy_per_query_j=energy)
            )
    refresh_stale_cells()
    refresh_latest_results()
    hand_out_suite(archive=encode_archive(files_of(folder_of("demo"))))
    sequence()
    return publish_release().name
