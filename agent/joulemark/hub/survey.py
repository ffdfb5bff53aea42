"""What is to come of a repository: its files, out of the cache or asked of the hub, and the bytes that are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.hub.client import HubClient, NotGiven, RepositoryEntry
from joulemark.hub.fetch_errors import gated, no_parquet, vanished
from joulemark.hub.missing import cached_listing, damaged_files, has_size, rows_in
from joulemark.hub.needed_files import beside_rows, beside_weights
from joulemark.suite import Model
from joulemark.suite.hub_files import split_files

if TYPE_CHECKING:
    from joulemark.hub.missing import FetchTarget


@dataclass(frozen=True)
class Survey:
    """What is to come of a repository: `small` files, then `large` ones in order, weights or shards, with their bytes.

    `size_bytes` is what is missing: of a data set at least, because only a shard's footer tells how many are needed.
    """

    target: FetchTarget
    small: tuple[RepositoryEntry, ...]
    large: tuple[RepositoryEntry, ...]
    size_bytes: int


def survey(target: FetchTarget, client: HubClient) -> Survey:
    """Ask the hub, or the cache where it knows, for the files of a repository. Raises NotOnHub or Unreachable."""
    files = cached_listing(target)
    if files is None:
        try:
            files = client.files(target.kind, target.hub_id, target.revision)
        except NotGiven as error:
            raise (gated if error.reason == "gated" else vanished)(target) from error
    entry = target.entry
    if isinstance(entry, Model):
        small = beside_weights(files)
        large = tuple(RepositoryEntry(type="file", path=file.name, size=file.bytes) for file in entry.files)
        missing = [file for file in large if not has_size(target.folder / file.path, file.size)]
    else:
        small = beside_rows(files)
        sizes = {file.path: file for file in files}
        large = tuple(sizes[name] for name in split_files(sizes, entry))
        if not large:
            raise no_parquet(target)
        missing = [file for file in large if rows_in(target.folder / file.path) is None][:1]
    again = {file.name for file in damaged_files(target)}
    missing += [file for file in small if file.path in again or not (target.folder / file.path).is_file()]
    return Survey(target, small, large, sum(file.size for file in missing))
