"""A release is recomputed from its evidence, and whatever was changed in it is named by its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from joulemark.replay.replaying import ReplayReport, ReplayRequest, replay
from tests.core.replay.small_release import build


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("releases"))


def replayed(root: Path, state: Path, *, jobs: int = 1) -> ReplayReport:
    request = ReplayRequest(source=str(root), name=None, state=state, jobs=jobs)
    return replay(request, lambda _step, _done, _of: None)


def codes(report: ReplayReport) -> list[str]:
    return sorted({difference.code for difference in report.differences})


def test_an_honest_release_is_equal(release: Path, tmp_path: Path) -> None:
    report = replayed(release, tmp_path / "state")
    assert report.differences == []
    counts = report.counts
    assert (counts["bundles"], counts["verdicts"], counts["cells"], counts["ranks"]) == (6, 6, 2, 2)
    assert counts["comparisons"] == 1
