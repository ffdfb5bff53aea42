"""What this agent has fetched into the hub's cache, file by file: all that it may ever take out of it again.

The cache belongs to all programs of Hugging Face's libraries. A file is written down when it came through this agent
and was not there before, with the blob that its link led to; what another program has put there since is another blob.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from joulemark import durable
from joulemark.errors import UsageError
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.suite.hub_files import RepositoryKind, repository_folder
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.hub.missing import FetchTarget

T = TypeVar("T", bound=Record)

SUITES = "suites"


class FetchedFile(Record, frozen=True, kw_only=True):
    """A file of a snapshot by its path there, and the place that it lay at, relative to the repository's folder."""

    name: str
    place: str


class FetchedRepository(Record, frozen=True, kw_only=True):
    """The files of one commit that this agent fetched. `is_new`: the cache had nothing of the repository before."""

    cache: str
    kind: RepositoryKind
    hub_id: str
    revision: str
    is_new: bool
    files: tuple[FetchedFile, ...] = ()

    @property
    def folder(self) -> Path:
        """The repository's folder in the cache."""
        return Path(self.cache) / repository_folder(self.kind, self.hub_id)

    @property
    def snapshot(self) -> Path:
        """The folder of the commit's files."""
        return self.folder / "snapshots" / self.revision


class SuiteName(Record, frozen=True, kw_only=True):
    """A suite whose files were fetched in advance: how it is called on the command line, and its digest."""

    name: str
    digest: str


@dataclass(frozen=True)
class FetchLog:
    """The agent's own notes in `folder`: one file for each commit of a repository, and one for each suite."""

    folder: Path

    def add(self, missing: FetchTarget, names: Iterable[str], *, is_new: bool) -> None:
        """Note files of a repository that have come now. Raises StorageError."""
        arrived = [
            FetchedFile(name=name, place=place)
            for name in names
            if (place := place_of(missing.folder / name, missing.cache / _folder_name(missing))) is not None
        ]
        if not arrived:
            return
        path = self._path(missing.cache, missing.kind, missing.hub_id, missing.revision)
        before = _read(path, FetchedRepository) if path.exists() else None
        repository = before or FetchedRepository(
            cache=str(missing.cache),
            kind=missing.kind,
            hub_id=missing.hub_id,
            revision=missing.revision,
            is_new=is_new,
        )
        files = {file.name: file for file in (*repository.files, *arrived)}
        durable.write(path, encode(replace(repository, files=tuple(files.values()))) + b"\n")

    def repositories(self) -> list[FetchedRepository]:
        """Everything that was fetched and not freed since, in the order of names. Raises UsageError."""
        repositories = [_read(path, FetchedRepository) for path in self.folder.glob("*.json")]
        return sorted(
            repositories, key=lambda repository: (repository.kind, repository.hub_id, repository.revision)
        )

    def forget(self, repository: FetchedRepository) -> None:
        """The repository's files are gone."""
        path = self._path(Path(repository.cache), repository.kind, repository.hub_id, repository.revision)
        path.unlink(missing_ok=True)

    def add_suite(self, name: str, digest: str) -> None:
        """Note that a suite's files were asked for in advance. Raises StorageError."""
        data = encode(SuiteName(name=name, digest=digest)) + b"\n"
        durable.write(self.folder / SUITES / f"{digest}.json", data)

    def suites(self) -> list[SuiteName]:
        """The suites whose files were asked for in advance. Raises UsageError."""
        return [_read(path, SuiteName) for path in sorted((self.folder / SUITES).glob("*.json"))]

    def _path(self, cache: Path, kind: str, hub_id: str, revision: str) -> Path:
        key = hashlib.sha256("\0".join((str(cache), kind, hub_id, revision)).encode()).hexdigest()
        return self.folder / f"{key[:32]}.json"


@dataclass(frozen=True)
class Removal:
    """Files of one repository that can go: links and files of snapshots, and blobs that nothing else leads to."""

    repository: FetchedRepository
    links: tuple[Path, ...]
    blobs: tuple[Path, ...]
    size_bytes: int


def removal_of(repositories: Iterable[FetchedRepository]) -> list[Removal]:
    """What goes when the fetched files of these commits go. Looks at the disk and changes nothing.

    Of each commit only files that still lead to where they did when they were fetched. A blob stays while a link of
    another commit, or of another program, leads to it.
    """
    commits = list(repositories)
    ours = {
        repository.snapshot / file.name: repository.folder / file.place
        for repository in commits
        for file in repository.files
        if place_of(repository.snapshot / file.name, repository.folder) == file.place
    }
    counted: set[Path] = set()
    removals = []
    for repository in commits:
        links = tuple(path for path in ours if path.is_relative_to(repository.snapshot))
        others = _places_of_others(repository.folder, ours)
        blobs = {ours[link] for link in links if ours[link] != link} - others - counted
        counted |= blobs
        plain = [link for link in links if ours[link] == link]
        size_bytes = sum(path.stat().st_size for path in (*blobs, *plain) if path.is_file())
        removals.append(Removal(repository, links, tuple(sorted(blobs)), size_bytes))
    return removals


def remove(removal: Removal, log: FetchLog) -> None:
    """Delete what can go, folders that are empty then, and the note. Raises StorageError."""
    repository = removal.repository
    try:
        for path in (*removal.links, *removal.blobs):
            path.unlink(missing_ok=True)
        for link in removal.links:
            _remove_empty(link.parent, up_to=repository.folder)
        _remove_empty(repository.folder / "blobs", up_to=repository.folder)
        if repository.is_new and not any(
            (repository.folder / part).exists() for part in ("snapshots", "blobs")
        ):
            _remove_notes_of_library(repository.folder)
    except OSError as error:
        raise durable.translated(error, repository.folder) from error
    log.forget(repository)


def place_of(path: Path, folder: Path) -> str | None:
    """Where a file of a snapshot lies, relative to the repository's folder, behind one link; None where it is not."""
    if not path.is_file():
        return None
    real = Path(path.parent / path.readlink()) if path.is_symlink() else path
    try:
        return real.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None


def _places_of_others(folder: Path, ours: dict[Path, Path]) -> set[Path]:
    """Where links of the repository's snapshots lead that are not among ours."""
    others = set()
    for path in (folder / "snapshots").rglob("*"):
        if path not in ours and (place := place_of(path, folder)) is not None:
            others.add(folder / place)
    return others


def _remove_empty(folder: Path, *, up_to: Path) -> None:
    """Remove a folder and those above it while they are empty, below `up_to`."""
    while folder != up_to and folder.is_relative_to(up_to):
        with suppress(FileNotFoundError):
            if any(folder.iterdir()):
                return
            folder.rmdir()
        folder = folder.parent


def _remove_notes_of_library(folder: Path) -> None:
    """What the hub's library notes of a repository (names of branches, listings), once none of its files is left."""
    shutil.rmtree(folder)


def _folder_name(missing: FetchTarget) -> str:
    return repository_folder(missing.kind, missing.hub_id)


def _read(path: Path, kind: type[T]) -> T:
    try:
        return decode(path.read_bytes(), kind, what="note of what was fetched")
    except (OSError, RecordError) as error:
        raise UsageError(
            _(
                "{path} cannot be read, so it is unknown what was fetched: {error} Remove it; the "
                "files that it listed then stay in the hub's cache."
            ).format(path=path, error=error)
        ) from error
