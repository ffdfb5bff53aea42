"""Rows that a restored database lacks, made again from the entries that record them, as far as these hold enough.

Each app registers what it can restore of its own kinds. What an entry has only digests of (a result's bytes, the words
of an appeal) is lost until somebody sends it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from measurements.ledger.models import Leaf

Restorer = Callable[[Leaf], bool]
"""Makes the row that a leaf records, inside the caller's transaction; whether it could."""

_restorers: dict[str, Restorer] = {}


@dataclass
class RestoredRows:
    """How many rows were made again, and the leaves whose rows were not."""

    restored: int = 0
    missing: list[Leaf] = field(default_factory=list)


def register_restorer(kind: str, restorer: Restorer) -> None:
    """Have `restorer` asked for leaves of `kind`. Called once a kind, when Django starts."""
    _restorers[kind] = restorer


def restore_rows(leaves: Iterable[Leaf]) -> RestoredRows:
    """Restore what can be, in the order of the log."""
    rows = RestoredRows()
    for leaf in leaves:
        restorer = _restorers.get(leaf.kind)
        if restorer is not None and restorer(leaf):
            rows.restored += 1
        else:
            rows.missing.append(leaf)
    return rows
