"""From the database's leaves to tiles and bundles: everything here can be made again from the rows."""

from __future__ import annotations

from collections.abc import Iterator

from joulemark.log import merkle
from joulemark.log.tiles import TILE_WIDTH, EntryBundle, Tile, encode_entries, entry_bundles, grow
from measurements.ledger.errors import LogBroken
from measurements.ledger.models import Leaf
from measurements.ledger.tile_store import place, read_tile, write

CHUNK = 64 * TILE_WIDTH
"""Leaves that are held in memory at once."""


def write_files(*, old_size: int, size: int) -> None:
    """Write what a log of `size` leaves has besides that of `old_size`; all of it when files of the old one are lost.

    Raises LogBroken when the rows are not the leaves from 0 without gaps.
    """
    try:
        _extend(old_size, size)
    except FileNotFoundError:
        _extend(0, old_size)
        _extend(old_size, size)


def _extend(old_size: int, size: int) -> None:
    for begin in range(old_size - old_size % TILE_WIDTH, size, CHUNK):
        end = min(begin + CHUNK, size)
        entries = entries_between(begin, end)
        n_written = max(0, old_size - begin)
        hashes = [merkle.leaf_hash(entry) for entry in entries]
        if n_written:
            require_same(begin // TILE_WIDTH, hashes[:n_written])
        tiles = grow(begin + n_written, hashes[n_written:], read_tile)
        write([*_bundles(entries, begin, end), *((tile.path, data) for tile, data in tiles.items())])


def _bundles(entries: list[bytes], begin: int, end: int) -> Iterator[tuple[str, bytes]]:
    for bundle in entry_bundles(begin, end):
        first = bundle.index * TILE_WIDTH - begin
        yield bundle.path, encode_entries(entries[first : first + bundle.width])


def entries_between(begin: int, end: int) -> list[bytes]:
    """The exact bytes of leaves `begin` to `end` (without it). Raises LogBroken for a gap or an edited row."""
    rows = Leaf.objects.between(begin, end).values_list("index", "body", "leaf_hash")
    entries = []
    for expected, (index, body, leaf_hash) in zip(range(begin, end), rows, strict=False):
        if index != expected:
            raise _gap(expected)
        entry = body.encode()
        if merkle.leaf_hash(entry).hex() != leaf_hash:
            raise LogBroken(
                f"Leaf {index} does not fit its own hash: the row was edited. Restore the database from a backup; "
                "no checkpoint is signed before."
            )
        entries.append(entry)
    if len(entries) != end - begin:
        raise _gap(begin + len(entries))
    return entries


def require_same(index: int, hashes: list[bytes]) -> None:
    """Tile `index` of level 0 begins with `hashes`. Raises LogBroken, or FileNotFoundError when it is lost."""
    tile = read_tile(Tile(0, index, len(hashes)))
    if tile != b"".join(hashes):
        first = next(
            (at for at, leaf_hash in enumerate(hashes) if tile[at * 32 : at * 32 + 32] != leaf_hash),
            len(hashes),
        )
        raise LogBroken(
            f"Leaf {index * TILE_WIDTH + first} is not the one in the tiles: the row was edited, or the file "
            f"{Tile(0, index, len(hashes)).path} was. Restore the database from a backup, or, if only the files are "
            "damaged, remove the folder `tile` of the log and it is made again; no checkpoint is signed before."
        )


def check_tile(index: int, width: int) -> None:
    """Compare `width` leaves of tile `index` with the tile, and with its bundle of entries, which is mended.

    Raises LogBroken, or FileNotFoundError when the tile is lost.
    """
    begin = index * TILE_WIDTH
    entries = entries_between(begin, begin + width)
    require_same(index, [merkle.leaf_hash(entry) for entry in entries])
    bundle, data = EntryBundle(index, width), encode_entries(entries)
    if not _holds(bundle, data):
        write([(bundle.path, data)])


def _holds(bundle: EntryBundle, data: bytes) -> bool:
    for path in (bundle.path, EntryBundle(bundle.index, TILE_WIDTH).path):
        if place(path).exists():
            return place(path).read_bytes().startswith(data)
    return False


def _gap(index: int) -> LogBroken:
    return LogBroken(
        f"Leaf {index} is missing from the database: a row was removed or moved. Restore the database from a backup; "
        "no checkpoint is signed before."
    )
