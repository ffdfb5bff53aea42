"""Is the log that is in the release the one that its checkpoint signs, and are the published entries its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.log import leaf as entries
from joulemark.log.checkpoints import log_name, open_checkpoint
from joulemark.log.frontier import Frontier
from joulemark.log.merkle import leaf_hash
from joulemark.log.notes import VerifierKey
from joulemark.log.tiles import TILE_WIDTH, Tile, decode_entries, entry_bundles, tree_root
from joulemark.release.layout import CHECKPOINT, own_path
from joulemark.replay.faults import UNREADABLE
from joulemark.replay.history import History
from joulemark.replay.state_file import PartOutcome
from joulemark.replay.table_rows import files_of, rows_in
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.reader.release import OpenRelease
    from joulemark.release.manifest import StoredFile, TableFile
    from joulemark.replay.state_file import StateFile

PEAKS = "INSERT OR REPLACE INTO progress VALUES (?, ?)"
WRITTEN = "INSERT INTO writing_order VALUES (?)"
FRONTIER = "frontier"


def parts(release: OpenRelease) -> list[str]:
    """The ranges of the table of entries, in the order of the log, and last the root and the checkpoint."""
    return [*(file.path for file in files_of(release, "events")), CHECKPOINT]


class LogReader:
    """Reads ranges one after the other, as a root is computed. `log_key` is trusted before the release's own."""

    def __init__(self, release: OpenRelease, state: StateFile, *, log_key: VerifierKey | None) -> None:
        self._release, self._state, self._log_key = release, state, log_key
        self._history = History(state)
        self._written: set[int] = set()
        self._files = {file.path: file for file in release.manifest.tiles}
        self._ranges = {file.path: file for file in files_of(release, "events")}

    def run(self, part: str) -> PartOutcome:
        """Read one range, or compare root and checkpoint."""
        outcome = PartOutcome()
        if part == CHECKPOINT:
            self._compare_checkpoint(outcome)
            return outcome
        file = self._ranges[part]
        frontier = self._frontier()
        try:
            self._read_range(file, frontier, outcome)
        except UNREADABLE as error:
            outcome.differs("JM-REPLAY-LOG", part, _("The entries cannot be read: {why}").format(why=error))
        self._history.store(outcome)
        outcome.write(WRITTEN, ((written,) for written in self._written))
        self._written = set()
        peaks = f"{frontier.size} {' '.join(peak.hex() for peak in frontier.peaks)}"
        outcome.write(PEAKS, [(FRONTIER, peaks)])
        return outcome

    def _frontier(self) -> Frontier:
        stored = self._state.first("SELECT value FROM progress WHERE name = ?", FRONTIER)
        if stored is None:
            return Frontier()
        size, *peaks = stored[0].split()
        return Frontier(int(size), [bytes.fromhex(peak) for peak in peaks])

    def _read_range(self, file: TableFile, frontier: Frontier, outcome: PartOutcome) -> None:
        leaves = file.leaf_range
        if leaves is None:
            raise ValueError(file.path)
        rows = self._rows(file, outcome)
        for index, body in self._entries(leaves.start, leaves.end):
            frontier.add(leaf_hash(body))
            row = rows.get(index)
            if row is None or row["statement"].encode() != body or row["leaf_hash"] != leaf_hash(body).hex():
                outcome.differs(
                    "JM-REPLAY-EVENT",
                    f"events {index}",
                    _("The table of entries has entry {index} otherwise than the log.").format(index=index),
                )
            outcome.count("entries")
            entry = entries.decode(body)
            written = index if row is None else self._place_of_writing(row, index, outcome)
            try:
                self._history.read(entry, index=index, written=written)
            except (KeyError, ValueError) as error:
                outcome.differs(
                    "JM-REPLAY-EVENT",
                    f"events {index}",
                    _("Entry {index} lacks a fact of its kind: {why}").format(index=index, why=error),
                )

    def _place_of_writing(self, row: dict[str, Any], index: int, outcome: PartOutcome) -> int:
        """When an entry was written, as a number that no other entry has; the log does not sign it."""
        written: int | None = row["written"]
        if written is not None and not self._is_written(written):
            self._written.add(written)
            return written
        outcome.differs(
            "JM-REPLAY-EVENT",
            f"events {index}",
            _("Entry {index} has no place of its own in the order of writing: {written}.").format(
                index=index, written=written
            ),
        )
        return index

    def _is_written(self, written: int) -> bool:
        if written in self._written:
            return True
        return self._state.first("SELECT 1 FROM writing_order WHERE written = ?", written) is not None

    def _rows(self, file: TableFile, outcome: PartOutcome) -> dict[int, dict[str, Any]]:
        rows = {row["leaf_index"]: row for row in rows_in(self._release, "events", file)}
        if len(rows) != file.rows:
            outcome.differs(
                "JM-REPLAY-EVENT",
                file.path,
                _("{path} has {count} rows; the manifest says {expected}.").format(
                    path=file.path, count=len(rows), expected=file.rows
                ),
            )
        return rows

    def _entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        for bundle in entry_bundles(start, end):
            first = bundle.index * TILE_WIDTH
            for place, body in enumerate(decode_entries(self._bytes(bundle.path))[: bundle.width]):
                if start <= first + place < end:
                    yield first + place, body

    def _bytes(self, path: str) -> bytes:
        """A file of the log; a full tile serves where a partial one was asked for."""
        file = self._stored(path)
        return self._release.root.fetched(file).read_bytes()

    def _stored(self, path: str) -> StoredFile:
        for each in (path, path.partition(".p/")[0]):
            if each in self._files:
                return self._files[each]
        raise KeyError(path)

    def _tile(self, tile: Tile) -> bytes:
        return self._bytes(tile.path)[: 32 * tile.width]

    def _compare_checkpoint(self, outcome: PartOutcome) -> None:
        manifest, frontier = self._release.manifest, self._frontier()
        root = frontier.root()
        if (frontier.size, root.hex()) != (manifest.tree_size, manifest.root_hash):
            outcome.differs(
                "JM-REPLAY-ROOT",
                own_path(manifest.name, CHECKPOINT),
                _(
                    "The entries hash to another root than the manifest names: {root} of {size} entries."
                ).format(root=root.hex(), size=frontier.size),
            )
        try:
            if manifest.tree_size and tree_root(manifest.tree_size, self._tile) != root:
                outcome.differs(
                    "JM-REPLAY-ROOT", "tile", _("The log's tiles hash to another root than its entries.")
                )
        except UNREADABLE as error:
            outcome.differs("JM-REPLAY-ROOT", "tile", _("The tiles cannot be read: {why}").format(why=error))
        self._compare_note(root, outcome)

    def _compare_note(self, root: bytes, outcome: PartOutcome) -> None:
        manifest = self._release.manifest
        path = own_path(manifest.name, CHECKPOINT)
        try:
            key = self._log_key or VerifierKey.parse(manifest.log_key)
            note = self._release.root.read(path).decode()
            checkpoint = open_checkpoint(note, key=key, origin=log_name(manifest.origin))
        except UNREADABLE as error:
            outcome.differs(
                "JM-REPLAY-CHECKPOINT", path, _("The checkpoint does not hold: {why}").format(why=error)
            )
            return
        outcome.count("checkpoints")
        if (checkpoint.size, checkpoint.root) != (manifest.tree_size, root):
            outcome.differs(
                "JM-REPLAY-CHECKPOINT",
                path,
                _("The checkpoint signs {size} entries under another root than the release has.").format(
                    size=checkpoint.size
                ),
            )
