"""A reader of a log who knows nothing but its address and key: the pure room over GET, nothing of the platform's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from joulemark.log import merkle, tiles
from joulemark.log.checkpoints import Checkpoint, open_checkpoint
from joulemark.log.leaf import LogLeaf, decode
from joulemark.log.notes import VerifierKey
from joulemark.record.codec import decode as decode_record
from joulemark.record.messages import PlatformKey

Get = Callable[[str], bytes]
"""GET an address; the body of a 200. Anything else raises."""


@dataclass
class LogReader:
    """Reads and verifies over `get`."""

    get: Get

    def key(self) -> VerifierKey:
        """The log's key, as the platform announces it."""
        return VerifierKey.parse(
            str(decode_record(self.get("/api/v1/platform"), PlatformKey, what="key").log_key)
        )

    def checkpoint(self) -> Checkpoint:
        """The latest one, verified."""
        key = self.key()
        return open_checkpoint(self.get("/log/checkpoint").decode(), key=key, origin=key.name)

    def read_tile(self, tile: tiles.Tile) -> bytes:
        """A tile's bytes."""
        return self.get(f"/log/{tile.path}")

    def entries(self) -> list[LogLeaf]:
        """Every entry under the latest checkpoint, once entries, tiles and root fit."""
        seen = self.checkpoint()
        found: list[bytes] = []
        for bundle in tiles.entry_bundles(0, seen.size):
            part = tiles.decode_entries(self.get(f"/log/{bundle.path}"))
            hashes = self.read_tile(tiles.Tile(0, bundle.index, bundle.width))
            assert hashes == b"".join(merkle.leaf_hash(entry) for entry in part)
            found += part
        assert len(found) == seen.size
        assert tiles.tree_root(seen.size, self.read_tile) == seen.root
        assert merkle.root_of([merkle.leaf_hash(entry) for entry in found]) == seen.root
        return [decode(entry) for entry in found]

    def differences(self) -> list[str]:
        """What the live tables say otherwise than the log, one line each."""
        entries = self.entries()
        rows = {
            row["index"]: row
            for start in range(0, len(entries), 1000)
            for row in json.loads(self.get(f"/api/v1/log/rows/?start={start}&end={start + 1000}"))["rows"]
        }
        found = []
        for index, entry in enumerate(entries):
            row = rows.pop(index, None)
            said = {"index": index, "kind": entry.kind, "subject": entry.subject, "facts": entry.facts}
            if row != said:
                found.append(f"{index} {entry.kind}: {said} is now {row}")
        return found
