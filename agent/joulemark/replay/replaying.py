"""A replay from its first step to its report: what is done is kept, what is left is done, in one or more processes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from joulemark import __version__
from joulemark.errors import UsageError
from joulemark.reader.release import open_release, table_libraries
from joulemark.replay import (
    board_step,
    evidence_step,
    files_step,
    log_step,
    snapshot_step,
    table_step,
    verdict_step,
)
from joulemark.replay.state_file import NoStateFile, StateFile
from joulemark.replay.state_lock import StateLock, StateLocked
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
    """The state file is of another release, of other software, or no state of a replay."""

    code = "JM-REPLAY-OTHER-STATE"


class StateInUse(UsageError):
    """Another replay works with the state file."""

    code = "JM-REPLAY-STATE-IN-USE"


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """What is replayed, where its state is kept, and by how many processes.

    Without a `state` it is a file of the cache that has the name of the release's manifest. `is_fresh`: what was done
    before is forgotten.
    """

    source: str
    name: str | None
    state: Path | None = None
    is_fresh: bool = False
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

    Raises AgentError where there is no such release, its state file is of another one or in use, a library is missing,
    or a file of an address cannot be read: what was done is kept then, and a later replay goes on.
    """
    table_libraries()
    release = open_release(request.source, request.name, cache=request.cache)
    place = request.state or _state_place(release)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with StateLock(place):
            return _replay_alone(request, release, place, progress)
    except StateLocked as error:
        raise StateInUse(
            _("Another replay uses {path}. Wait until it has ended, or name another file with --state.").format(
                path=place
            )
        ) from error  # fmt: skip


def _state_place(release: OpenRelease) -> Path:
    import platformdirs

    name = f"{release.manifest_sha256[:16]}.sqlite3"
    return platformdirs.user_cache_path("joulemark") / "replays" / name


def _replay_alone(
    request: ReplayRequest, release: OpenRelease, place: Path, progress: Callable[[str, int, int], None]
) -> ReplayReport:
    state = _open_state(request, release, place)
    opened = Opened(request.source, release.name, request.cache, place, request.log_key)
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


def _open_state(request: ReplayRequest, release: OpenRelease, place: Path) -> StateFile:
    identity = {
        "manifest": release.manifest_sha256,
        "rules": RULES_VERSION,
        "software": __version__,
        "log_key": request.log_key.encode() if request.log_key else "",
    }
    try:
        state = StateFile(place)
        if request.is_fresh:
            state.remove()
            state = StateFile(place)
        is_ours = state.identify(identity)
    except (NoStateFile, sqlite3.Error) as error:
        raise StateOfAnother(
            _("{path} is no state of a replay. Name another file with --state.").format(path=place)
        ) from error
    if not is_ours:
        state.close()
        raise StateOfAnother(
            _(
                "{path} is the state of another release or version. Begin anew with --fresh, or name another file "
                "with --state."
            ).format(path=place)
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
