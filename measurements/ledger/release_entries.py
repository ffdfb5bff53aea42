"""Which releases of the data hold an entry, by the log: what is published of it, nobody takes back."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from joulemark.log.leaf import decode
from measurements.ledger.models import Leaf, LeafKind


@dataclass(frozen=True, kw_only=True)
class ReleaseSpan:
    """Releases that follow one another: how many (at least 1), and the names of the first and the last."""

    count: int
    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class ReleaseEntries:
    """All releases in the order of the log: their names, and how many entries the tree of each has."""

    names: list[str]
    tree_sizes: list[int]

    def holding(self, index: int | None, *, without: int | None = None) -> ReleaseSpan | None:
        """The releases that hold the entry at `index`, and not yet the one at `without` where that has a place.

        None for no release, and for an entry that has no place yet.
        """
        if index is None:
            return None
        start = bisect_right(self.tree_sizes, index)
        end = len(self.names) if without is None else bisect_right(self.tree_sizes, without)
        names = self.names[start:end]
        return ReleaseSpan(count=len(names), first=names[0], last=names[-1]) if names else None


def read_release_entries() -> ReleaseEntries:
    """Every release that the log has a place of, in one statement: some hundred bytes each."""
    bodies = Leaf.objects.filter(kind=LeafKind.RELEASE, index__isnull=False).order_by("index")
    facts = [decode(body.encode()).facts for body in bodies.values_list("body", flat=True)]
    return ReleaseEntries(
        names=[str(fact["name"]) for fact in facts],
        tree_sizes=[int(str(fact["tree_size"])) for fact in facts],
    )
