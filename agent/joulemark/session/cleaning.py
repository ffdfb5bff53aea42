"""What this agent has fetched and no open job needs any more: models and data sets in the hub's cache, parts of files
whose download was broken off, and suites.

A job is open while no session has finished it, or while a session that means it has not. Suites count that a session
measures, that were fetched in advance, or that were joined, as long as they can be had and their platform, when it was
asked last, did not call them former. Results, keys and what others have put into the cache are out of reach.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.errors import UsageError
from joulemark.hub.fetched_files import FetchLog, Removal, removal_of, remove
from joulemark.hub.interrupted_downloads import InterruptedDownload, interrupted_downloads, remove_part
from joulemark.joined import read_joined
from joulemark.outbox import Outbox
from joulemark.session import state, suite_source, suite_store
from joulemark.session.machine_lock import only_run
from joulemark.session.plan import Filter
from joulemark.suite.hub_files import repository_folder
from joulemark.translation import gettext as _
from joulemark.workloads.hub_cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.config import Config
    from joulemark.hub.fetched_files import FetchedRepository
    from joulemark.outbox import OutboxResult
    from joulemark.session.state import Session
    from joulemark.suite import Job, Suite

Repository = tuple[str, str, str]
"""Kind, name on the hub and commit."""


@dataclass(frozen=True, kw_only=True)
class StoredSuite:
    """The archive of a suite that a platform handed out and calls former now."""

    digest: str
    path: Path
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What open jobs need: repositories, and of their models the digests of files."""

    repositories: frozenset[Repository] = frozenset()
    digests: frozenset[str] = frozenset()

    def resumes(self, part: InterruptedDownload) -> bool:
        """Whether a later run goes on with a download: a data set's files have no stated digest."""
        datasets = {
            repository_folder("datasets", hub_id)
            for kind, hub_id, _commit in self.repositories
            if kind == "datasets"
        }
        return part.sha256 in self.digests or part.folder in datasets


@dataclass(frozen=True, kw_only=True)
class Cleaning:
    """What can go, and the repositories that stay because an open job needs them."""

    removals: tuple[Removal, ...]
    parts: tuple[InterruptedDownload, ...]
    views: tuple[Path, ...]
    suites: tuple[StoredSuite, ...]
    needed: tuple[FetchedRepository, ...]

    @property
    def size_bytes(self) -> int:
        """The bytes that the cleaning frees."""
        freed = sum(removal.size_bytes for removal in self.removals)
        freed += sum(part.size_bytes for part in self.parts)
        return freed + sum(suite.size_bytes for suite in self.suites)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to free."""
        return not any(removal.links for removal in self.removals) and not self.parts and not self.suites


def plan_cleaning(config: Config, *, everything: bool = False) -> Cleaning:
    """What can be freed; with `everything` also what open jobs need. Looks at the disk and changes nothing.

    Raises UsageError for notes or sessions that cannot be read: what they need is not known then.
    """
    log = FetchLog(config.folders.fetched)
    needed = Needs() if everything else needs_of_open_jobs(config)
    repositories = log.repositories()
    caches = {Path(repository.cache) for repository in repositories} | {cache_folder()}
    free = [repository for repository in repositories if _name(repository) not in needed.repositories]
    views = (
        config.folders.cache
        / "snapshots"
        / repository_folder(repository.kind, repository.hub_id)
        / repository.revision
        for repository in free
    )
    return Cleaning(
        removals=tuple(removal_of(free)),
        parts=tuple(part for part in interrupted_downloads(sorted(caches)) if not needed.resumes(part)),
        views=tuple(view for view in views if view.is_dir()),
        suites=tuple(_former_suites(config, everything=everything)),
        needed=tuple(repository for repository in repositories if _name(repository) in needed.repositories),
    )


def clean(config: Config, planned: Cleaning, *, everything: bool = False) -> Cleaning:
    """Free of what was planned all that can still go, while no run measures; what was freed.

    Raises RunInProgress, UsageError or StorageError.
    """
    log = FetchLog(config.folders.fetched)
    with only_run():
        now = plan_cleaning(config, everything=everything)
        meant = {_name(removal.repository) for removal in planned.removals}
        removals = tuple(removal for removal in now.removals if _name(removal.repository) in meant)
        views = tuple(view for view in now.views if view in planned.views)
        suites = tuple(suite for suite in now.suites if suite in planned.suites)
        paths = {part.path for part in planned.parts}
        parts = tuple(part for part in now.parts if part.path in paths and remove_part(part))
        for removal in removals:
            remove(removal, log)
        for view in views:
            shutil.rmtree(view, ignore_errors=True)
        for suite in suites:
            suite.path.unlink(missing_ok=True)
    return Cleaning(removals=removals, parts=parts, views=views, suites=suites, needed=now.needed)


def needs_of_open_jobs(config: Config) -> Needs:
    """The pinned models and data sets of every open job. Raises UsageError."""
    sessions, unreadable = state.stored_sessions(config.folders)
    if unreadable:
        raise UsageError(
            _(
                "{unreadable} cannot be read as a session, so it is unknown what it still needs. "
                "Remove it, or remove everything that was fetched with `--all`."
            ).format(unreadable=unreadable[0])
        )
    results = list(Outbox(config.folders).results())
    repositories: set[Repository] = set()
    digests: set[str] = set()
    for suite in _open_suites(config, sessions):
        for job in open_jobs(
            suite, [session for session in sessions if session.suite_digest == suite.digest], results
        ):
            repositories |= set(_repositories(suite, job))
            digests |= {file.sha256 for file in suite.model(job.model).files}
    return Needs(repositories=frozenset(repositories), digests=frozenset(digests))


def open_jobs(suite: Suite, sessions: list[Session], results: list[OutboxResult]) -> list[Job]:
    """The jobs of a suite that no session has finished, or that a session means and has not finished."""
    finished = [set(state.finished_of(session, results)) for session in sessions]
    meant = [_filter(session) for session in sessions]
    return [
        job
        for job in suite.jobs
        if not any(job.key in done for done in finished)
        or any(which.takes(job) and job.key not in done for which, done in zip(meant, finished, strict=True))
    ]


def _filter(session: Session) -> Filter:
    options = session.asked
    if options is None:
        return Filter()
    return Filter(only=options.only, tasks=options.tasks, datasets=options.datasets, models=options.models)


def _open_suites(config: Config, sessions: list[Session]) -> Iterator[Suite]:
    """Each suite once, by its digest."""
    former = _former_digests(config)
    names = {session.suite_digest: session.asked.suite for session in sessions if session.asked is not None}
    names |= {suite.digest: suite.name for suite in FetchLog(config.folders.fetched).suites()}
    names |= dict(_joined_suite(config))
    for digest, name in names.items():
        suite = None if digest in former else _find(name, digest, config)
        if suite is not None:
            yield suite


def _find(name: str, digest: str, config: Config) -> Suite | None:
    """The suite of this digest; None where it cannot be had any more, so that no job of it can run."""
    if "/" not in name:
        return suite_source.find_suite_of_digest(name.partition("@")[0], digest, config=config)
    try:
        suite = suite_source.find_suite(name, config=config).suite
    except UsageError:
        return None
    return suite if suite.digest == digest else None


def _joined_suite(config: Config) -> Iterator[tuple[str, str]]:
    """Digest and name of the suite that a run without `--suite` measures, as its platform offered it last."""
    joined = read_joined(config.folders.joined)
    if joined is None or joined.suite is None:
        return
    remembered = suite_store.remembered_offers(config.folders, joined.origin)
    current = None if remembered is None else remembered.offers.current(joined.suite)
    if current is not None:
        yield current.digest, current.name


def _former_digests(config: Config) -> frozenset[str]:
    """Suites that a platform handed out and of which none says any more that they are current."""
    offered = [
        suite for remembered in suite_store.all_offers(config.folders) for suite in remembered.offers.suites
    ]
    current = {suite.digest for suite in offered if suite.current}
    return frozenset(suite.digest for suite in offered) - current


def _former_suites(config: Config, *, everything: bool) -> Iterator[StoredSuite]:
    """The archives that are no longer current; with `everything` all of them."""
    former = _former_digests(config)
    for path in sorted(config.folders.suites.glob("*.tar")):
        if everything or path.stem in former:
            yield StoredSuite(digest=path.stem, path=path, size_bytes=path.stat().st_size)


def _repositories(suite: Suite, job: Job) -> Iterator[Repository]:
    for kind, entry in (("models", suite.model(job.model)), ("datasets", suite.dataset(job.dataset))):
        if entry.hub_id is not None and entry.revision is not None:
            yield kind, entry.hub_id, entry.revision


def _name(repository: FetchedRepository) -> Repository:
    return repository.kind, repository.hub_id, repository.revision
