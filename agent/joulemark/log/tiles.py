"""The tree as files of 256 hashes, and every root and proof out of a few of them (C2SP tlog-tiles).

A tile of level 0 holds leaf hashes; one of level n holds the roots of full tiles of level n-1. At the right edge of
each level there may be one partial tile. The entries themselves lie in bundles beside the tiles of level 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from joulemark.log.merkle import EMPTY_ROOT, HASH_BYTES, node_hash, root_of
from joulemark.record.errors import Malformed, TooLarge
from joulemark.translation import gettext as _

TILE_WIDTH = 256
TILE_HEIGHT = 8
MOST_LEVELS = 8
"""Levels that a log of up to 2**64 entries can have."""
MOST_ENTRY_BYTES = 0xFFFF
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


class Tile(NamedTuple):
    """Hashes `index * 256` and following of `level`; `width` of them, 256 unless it is the last one of its level."""

    level: int
    index: int  # type: ignore[assignment]  # the field hides tuple's method, which has no use here
    width: int

    @property
    def path(self) -> str:
        """Where it lies below the log's address, such as `tile/0/x001/067` or `tile/1/000.p/17`."""
        return f"tile/{self.level}/{_name(self.index, self.width)}"


class EntryBundle(NamedTuple):
    """The entries whose hashes are in the tile of level 0 with this index and width."""

    index: int  # type: ignore[assignment]  # the field hides tuple's method, which has no use here
    width: int

    @property
    def path(self) -> str:
        """Where it lies below the log's address, such as `tile/entries/x001/067.p/5`."""
        return f"tile/entries/{_name(self.index, self.width)}"


ReadTile = Callable[[Tile], bytes]
"""Gives the bytes of a tile, `32 * width` of them. Whoever has the full tile only may cut a partial one out of it."""


def parse_path(path: str) -> Tile | EntryBundle:
    """What lies at `path`. Raises Malformed (JM-TILE-PATH) for anything that is not the one path of a tile."""
    match = _PATH.fullmatch(path)
    if match is not None:
        index = int(match["index"].replace("x", "").replace("/", ""))
        width = int(match["width"] or TILE_WIDTH)
        level = match["level"]
        tile = EntryBundle(index, width) if level == "entries" else Tile(int(level), index, width)
        if tile.path == path and 0 < width <= TILE_WIDTH:
            return tile
    raise Malformed(
        "JM-TILE-PATH", _("No tile has this path; docs/protocol.md says how paths of the log are made.")
    )


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """The bytes of a bundle: each entry after its length (two bytes, big-endian). Raises TooLarge."""
    if any(len(entry) > MOST_ENTRY_BYTES for entry in entries):
        raise TooLarge(
            "JM-ENTRY-SIZE",
            _("An entry of the log has at most {most_entry_bytes} bytes.").format(
                most_entry_bytes=MOST_ENTRY_BYTES
            ),
        )
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises Malformed (JM-ENTRIES) when it ends within one."""
    entries, at = [], 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data):
            raise Malformed("JM-ENTRIES", _("The bundle of entries ends within an entry; fetch it again."))
        entries.append(data[start:at])
    return entries


def entry_bundles(start: int, end: int) -> Iterator[EntryBundle]:
    """The bundles that hold entries `start` to `end` (without it) of a log with `end` entries."""
    for index in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)) if start < end else ():
        yield EntryBundle(index, min(TILE_WIDTH, end - index * TILE_WIDTH))


def tree_root(size: int, read: ReadTile) -> bytes:
    """The root of the tree with `size` entries. Reads the tiles at the right edge. Raises Malformed (JM-TILE-SIZE)."""
    return _Tree(size, read).root_of(0, size) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: ReadTile) -> list[bytes]:
    """RFC 6962's audit path of entry `index` in the tree with `size` entries, nearest sibling first.

    Raises ValueError for an entry that is not in the tree, and Malformed (JM-TILE-SIZE).
    """
    if not 0 <= index < size:
        raise ValueError(_("a tree of {size} entries has no entry {index}").format(size=size, index=index))
    tree, proof, begin, end = _Tree(size, read), [], 0, size
    while end - begin > 1:
        middle = begin + _left_part(end - begin)
        if index < middle:
            proof.append(tree.root_of(middle, end))
            end = middle
        else:
            proof.append(tree.root_of(begin, middle))
            begin = middle
    return proof[::-1]


def consistency_proof(old_size: int, size: int, read: ReadTile) -> list[bytes]:
    """RFC 6962's proof that the tree with `size` entries begins with that of `old_size`; empty where they are equal.

    Raises ValueError when the old tree is the larger one, and Malformed (JM-TILE-SIZE).
    """
    if not 0 <= old_size <= size:
        raise ValueError(
            _("a tree of {size} entries cannot continue one of {old_size}").format(
                size=size, old_size=old_size
            )
        )
    if old_size in {0, size}:
        return []
    tree, proof, begin, end = _Tree(size, read), [], 0, size
    while end != old_size:
        middle = begin + _left_part(end - begin)
        if old_size <= middle:
            proof.append(tree.root_of(middle, end))
            end = middle
        else:
            proof.append(tree.root_of(begin, middle))
            begin = middle
    if begin:
        proof.append(tree.root_of(begin, end))
    return proof[::-1]


def grow(old_size: int, new_leaf_hashes: Sequence[bytes], read: ReadTile) -> dict[Tile, bytes]:
    """Every tile that a log of `old_size` entries needs besides those it has, once these leaves are added.

    Full tiles and the partial one at the right edge, on every level that changes; at most one tile a level is read.
    Raises Malformed (JM-TILE-SIZE).
    """
    tiles: dict[Tile, bytes] = {}
    added, before = list(new_leaf_hashes), old_size
    for level in range(MOST_LEVELS):
        if not added:
            break
        index, width = divmod(before, TILE_WIDTH)
        hashes = [*(_hashes(Tile(level, index, width), read) if width else []), *added]
        added = []
        for at in range(0, len(hashes), TILE_WIDTH):
            part = hashes[at : at + TILE_WIDTH]
            tiles[Tile(level, index + at // TILE_WIDTH, len(part))] = b"".join(part)
            if len(part) == TILE_WIDTH:
                added.append(root_of(part))
        before //= TILE_WIDTH
    return tiles


class _Tree:
    """Roots of parts of the tree with `size` entries; each tile is read once."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size, self._read = size, read
        self._tiles: dict[Tile, list[bytes]] = {}

    def root_of(self, begin: int, end: int) -> bytes:
        """The root over entries `begin` to `end`, a part that RFC 6962's recursion comes to."""
        length = end - begin
        if length & (length - 1) == 0:
            return self._full(length.bit_length() - 1, begin)
        middle = begin + _left_part(length)
        return node_hash(self.root_of(begin, middle), self.root_of(middle, end))

    def _full(self, height: int, begin: int) -> bytes:
        """The root over the `2**height` entries from `begin`, out of one tile."""
        level, rest = divmod(height, TILE_HEIGHT)
        index, at = divmod(begin >> (TILE_HEIGHT * level), TILE_WIDTH)
        width = min(TILE_WIDTH, (self._size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH)
        tile = Tile(level, index, width)
        if tile not in self._tiles:
            self._tiles[tile] = _hashes(tile, self._read)
        return root_of(self._tiles[tile][at : at + (1 << rest)])


def _hashes(tile: Tile, read: ReadTile) -> list[bytes]:
    data = read(tile)
    if len(data) != tile.width * HASH_BYTES:
        raise Malformed(
            "JM-TILE-SIZE",
            _("{path} has {count} bytes instead of {width}; fetch it again.").format(
                path=tile.path, count=len(data), width=tile.width * HASH_BYTES
            ),
        )
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def _left_part(length: int) -> int:
    """The largest power of two below `length`: how many entries lie to the left of a split."""
    return 1 << ((length - 1).bit_length() - 1)


def _name(index: int, width: int) -> str:
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
    name = "".join(f"x{part}/" for part in above) + last
    return name if width == TILE_WIDTH else f"{name}.p/{width}"
