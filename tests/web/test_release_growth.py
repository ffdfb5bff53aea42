"""The next release: what is new is written, what is the same is the same file, and the changelog says what changed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from joulemark.consensus.cell import ResultReading
from joulemark.release.layout import RELEASES
from joulemark.release.manifest import decode_list
from joulemark_simulation.crowds import Crowd, cells
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.releases.services import publish_release
from tests.web.release_reading import assert_sums, manifest_of

pytestmark = pytest.mark.django_db

CROWD = Crowd(devices=60, kind="dirty")
N_RESULTS, N_MORE = 100, 1
LEAVES_PER_PART = 16
CHANGED = {"cells", "ranks", "size_factors", "keys", "contributors", "devices", "hardware", "states"}
"""Snapshots that a result by a newcomer may change: what is derived of a value says of which version."""


def _make(readings: list[ResultReading]) -> None:
    for reading in readings:
        who = f"{reading.contributor}"
        make_result(Run(by=who, device=who, energy_per_query_j=reading.energy_per_query_j))
    refresh_stale_cells()


def _stats(root: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, time and size of each file: one that is written anew has others."""
    return {
        file.relative_to(root).as_posix(): (file.stat().st_ino, file.stat().st_mtime_ns, file.stat().st_size)
        for file in root.rglob("*")
        if file.is_file()
    }


def test_a_release_after_one_per_cent_of_new_results_writes_what_these_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.release.layout.LEAVES_PER_PART", LEAVES_PER_PART)
    root = tmp_path / "releases"
    demo_catalog()
    (readings,) = cells(CROWD, number=1, seed=1)
    readings = list(islice(readings, N_RESULTS + N_MORE))
    _make(readings[:N_RESULTS])
    first = publish_release()
    before = _stats(root)
    _make(readings[N_RESULTS:])
    second = publish_release()
    after = _stats(root)

    assert {path: after[path] for path in before if path != RELEASES} == {
        path: stat for path, stat in before.items() if path != RELEASES
    }, "no file that was published was touched"
    listed = decode_list((root / RELEASES).read_bytes())
    assert [entry.name for entry in listed.releases] == [second.name, first.name]
    one, other = manifest_of(root, first.name), manifest_of(root, second.name)
    assert other.previous == first.name

    new = after.keys() - before.keys()
    named = {file.path for file in other.files} - {file.path for file in one.files}
    own = {path for path in new if path.startswith(f"{second.name}/")}
    assert new == named | own, "and none that the release does not name"
    n_settled = one.tree_size // LEAVES_PER_PART
    assert n_settled > N_RESULTS // LEAVES_PER_PART
    of_ranges = {path for path in new if path.startswith(("parts/", "bundles/"))}
    starts = {int(path.split("/")[-1].split("-")[0]) for path in of_ranges}
    assert starts <= {n_settled * LEAVES_PER_PART, (n_settled + 1) * LEAVES_PER_PART}
    assert {path.split("/")[1] for path in new if path.startswith("snapshots/")} <= CHANGED
    assert second.new_bytes == sum(after[path][2] for path in new)
    n_new_in_parts = sum(after[path][2] for path in of_ranges)
    n_in_parts = sum(stat[2] for path, stat in after.items() if path.startswith(("parts/", "bundles/")))
    assert n_new_in_parts < n_in_parts * 2 / n_settled

    changes = (root / second.name / "CHANGELOG.md").read_text()
    assert f"* {N_MORE} added: {N_MORE} accepted." in changes
    assert "1 with another value" in changes
    assert "| demo / 1 / text_classification" in changes
    for release in (first, second):
        assert_sums(root, release.name)
