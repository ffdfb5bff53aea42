"""The Merkle tree of the log: hashing, and what proves that an entry or an older tree is in it.

RFC 6962, section 2.1, and RFC 9162, sections 2.1.3.2 and 2.1.4.2, over SHA-256. All hashes are 32 bytes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.record.errors import Unverified
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without entries."""


class NotInLog(Unverified):
    """A proof does not lead to the root: `code` is JM-PROOF-INCLUSION or JM-PROOF-CONSISTENCY."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry; a zero byte before it keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes. What is left without a sibling moves up as it is, which is RFC 6962's tree."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = [*above, level[-1]] if len(level) % 2 else above
    return level[0]


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """`leaf` (its hash) is entry `index` of the tree with `size` entries and this `root`. Raises NotInLog."""
    if not 0 <= index < size:
        raise NotInLog(
            "JM-PROOF-INCLUSION",
            _("A tree of {size} entries has no entry {index}.").format(size=size, index=index),
        )
    at, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise NotInLog(
                "JM-PROOF-INCLUSION",
                _("The proof of entry {index} is too long for a tree of {size}.").format(
                    index=index, size=size
                ),
            )
        if at % 2 or at == last:
            node = node_hash(sibling, node)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise NotInLog(
            "JM-PROOF-INCLUSION",
            _("The proof of entry {index} is too short for a tree of {size}.").format(index=index, size=size),
        )
    if node != root:
        raise NotInLog(
            "JM-PROOF-INCLUSION",
            _("The proof of entry {index} does not lead to the root of {size} entries.").format(
                index=index, size=size
            ),
        )


def verify_consistency(
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """The tree with `size` entries begins with the one of `old_size`; nothing in it was changed. Raises NotInLog."""
    if not 0 <= old_size <= size:
        raise NotInLog(
            "JM-PROOF-CONSISTENCY",
            _("A tree of {size} entries cannot continue one of {old_size}.").format(
                size=size, old_size=old_size
            ),
        )
    if old_size in {0, size}:
        if proof:
            raise NotInLog(
                "JM-PROOF-CONSISTENCY", _("The proof between these two sizes has to be empty and is not.")
            )
        if old_root != (root if old_size == size else EMPTY_ROOT):
            raise NotInLog(
                "JM-PROOF-CONSISTENCY",
                _("Two roots are shown for one tree of {old_size} entries.").format(old_size=old_size),
            )
        return
    proved_old, proved = _both_roots(old_size, old_root, size, proof)
    if proved_old != old_root or proved != root:
        raise NotInLog(
            "JM-PROOF-CONSISTENCY",
            _("The log of {size} entries does not continue the one of {old_size}.").format(
                size=size, old_size=old_size
            ),
        )


def _both_roots(old_size: int, old_root: bytes, size: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of the old and the new tree to which the proof leads."""
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        raise NotInLog("JM-PROOF-CONSISTENCY", _("The proof between these two sizes is empty."))
    at, last = old_size - 1, size - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    old_node = node = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise NotInLog(
                "JM-PROOF-CONSISTENCY",
                _("The proof is too long for {old_size} and {size} entries.").format(
                    old_size=old_size, size=size
                ),
            )
        if at % 2 or at == last:
            old_node, node = node_hash(sibling, old_node), node_hash(sibling, node)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise NotInLog(
            "JM-PROOF-CONSISTENCY",
            _("The proof is too short for {old_size} and {size} entries.").format(
                old_size=old_size, size=size
            ),
        )
    return old_node, node
