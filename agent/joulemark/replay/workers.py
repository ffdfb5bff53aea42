"""Who does the parts of a replay: this process, or several that open the release and the state file for reading."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cached_property
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from joulemark.errors import AgentError
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
from joulemark.replay.suites import ReleaseSuites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from joulemark.log.notes import VerifierKey
    from joulemark.reader.release import OpenRelease
    from joulemark.replay.state_file import PartOutcome

PARTS_AHEAD = 2
"""Parts a process that wait or are ready: so few outcomes are held at once."""

ONE_AFTER_THE_OTHER = ("log",)
"""Steps for one process: the log's root grows entry by entry."""


class Opened(NamedTuple):
    """What another process needs to open the same release and the same state file."""

    source: str
    name: str | None
    cache: Path | None
    state: Path
    log_key: VerifierKey | None


class Worker:
    """What one process has open: the release, the state file, the suites."""

    def __init__(self, release: OpenRelease, state: StateFile, log_key: VerifierKey | None) -> None:
        suites = ReleaseSuites(release)
        self._steps: dict[str, Callable[[str], PartOutcome]] = {
            "files": lambda part: files_step.run(release, part, log_key=log_key),
            "tables": lambda part: table_step.run(release, part),
            "log": log_step.LogReader(release, state, log_key=log_key).run,
            "evidence": evidence_step.EvidenceReader(release, state, suites).run,
            "verdicts": verdict_step.VerdictReader(release, state, suites).run,
            "snapshots": lambda part: snapshot_step.run(release, state, suites, part),
            "boards": board_step.BoardReader(state).run,
        }

    def run(self, step: str, part: str) -> PartOutcome:
        """Do one part of a step."""
        return self._steps[step](part)


class Workers:
    """The processes of one replay: started when there are two parts to do at once, and kept for the steps after."""

    def __init__(self, release: OpenRelease, state: StateFile, opened: Opened, *, jobs: int) -> None:
        self._release, self._state, self._opened, self._jobs = release, state, opened, jobs
        self._started: ProcessPoolExecutor | None = None

    @cached_property
    def _here(self) -> Worker:
        return Worker(self._release, self._state, self._opened.log_key)

    def outcomes(self, step: str, parts: list[str]) -> Iterator[tuple[str, PartOutcome]]:
        """The outcome of each part of a step, in their order."""
        if step in ONE_AFTER_THE_OTHER or self._jobs == 1 or len(parts) < 2:
            for part in parts:
                yield part, self._here.run(step, part)
            return
        pool = self._pool()
        waiting: deque[tuple[str, Future[PartOutcome]]] = deque()
        for part in parts:
            waiting.append((part, pool.submit(_run_in_worker, step, part)))
            if len(waiting) >= PARTS_AHEAD * self._jobs:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()

    def _pool(self) -> ProcessPoolExecutor:
        if self._started is None:
            self._started = ProcessPoolExecutor(
                self._jobs,
                mp_context=get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._opened,),
            )
        return self._started

    def end(self) -> None:
        """End the other processes; what was not begun stays undone."""
        if self._started is not None:
            self._started.shutdown(wait=True, cancel_futures=True)


_worker: Worker | AgentError | None = None


def _start_worker(opened: Opened) -> None:
    """Open what the parts need; why that failed is raised by the first part, since a pool tells nobody."""
    global _worker  # noqa: PLW0603 - what a process of the pool has open
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        release = open_release(opened.source, opened.name, cache=opened.cache)
        _worker = Worker(release, StateFile(opened.state, for_reading=True), opened.log_key)
    except AgentError as error:
        _worker = error


def _end_with_parent() -> None:
    """A replay that is killed leaves no process that waits for work for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _run_in_worker(step: str, part: str) -> PartOutcome:
    if _worker is None:
        raise RuntimeError("the process was not started")
    if isinstance(_worker, AgentError):
        raise _worker
    return _worker.run(step, part)
