"""A replay as tests ask for it."""

from __future__ import annotations

from pathlib import Path

from joulemark.replay.replaying import ReplayReport, ReplayRequest, replay


def replayed(root: Path, state: Path, *, jobs: int = 1) -> ReplayReport:
    """The report on the newest release below `root`."""
    request = ReplayRequest(source=str(root), name=None, state=state, jobs=jobs)
    return replay(request, lambda _step, _done, _of: None)


def codes(report: ReplayReport) -> list[str]:
    """The codes of what differs, each once."""
    return sorted({difference.code for difference in report.differences})
