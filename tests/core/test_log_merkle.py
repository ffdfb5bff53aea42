"""The log's tree: the reference vectors of RFC 6962, what the tiles give, and what a peer says to the same entries."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree
from pymerkle.proof import InclusionProof

from joulemark.log.frontier import Frontier
from joulemark.log.merkle import (
    EMPTY_ROOT,
    NotInLog,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from joulemark.log.tiles import (
    EntryBundle,
    Tile,
    consistency_proof,
    decode_entries,
    encode_entries,
    entry_bundles,
    grow,
    inclusion_proof,
    parse_path,
    tree_root,
)
from joulemark.record.errors import Malformed, TooLarge

CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = {
    (0, 1): [],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
CT_CONSISTENCY = {
    (1, 1): [],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
"""Of the test vectors of the reference implementation of Certificate Transparency."""


class Files(dict[Tile, bytes]):
    """The tiles of a log, and how often one was read."""

    reads = 0

    def read(self, tile: Tile) -> bytes:
        self.reads += 1
        return self[tile]


def files_of(hashes: list[bytes], sizes: list[int] | None = None) -> Files:
    """The tiles after growing to each of `sizes`, the last of which is all."""
    files = Files()
    for old, new in pairwise([0, *(sizes or [len(hashes)])]):
        files.update(grow(old, hashes[old:new], files.read))
    return files


def entries(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_the_reference_roots(size: int) -> None:
    hashes = [leaf_hash(entry) for entry in CT_LEAVES[:size]]
    assert root_of(hashes).hex() == CT_ROOTS[size]
    assert tree_root(size, files_of(hashes).read).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_the_reference_inclusion_proofs(index: int, size: int) -> None:
    hashes = [leaf_hash(entry) for entry in CT_LEAVES]
    proof = inclusion_proof(index, size, files_of(hashes[:size]).read)
    assert [one.hex() for one in proof] == CT_INCLUSION[index, size]
    root = bytes.fromhex(CT_ROOTS[size])
    verify_inclusion(leaf=hashes[index], index=index, size=size, proof=proof, root=root)


@pytest.mark.parametrize(("old_size", "size"), CT_CONSISTENCY)
def test_the_reference_consistency_proofs(old_size: int, size: int) -> None:
    hashes = [leaf_hash(entry) for entry in CT_LEAVES[:size]]
    proof = consistency_proof(old_size, size, files_of(hashes).read)
    assert [one.hex() for one in proof] == CT_CONSISTENCY[old_size, size]
    old_root, root = bytes.fromhex(CT_ROOTS[old_size]), bytes.fromhex(CT_ROOTS[size])
    verify_consistency(old_size=old_size, old_root=old_root, size=size, root=root, proof=proof)


def test_the_tree_of_70000_entries_has_the_tiles_that_the_specification_says() -> None:
    """C2SP tlog-tiles, section Partial Tiles."""
    tiles = files_of([leaf_hash(entry) for entry in entries(70_000)])
    counted = {
        (tile.level, tile.width): sum((one.level, one.width) == (tile.level, tile.width) for one in tiles)
        for tile in tiles
    }
    assert counted == {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1}
    small = files_of([leaf_hash(entry) for entry in entries(256)])
    assert {tile.path for tile in small} == {"tile/0/000", "tile/1/000.p/1"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=4), st.data())
def test_a_peer_agrees_on_roots_and_believes_our_proofs(steps: list[int], data: st.DataObject) -> None:
    """pymerkle, which shares no code with ours, has the same roots at every size and accepts our inclusion proofs.

    Its consistency proofs have a layout of their own, so ours are held to its roots.
    """
    sizes = [sum(steps[: count + 1]) for count in range(len(steps))]
    size = sizes[-1]
    said = entries(size)
    files, tree = files_of([leaf_hash(entry) for entry in said], sizes), InmemoryTree(algorithm="sha256")
    tree.append_entries(said)
    root = tree_root(size, files.read)
    assert root == tree.get_root() == root_of([leaf_hash(entry) for entry in said])

    index = data.draw(st.integers(0, size - 1))
    proof, theirs = inclusion_proof(index, size, files.read), tree.prove_inclusion(index + 1, size)
    InclusionProof("sha256", True, size, index + 1, theirs.rule, [leaf_hash(said[index]), *proof]).verify(  # noqa: FBT003 - theirs
        leaf_hash(said[index]), root, index=index + 1, size=size
    )
    verify_inclusion(leaf=leaf_hash(said[index]), index=index, size=size, proof=theirs.path[1:], root=root)

    old_size = data.draw(st.integers(1, size))
    old_root = tree.get_root(old_size)
    proof = consistency_proof(old_size, size, files.read)
    verify_consistency(old_size=old_size, old_root=old_root, size=size, root=root, proof=proof)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 700), st.data())
def test_every_change_to_a_proof_is_seen(size: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(entry) for entry in entries(size)]
    files, root = files_of(hashes), root_of(hashes)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, files.read)
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index)) if size > 1 else None
    broken: list[dict[str, object]] = [
        {"leaf": leaf_hash(b"another")},
        {"root": leaf_hash(b"another")},
        {"proof": [*proof, root]},
        {"proof": [root, *proof]},
        {"index": size},
        {"index": -1},
        {"size": 0},
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        broken += [{"proof": proof[:-1]}, {"proof": [*proof[:place], flipped, *proof[place + 1 :]]}]
    if other is not None:
        broken.append({"index": other})
    good: dict[str, Any] = {"leaf": hashes[index], "index": index, "size": size, "proof": proof, "root": root}
    verify_inclusion(**good)
    for change in broken:
        with pytest.raises(NotInLog) as refusal:
            verify_inclusion(**{**good, **change})
        assert refusal.value.code == "JM-PROOF-INCLUSION"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 600), st.integers(0, 600), st.data())
def test_every_change_to_the_past_is_seen(one: int, two: int, data: st.DataObject) -> None:
    old_size, size = sorted((one, two))
    hashes = [leaf_hash(entry) for entry in entries(size)]
    proof = consistency_proof(old_size, size, files_of(hashes).read)
    good: dict[str, Any] = {
        "old_size": old_size,
        "old_root": root_of(hashes[:old_size]),
        "size": size,
        "root": root_of(hashes),
        "proof": proof,
    }
    verify_consistency(**good)
    broken: list[dict[str, object]] = [
        {"old_root": leaf_hash(b"another")},
        {"proof": [*proof, leaf_hash(b"another")]},
        {"old_size": size + 1},
        {"old_size": -1},
    ]
    if old_size:
        broken.append({"root": leaf_hash(b"another")})
        edited = list(hashes)
        edited[data.draw(st.integers(0, old_size - 1))] = leaf_hash(b"edited")
        forged = consistency_proof(old_size, size, files_of(edited).read)
        broken.append({"root": root_of(edited), "proof": forged})
    if proof:
        broken += [{"proof": proof[:-1]}, {"proof": proof[1:]}, {"proof": []}]
    for change in broken:
        with pytest.raises(NotInLog) as refusal:
            verify_consistency(**{**good, **change})
        assert refusal.value.code == "JM-PROOF-CONSISTENCY"


def test_a_proof_of_another_length_fails_even_where_its_hashes_lead_to_the_root() -> None:
    """Who signs a root may choose it, but not how deep a tree of that size is."""
    leaf, more = leaf_hash(b"leaf"), leaf_hash(b"more")
    two, other = node_hash(leaf, more), node_hash(more, leaf)
    for index, size, proof, root in [
        (0, 2, [], leaf),
        (0, 3, [more], two),
        (0, 4, [more], two),
        (0, 1, [more], two),
        (0, 1, [more], other),
        (0, 2, [more, more], node_hash(two, more)),
        (1, 2, [more, more], node_hash(more, other)),
    ]:
        with pytest.raises(NotInLog):
            verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=root)
    for old_size, size, proof, root in [
        (1, 4, [more], two),
        (2, 5, [more], two),
        (1, 2, [more, more], node_hash(two, more)),
        (2, 3, [more, more], node_hash(two, more)),
        (3, 4, [], leaf),
    ]:
        with pytest.raises(NotInLog):
            verify_consistency(old_size=old_size, old_root=leaf, size=size, root=root, proof=proof)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1200), st.integers(0, 1200))
def test_a_frontier_goes_on_where_it_was_left(first: int, more: int) -> None:
    hashes = [leaf_hash(entry) for entry in entries(first + more)]
    frontier = Frontier()
    for one in hashes[:first]:
        frontier.add(one)
    again = Frontier(frontier.size, frontier.peaks)
    for one in hashes[first:]:
        again.add(one)
    assert (frontier.root(), again.root()) == (root_of(hashes[:first]), root_of(hashes))
    with pytest.raises(ValueError, match="do not make a tree"):
        Frontier(first, (*frontier.peaks, EMPTY_ROOT))


def test_a_large_log_grows_by_what_is_new() -> None:
    """A million entries: growing, root and proofs read a tile or two a level, and write only what changed."""
    drawn = random.Random(7)  # noqa: S311 - a repeatable choice
    size, more = 1_000_000, 300
    files = Files()  # all entries are the same, so are all full tiles of a level
    for level, width in ((0, size % 256), (1, size // 256 % 256), (2, size // 256**2)):
        above = [leaf_hash(b"same")]
        for _ in range(level * 8):
            above.append(node_hash(above[-1], above[-1]))
        files[Tile(level, size // 256 ** (level + 1), width)] = above[-1] * width
        for index in range(size // 256 ** (level + 1)):
            files[Tile(level, index, 256)] = above[-1] * 256
    files.reads = 0
    tiles = grow(size, [leaf_hash(b"new %d" % number) for number in range(more)], files.read)
    assert files.reads == 2
    assert {tile.path for tile in tiles} == {"tile/0/x003/906", "tile/0/x003/907.p/108", "tile/1/015.p/67"}
    files.update(tiles)
    files.reads = 0
    root = tree_root(size + more, files.read)
    assert files.reads == 3
    index = drawn.randrange(size)
    files.reads = 0
    proof = inclusion_proof(index, size + more, files.read)
    assert files.reads <= 6
    verify_inclusion(leaf=leaf_hash(b"same"), index=index, size=size + more, proof=proof, root=root)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "tile/0/000"),
        (Tile(1, 999, 255), "tile/1/999.p/255"),
        (Tile(0, 1000, 256), "tile/0/x001/000"),
        (Tile(2, 1_234_067, 256), "tile/2/x001/x234/067"),
        (Tile(0, 1_234_067, 1), "tile/0/x001/x234/067.p/1"),
        (EntryBundle(1_234_067, 8), "tile/entries/x001/x234/067.p/8"),
        (EntryBundle(5, 256), "tile/entries/005"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile | EntryBundle, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/1000",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/00/000",
        "tile/0/000/",
        "tile/entries/../000",
        "tile/-1/000",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "",
    ],
)
def test_no_other_path_is_one(path: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_path(path)
    assert refusal.value.code == "JM-TILE-PATH"


@given(st.lists(st.binary(max_size=400), max_size=300))
def test_a_bundle_of_entries_survives(said: list[bytes]) -> None:
    assert decode_entries(encode_entries(said)) == said


def test_a_bundle_that_ends_early_is_refused() -> None:
    data = encode_entries([b"one", b"two"])
    for end in (1, 4, 6, len(data) - 1):
        with pytest.raises(Malformed) as refusal:
            decode_entries(data[:end])
        assert refusal.value.code == "JM-ENTRIES"
    assert encode_entries([bytes(0xFFFF)])[:2] == b"\xff\xff"
    with pytest.raises(TooLarge):
        encode_entries([bytes(0x10000)])


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(Malformed) as refusal:
        tree_root(3, lambda tile: bytes(32 * tile.width - 1))
    assert refusal.value.code == "JM-TILE-SIZE"


def test_bundles_between_two_sizes() -> None:
    assert list(entry_bundles(0, 0)) == list(entry_bundles(600, 600)) == []
    assert list(entry_bundles(256, 257)) == [EntryBundle(1, 1)]
    assert list(entry_bundles(255, 600)) == [EntryBundle(0, 256), EntryBundle(1, 256), EntryBundle(2, 88)]
