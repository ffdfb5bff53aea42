"""The entries of a log, read on from where somebody left off and hashed again up to a signed root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.audit.findings import InvalidLog
from joulemark.log import leaf as leaves
from joulemark.log.merkle import leaf_hash
from joulemark.log.tiles import TILE_WIDTH, Tile, entry_bundles
from joulemark.record.errors import RecordError
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.audit.client import Platform
    from joulemark.log.checkpoints import Checkpoint
    from joulemark.log.frontier import Frontier
    from joulemark.log.leaf import LogLeaf


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """Entry `index` of the log; `leaf` is None when its bytes are no entry that we can read, and `fault` says why."""

    index: int
    leaf: LogLeaf | None
    fault: RecordError | None = None


def read_entries(
    platform: Platform, frontier: Frontier, checkpoint: Checkpoint, *, passing: Checkpoint | None
) -> Iterator[list[LogEntry]]:
    """The entries from `frontier` to `checkpoint`, a bundle at a time, each added to `frontier`.

    Each bundle is compared with its tile of hashes. `passing` is an older checkpoint on the way: its root is asked for
    when its size is reached. The entries may be believed when all were read without Broken (JM-LOG-ENTRIES,
    JM-LOG-FORK, JM-LOG-MISSING).
    """
    _require_root(frontier, passing)
    for bundle in entry_bundles(frontier.size, checkpoint.size):
        entries = platform.entries(bundle)
        hashes = [leaf_hash(entry) for entry in entries]
        first = bundle.index * TILE_WIDTH
        _require_tile(platform.tile(Tile(0, bundle.index, bundle.width)), hashes, first)
        new = range(frontier.size, first + bundle.width)
        for index in new:
            frontier.add(hashes[index - first])
            _require_root(frontier, passing)
        yield [_decoded(index, entries[index - first]) for index in new]
    if frontier.root() != checkpoint.root:
        raise InvalidLog(
            "JM-LOG-ENTRIES",
            _("The {size} entries that the log serves do not hash to the root that it signed.").format(
                size=checkpoint.size
            ),
        )


def _decoded(index: int, data: bytes) -> LogEntry:
    try:
        leaf = leaves.decode(data)
    except RecordError as error:
        return LogEntry(index=index, leaf=None, fault=error)
    return LogEntry(index=index, leaf=leaf)


def _require_tile(tile: bytes, hashes: list[bytes], first: int) -> None:
    for at, expected in enumerate(hashes):
        if tile[at * 32 : at * 32 + 32] != expected:
            raise InvalidLog(
                "JM-LOG-ENTRIES",
                _(
                    "The hash of entry {index} is not the one in the log's own tile: the entry was edited."
                ).format(index=first + at),
                index=first + at,
            )


def _require_root(frontier: Frontier, passing: Checkpoint | None) -> None:
    if passing is not None and frontier.size == passing.size and frontier.root() != passing.root:
        raise InvalidLog(
            "JM-LOG-FORK",
            _(
                "The first {size} entries of the log are not those that it signed before: it was rewritten."
            ).format(size=passing.size),
        )
