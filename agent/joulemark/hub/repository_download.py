"""A repository's files, downloaded into the cache: the small ones together, then the large ones one after the other.

A large file whose digest is stated comes by ourselves, so that it goes on where a connection broke; the library only
finds its place. Each file is verified, and noted, once it is there.
"""

from __future__ import annotations

import glob
import os
from functools import partial
from typing import TYPE_CHECKING

from joulemark.errors import NotVerified
from joulemark.hub.byte_count import ByteCount, UnseenBar, bar_for
from joulemark.hub.cache_folder import require_space
from joulemark.hub.client import HubClient, NotGiven, RepositoryEntry
from joulemark.hub.fetch_errors import gated, of_disk, vanished
from joulemark.hub.library import FILE_LIMITS, call_persistently
from joulemark.hub.missing import damaged_files, has_size, rows_in, rows_needed
from joulemark.hub.part_download import OtherBytes, fetch_blob, part_of, size_of
from joulemark.hub.verified_files import (
    discard,
    discard_if_there,
    is_sha256,
    sha256_in_name,
    verify_file,
    wrong_digest,
)
from joulemark.suite import DataSet, Model
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.hub.fetched_files import FetchLog
    from joulemark.hub.library import HubAccess
    from joulemark.hub.missing import FetchTarget
    from joulemark.hub.survey import Survey


class Arrivals:
    """Notes the files of a repository that came and were not there before."""

    def __init__(self, survey: Survey, log: FetchLog | None) -> None:
        self._target, self._log = survey.target, log
        self._is_new = not survey.target.folder.parents[1].exists()
        files = (*survey.small, *survey.large)
        self._absent = {file.path for file in files if not os.path.lexists(survey.target.folder / file.path)}

    def note(self, *files: RepositoryEntry) -> None:
        """These files are there now."""
        names = [file.path for file in files if file.path in self._absent]
        if self._log is not None and names:
            self._log.add(self._target, names, is_new=self._is_new)


def download_repository(survey: Survey, hub: HubAccess, arrivals: Arrivals, count: ByteCount) -> None:
    """Small files first: once the last of the weights is there, so is all that they need."""
    from huggingface_hub import snapshot_download

    target = survey.target
    damaged = damaged_files(target)
    for pinned in damaged:
        discard_if_there(target.folder / pinned.name)
    if survey.small:
        new_bytes = sum(file.size for file in survey.small if not (target.folder / file.path).is_file())
        name = survey.small[0].path
        attempt = partial(
            snapshot_download,
            target.hub_id,
            repo_type=target.kind[:-1],
            revision=target.revision,
            cache_dir=target.cache,
            endpoint=hub.origin,
            token=hub.token or False,
            allow_patterns=[glob.escape(file.path) for file in survey.small],
            tqdm_class=UnseenBar,
        )
        call_persistently(attempt, target, name, hub)
        arrivals.note(*survey.small)
        count.whole(name, new_bytes)
    for pinned in damaged:
        verify_file(target, RepositoryEntry(type="file", path=pinned.name, size=pinned.bytes), pinned.sha256)
    if isinstance(target.entry, Model):
        digests = {file.name: file.sha256 for file in target.entry.files}
        for file in survey.large:
            if not has_size(target.folder / file.path, file.size):
                _fetch_large(target, file, hub, count, digests[file.path])
                verify_file(target, file, digests[file.path])
                arrivals.note(file)
    else:
        _fetch_shards(survey, target.entry, hub, arrivals, count)


def _fetch_shards(
    survey: Survey, dataset: DataSet, hub: HubAccess, arrivals: Arrivals, count: ByteCount
) -> None:
    """Shard by shard until the rows are there."""
    needed, rows, fetched = rows_needed(dataset), 0, 0
    for file in survey.large:
        path = survey.target.folder / file.path
        here = rows_in(path)
        if here is None:
            if fetched:
                count.expect(file.size)
            _fetch_large(survey.target, file, hub, count, None if file.lfs is None else file.lfs.oid)
            verify_file(survey.target, file, sha256_in_name(path))
            arrivals.note(file)
            fetched, here = fetched + 1, rows_in(path)
        if here is None:
            discard(path)
            raise NotVerified(
                _(
                    "The file {path} of the {name} is not a complete Parquet file and was deleted: "
                    "the next fetch downloads it again."
                ).format(path=file.path, name=survey.target.name),
                code="broken-file",
            )
        rows += here
        if needed is not None and rows >= needed:
            return


def _fetch_large(
    target: FetchTarget, file: RepositoryEntry, hub: HubAccess, count: ByteCount, sha256: str | None
) -> None:
    """Fetch a large file: its bytes by ourselves where its digest is known, its place in the cache by the library."""
    from huggingface_hub import hf_hub_download

    discard_if_there(target.folder / file.path)
    if is_sha256(sha256):
        _fetch_blob(target, file, hub, count, sha256)
    else:
        require_space(target.cache, file.size)

    def attempt() -> None:
        count.again()
        hf_hub_download(
            target.hub_id,
            file.path,
            repo_type=target.kind[:-1],
            revision=target.revision,
            cache_dir=target.cache,
            endpoint=hub.origin,
            token=hub.token or False,
            tqdm_class=bar_for(count, file.path),
        )

    call_persistently(attempt, target, file.path, hub)
    count.whole(file.path, file.size)


def _fetch_blob(
    target: FetchTarget, file: RepositoryEntry, hub: HubAccess, count: ByteCount, sha256: str
) -> None:
    part = part_of(target, sha256)
    require_space(target.cache, max(0, file.size - size_of(part)))

    def begin(here_bytes: int) -> None:
        count.again()
        count.part(file.path, here_bytes)

    try:
        with HubClient(hub.origin, token=hub.token, limits=FILE_LIMITS) as client:
            fetch_blob(client, target, file, sha256, begin=begin, received=partial(count.part, file.path))
    except NotGiven as error:
        raise (gated(target) if error.reason == "gated" else vanished(target, file.path)) from error
    except OtherBytes as error:
        raise wrong_digest(target, file, error.sha256, sha256) from error
    except OSError as error:
        raise of_disk(error, target.cache) from error
