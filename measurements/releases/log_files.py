"""The log's files for a tree of a size, out of the rows: they are there whatever the log's own folder has pruned."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.log import merkle
from joulemark.log.merkle import HASH_BYTES
from joulemark.log.tiles import TILE_WIDTH, Tile, encode_entries, entry_bundles, parse_path
from measurements.ledger.errors import LogBroken
from measurements.ledger.tile_writer import entries_between
from measurements.releases import storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from joulemark.release.manifest import StoredFile
    from measurements.releases.staging import Staging

MAX_LEVEL = 8


def store_log(
    staging: Staging, *, tree_size: int, root: str, stored: Mapping[str, StoredFile]
) -> tuple[StoredFile, ...]:
    """Store every tile and every bundle of entries of a tree; `stored` ones, which are full, are there already.

    Raises LogBroken where the rows do not have this root (hex).
    """
    files: list[StoredFile] = []
    roots: list[bytes] = []
    stored_roots = _stored_roots(stored)
    for bundle in entry_bundles(0, tree_size):
        tile = Tile(0, bundle.index, bundle.width)
        if bundle.index < len(stored_roots) and {bundle.path, tile.path} <= stored.keys():
            files += [stored[bundle.path], stored[tile.path]]
            roots.append(stored_roots[bundle.index])
            continue
        begin = bundle.index * TILE_WIDTH
        entries = entries_between(begin, begin + bundle.width)
        hashes = [merkle.leaf_hash(entry) for entry in entries]
        files.append(_store(staging, bundle.path, encode_entries(entries), stored))
        files.append(_store(staging, tile.path, b"".join(hashes), stored))
        roots.append(merkle.root_of(hashes))
    for tile, data in _upper(roots, full=tree_size // TILE_WIDTH):
        files.append(_store(staging, tile.path, data, stored))
    # over subtrees of 256 leaves, of which the last may be smaller: RFC 6962 splits at powers of two
    if tree_size and merkle.root_of(roots).hex() != root:
        raise LogBroken(f"The leaves up to {tree_size} do not have the root that was signed; run check_log.")
    return tuple(sorted(files, key=lambda file: file.path))


def _stored_roots(stored: Mapping[str, StoredFile]) -> list[bytes]:
    """The roots of full tiles of level 0, out of the stored tiles of level 1; as many as follow one another."""
    widest: dict[int, Tile] = {}
    for path in stored:
        tile = parse_path(path)
        if isinstance(tile, Tile) and tile.level == 1 and tile.width > widest.get(tile.index, tile).width - 1:
            widest[tile.index] = tile
    roots: list[bytes] = []
    for index in range(len(widest)):
        data = storage.read(widest[index].path) if index in widest else None
        if data is None or hashlib.sha256(data).hexdigest() != stored[widest[index].path].sha256:
            break
        roots += [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
        if widest[index].width < TILE_WIDTH:
            break
    return roots


def _upper(roots: list[bytes], *, full: int) -> Iterator[tuple[Tile, bytes]]:
    """Tiles above level 0, of the roots of full tiles below."""
    level_hashes = roots[:full]
    for level in range(1, MAX_LEVEL):
        if not level_hashes:
            return
        for index in range(-(-len(level_hashes) // TILE_WIDTH)):
            part = level_hashes[index * TILE_WIDTH : (index + 1) * TILE_WIDTH]
            yield Tile(level, index, len(part)), b"".join(part)
        n_full = len(level_hashes) // TILE_WIDTH
        level_hashes = [
            merkle.root_of(level_hashes[index * TILE_WIDTH : (index + 1) * TILE_WIDTH])
            for index in range(n_full)
        ]


def _store(staging: Staging, path: str, data: bytes, stored: Mapping[str, StoredFile]) -> StoredFile:
    if path in stored and stored[path].bytes == len(data):
        return stored[path]
    file = staging.place(path)
    file.write_bytes(data)
    return staging.store(file, lambda _sha256: path)
