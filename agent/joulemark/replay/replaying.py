"""A replay from its first step to its report: what is done is kept, what is left is done, in one or more processes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from joulemark import __version__
from joulemark.errors import UsageError
from joulemark.reader.release import open_release
from joulemark.replay import (
    board_step,
    evidence_step,
    files_step,
    log_step,
    snapshot_step,
    table_step,
    verdict_step,
)
from joulemark.replay.state_file import StateFile
from joulemark.replay.workers import Opened, Workers
from joulemark.rules.judge import RULES_VERSION
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from joulemark.log.notes import VerifierKey
    from joulemark.reader.release import OpenRelease
    from joulemark.replay.differences import Discrepancy

STEPS = ("files", "tables", "log", "evidence", "verdicts", "snapshots", "boards")
"""In this order: each reads what those before it have stored."""


class StateOfAnother(UsageError):
    """The state file is of another release, or of other software."""

    code = "JM-REPLAY-OTHER-STATE"


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """What is replayed, where its state is kept, and by how many processes."""

    source: str
    name: str | None
    state: Path
    cache: Path | None = None
    jobs: int = 1
    log_key: VerifierKey | None = None


class ReplayReport(NamedTuple):
    """What a replay found; `counts` says how much was compared and what could not be."""

    release: str
    origin: str
    tree_size: int
    root_hash: str
    is_simulated: bool
    differences: list[Discrepancy]
    counts: dict[str, int]

    @property
    def is_equal(self) -> bool:
        """Whether all that was compared is as it follows from the evidence."""
        return not self.differences


def replay(request: ReplayRequest, progress: Callable[[str, int, int], None]) -> ReplayReport:
    """Replay a release. `progress` is told the step, how many of its parts are done, and of how many.

    Raises AgentError where there is no such release, or its state file is of another one.
    """
    release = open_release(request.source, request.name, cache=request.cache)
    state = _open_state(request, release)
    opened = Opened(request.source, request.name, request.cache, request.state, request.log_key)
    workers = Workers(release, state, opened, jobs=request.jobs)
    try:
        for step in STEPS:
            _run_step(step, workers, release, state, progress)
        manifest = release.manifest
        report = ReplayReport(
            release=manifest.name,
            origin=manifest.origin,
            tree_size=manifest.tree_size,
            root_hash=manifest.root_hash,
            is_simulated=manifest.simulated,
            differences=list(state.differences()),
            counts=state.counts(),
        )
    finally:
        workers.end()
        state.close()
    state.remove()
    return report


def _open_state(request: ReplayRequest, release: OpenRelease) -> StateFile:
    request.state.parent.mkdir(parents=True, exist_ok=True)
    identity = {
        "manifest": release.manifest_sha256,
        "rules": RULES_VERSION,
        "software": __version__,
        "log_key": request.log_key.encode() if request.log_key else "",
    }
    try:
        state = StateFile(request.state)
        is_ours = state.identify(identity)
    except sqlite3.Error as error:
        raise StateOfAnother(
            _("{path} is no state of a replay: {why}. Name another file with --state.").format(
                path=request.state, why=error
            )
        ) from error
    if not is_ours:
        state.close()
        raise StateOfAnother(
            _("{path} is the state of another release or version. Remove it, or name another with --state.").format(
                path=request.state
            )
        )  # fmt: skip
    return state


def _run_step(
    step: str,
    workers: Workers,
    release: OpenRelease,
    state: StateFile,
    progress: Callable[[str, int, int], None],
) -> None:
    parts = _parts(step, release, state)
    left = [part for part in parts if not state.is_done(step, part)]
    n_done = len(parts) - len(left)
    progress(step, n_done, len(parts))
    for part, outcome in workers.outcomes(step, left):
        state.finish(step, part, outcome)
        n_done += 1
        progress(step, n_done, len(parts))


def _parts(step: str, release: OpenRelease, state: StateFile) -> list[str]:
    if step == "boards":
        return board_step.parts(state)
    of_step: dict[str, Callable[[OpenRelease], list[str]]] = {
        "files": files_step.parts,
        "tables": table_step.parts,
        "log": log_step.parts,
        "evidence": evidence_step.parts,
        "verdicts": verdict_step.parts,
        "snapshots": snapshot_step.parts,
    }
    return of_step[step](release)
