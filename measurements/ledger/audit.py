"""Does the log fit itself? Rows, files and checkpoints are compared with each other; docs/operations.md tells when."""

from __future__ import annotations

from collections.abc import Iterator

from joulemark.log import merkle
from joulemark.log.frontier import Frontier
from joulemark.log.tiles import TILE_WIDTH, ReadTile, Tile, encode_entries, entry_bundles, grow, tree_root
from joulemark.record.errors import RecordError
from measurements.ledger import tile_store
from measurements.ledger.errors import Damaged, KeyLost
from measurements.ledger.log_key import opened
from measurements.ledger.models import Checkpoint, Leaf, LogHead
from measurements.ledger.published import read_published
from measurements.ledger.tile_writer import CHUNK


def log_faults() -> Iterator[str]:
    """One sentence for each thing that does not fit; none means that the log is as it was signed."""
    yield from leaf_faults()
    yield from _tree_faults()


def root_faults() -> Iterator[str]:
    """Whether the rows alone, without any file, lead to the root that was signed last."""
    last, tree = Checkpoint.objects.last(), Frontier()
    if last is None:
        return
    hashes = Leaf.objects.between(0, last.size).values_list("leaf_hash", flat=True)
    for leaf_hash in hashes.iterator(chunk_size=10_000):
        tree.add(bytes.fromhex(leaf_hash))
    if tree.size != last.size or tree.root().hex() != last.root:
        yield f"The root of the {tree.size} leaves is not the one that was signed for {last.size}."


def leaf_faults() -> Iterator[str]:
    """Leaves that do not fit their hashes, their columns or their places."""
    expected = 0
    for leaf in Leaf.objects.filter(index__isnull=False).order_by("index").iterator():
        if leaf.index != expected:
            yield f"Leaf {expected} is missing: the next one is {leaf.index}."
        expected = (leaf.index or 0) + 1
        yield from _fault_of(leaf, f"leaf {leaf.index}")
    for leaf in Leaf.objects.waiting().iterator():
        yield from _fault_of(leaf, f"the leaf with id {leaf.pk}")
    size = LogHead.objects.get().size
    if size != expected:
        yield f"The head counts {size} leaves; there are {expected}."


def _fault_of(leaf: Leaf, name: str) -> Iterator[str]:
    if merkle.leaf_hash(leaf.body.encode()).hex() != leaf.leaf_hash:
        yield f"The hash of {name} does not fit its body."
    try:
        entry = leaf.entry()
    except RecordError as error:
        yield f"The body of {name} is no entry: {error}"
        return
    if (entry.kind, entry.subject, entry.at) != (leaf.kind, leaf.subject, leaf.logged_at):
        yield f"The columns of {name} do not say what its body says."
    if entry.version == 1 and entry.index != leaf.index:
        yield f"The place of {name} is not the one in its body."


def _tree_faults() -> Iterator[str]:
    last = Checkpoint.objects.last()
    if last is None:
        if tile_store.place(tile_store.CHECKPOINT).exists():
            yield "A checkpoint was published, and the database has none."
        return
    if LogHead.objects.get().size < last.size:
        yield f"{last.size} leaves were signed; so many have no place any more."
    tiles: dict[tuple[int, int], bytes] = {}
    read, counted = _reader(tiles), 0
    for start in range(0, last.size, CHUNK):
        leaves = Leaf.objects.between(start, min(start + CHUNK, last.size))
        bodies = [body.encode() for body in leaves.values_list("body", flat=True)]
        new = grow(start, [merkle.leaf_hash(body) for body in bodies], read)
        tiles |= {(tile.level, tile.index): data for tile, data in new.items()}
        for bundle in entry_bundles(start, start + len(bodies)):
            first = bundle.index * TILE_WIDTH - start
            yield from _file_fault(bundle.path, encode_entries(bodies[first : first + bundle.width]))
        counted += len(bodies)
        if counted < min(start + CHUNK, last.size):
            break  # a leaf is missing, and behind it everything is another tree
    for (level, index), data in tiles.items():
        yield from _file_fault(Tile(level, index, len(data) // merkle.HASH_BYTES).path, data)
    yield from _checkpoint_faults(counted, read)
    yield from _published_faults(last)


def _published_faults(last: Checkpoint) -> Iterator[str]:
    try:
        published = read_published()
    except Damaged as damaged:
        yield str(damaged)
        return
    if published is None or published.note != last.published_note:
        yield "The published checkpoint is not the last one that was signed; `manage.py sequence_log` publishes that."


def _file_fault(path: str, expected: bytes) -> Iterator[str]:
    try:
        if tile_store.place(path).read_bytes() != expected:
            yield f"The file {path} is not what the leaves make."
    except FileNotFoundError:
        yield f"The file {path} is missing; `manage.py sequence_log` makes it again."
    except OSError as error:
        yield f"The file {path} cannot be read ({error}); remove it, and `manage.py sequence_log` makes it again."


def _checkpoint_faults(size: int, read: ReadTile) -> Iterator[str]:
    for row in Checkpoint.objects.iterator():
        try:
            signed = opened(row.note)
        except KeyLost as error:
            yield str(error)
            return
        except RecordError as error:
            yield f"The note of the checkpoint of {row.size} leaves: {error}"
            continue
        if (signed.size, signed.root.hex()) != (row.size, row.root):
            yield f"The columns of the checkpoint of {row.size} leaves do not say what its note says."
        if row.size > size or tree_root(row.size, read) != signed.root:
            yield f"The root of the first {row.size} leaves is not the one that was signed."


def _reader(tiles: dict[tuple[int, int], bytes]) -> ReadTile:
    """Any partial tile is the beginning of the widest one, which `tiles` holds by level and index."""

    def read(tile: Tile) -> bytes:
        return tiles[tile.level, tile.index][: tile.width * merkle.HASH_BYTES]

    return read
