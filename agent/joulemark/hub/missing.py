"""What is missing in the hub's cache for jobs of a suite. Only the disk is asked."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark import network
from joulemark.errors import WorkloadUnavailable
from joulemark.hub.client import RepositoryEntry
from joulemark.hub.needed_files import beside_weights, configurations
from joulemark.suite import DataSet, Model, require_pinned
from joulemark.suite.hub_files import RepositoryKind, ends_with_these, repository_folder, split_files
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from joulemark.suite import Job, Suite
    from joulemark.suite.schema import PinnedFile


@dataclass(frozen=True)
class FetchTarget:
    """A pinned model or data set of which something is missing in `cache`."""

    entry: Model | DataSet
    cache: Path

    @property
    def kind(self) -> RepositoryKind:
        """Whether it is a model's repository or a data set's."""
        return "models" if isinstance(self.entry, Model) else "datasets"

    @property
    def hub_id(self) -> str:
        """The name of its repository on the hub."""
        return str(self.entry.hub_id)

    @property
    def revision(self) -> str:
        """The commit that the suite pins."""
        return str(self.entry.revision)

    @property
    def name(self) -> str:
        """How it is called in a sentence."""
        return (_("model {id}") if self.kind == "models" else _("data set {id}")).format(id=self.entry.id)

    @property
    def folder(self) -> Path:
        """Where the pinned commit's files lie once they are fetched."""
        return self.cache / repository_folder(self.kind, self.hub_id) / "snapshots" / self.revision


@dataclass(frozen=True)
class Fetch:
    """What is to be fetched, each repository once."""

    targets: tuple[FetchTarget, ...]


def plan_fetch(suite: Suite, *jobs: Job, cache: Path) -> Fetch | None:
    """What the cache lacks for these jobs; None when nothing. What the suite's lock calls unavailable is left out.

    A weights file counts when it has its pinned size, a data set when its first shards hold the rows that are needed.
    Raises NotPinned, or WorkloadUnavailable where the libraries of ``joulemark[run]`` are missing.
    """
    require_pinned(suite)
    entries = dict.fromkeys(_entries(suite, jobs))
    if not entries:
        return None
    require_libraries()
    targets = tuple(
        target
        for target in (FetchTarget(entry, cache) for entry in _by_name(suite, entries))
        if not _is_whole(target)
    )
    return Fetch(targets) if targets else None


def missing_bytes(target: FetchTarget) -> int | None:
    """The bytes that a fetch of the repository will bring, as far as the suite and the cache know; None of a data set.

    Which shards of a data set hold the rows, and how large they are, is for the hub to tell.
    """
    if not isinstance(target.entry, Model):
        return None
    weights = (file for file in target.entry.files if not has_size(target.folder / file.name, file.bytes))
    return sum(file.bytes for file in weights) + sum(file.bytes for file in damaged_files(target))


def require_libraries() -> None:
    """Raises WorkloadUnavailable, with the command to run, unless the libraries that fetch and read are there.

    Raises UsageError for a setting of theirs that would break them.
    """
    from importlib.util import find_spec

    if missing := [name for name in ("huggingface_hub", "pyarrow") if find_spec(name) is None]:
        raise WorkloadUnavailable(
            _("These libraries are not installed: {missing}. Run `pip install {packages}`.").format(
                missing=", ".join(missing), packages=" ".join(missing)
            )
        )
    network.require_numbers()


def cached_listing(target: FetchTarget) -> tuple[RepositoryEntry, ...] | None:
    """The files of the pinned commit as huggingface_hub has noted them when it fetched some; None where it has not."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        listing = get_cached_repo_tree(
            target.hub_id, repo_type=target.kind[:-1], revision=target.revision, cache_dir=target.cache
        )
    except CachedRepoTreeNotFoundError:
        return None
    return tuple(RepositoryEntry(type="file", path=file.path, size=file.size) for file in listing)


def rows_needed(dataset: DataSet) -> int | None:
    """How many rows of the split are read; None where only reading them tells."""
    return dataset.take or (None if dataset.drop_rows else dataset.keep)


def rows_in(path: Path) -> int | None:
    """The number of rows that a Parquet file's footer states; None where it is no whole Parquet file."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    except (ArrowException, OSError):
        return None


def is_forbidden() -> bool:
    """Whether the environment forbids to ask the hub, in the words of the hub's libraries."""
    return any(
        os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def has_size(path: Path, size_bytes: int) -> bool:
    """Whether the file is there and as large as that."""
    return path.is_file() and path.stat().st_size == size_bytes


def damaged_files(target: FetchTarget) -> tuple[PinnedFile, ...]:
    """The small files that the suite pins and that are not there with their digest: to be fetched, or fetched again."""
    pinned = target.entry.beside if isinstance(target.entry, Model) else None
    return tuple(file for file in pinned or () if not _has_digest(target.folder / file.name, file))


def _has_digest(path: Path, file: PinnedFile) -> bool:
    if not has_size(path, file.bytes):
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _entries(suite: Suite, jobs: tuple[Job, ...]) -> Iterator[tuple[str, str]]:
    for job in jobs:
        if suite.model(job.model).hub_id and suite.model(job.model).revision:
            yield "model", job.model
        if suite.dataset(job.dataset).hub_id and suite.dataset(job.dataset).revision:
            yield "data set", job.dataset


def _by_name(suite: Suite, names: dict[tuple[str, str], None]) -> Iterator[Model | DataSet]:
    for what, name in names:
        yield suite.model(name) if what == "model" else suite.dataset(name)


def _is_whole(target: FetchTarget) -> bool:
    entry = target.entry
    if isinstance(entry, Model):
        return (
            all(has_size(target.folder / file.name, file.bytes) for file in entry.files)
            and all((target.folder / name).is_file() for name in _beside(target, entry))
            and not damaged_files(target)
        )
    return _has_rows(target, entry)


def _beside(target: FetchTarget, model: Model) -> tuple[str, ...]:
    listing = cached_listing(target)
    if model.beside is not None:
        return tuple(file.name for file in model.beside)
    return configurations(model) if listing is None else tuple(file.path for file in beside_weights(listing))


def _has_rows(target: FetchTarget, dataset: DataSet) -> bool:
    here = [
        path.relative_to(target.folder).as_posix()
        for path in target.folder.rglob("*.parquet")
        if path.is_file()
    ]
    listing = cached_listing(target)
    shards = split_files(here if listing is None else (file.path for file in listing), dataset)
    needed, rows = rows_needed(dataset), 0
    for shard in shards:
        n_rows = rows_in(target.folder / shard)
        if n_rows is None:
            return False
        rows += n_rows
        if needed is not None and rows >= needed:
            return True
    return bool(shards) and (listing is not None or ends_with_these(shards))
