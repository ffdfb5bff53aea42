"""A tree that is only ever added to: what it takes to go on hashing entries where somebody left off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.log.merkle import EMPTY_ROOT, node_hash
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable


class Frontier:
    """The roots of the complete subtrees of a tree with `size` entries, largest first: one for each bit of `size`."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size, self._peaks = size, list(peaks)
        if len(self._peaks) != size.bit_count():
            raise ValueError(
                _("{count} subtrees do not make a tree of {size} entries").format(
                    count=len(self._peaks), size=size
                )
            )

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The subtrees' roots, to be kept and gone on from."""
        return tuple(self._peaks)

    def add(self, leaf: bytes) -> None:
        """Add one entry by its leaf hash."""
        self._peaks.append(leaf)
        size = self.size
        while size & 1:
            right, left = self._peaks.pop(), self._peaks.pop()
            self._peaks.append(node_hash(left, right))
            size >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The root over all entries so far."""
        if not self._peaks:
            return EMPTY_ROOT
        *above, root = self._peaks
        for peak in reversed(above):
            root = node_hash(peak, root)
        return root
