"""What must be equal for two cells to be compared directly: the key of a part."""

from __future__ import annotations

from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PARTS_PER_QUERY = 100
"""SQLite takes no condition of more than a thousand alternatives."""


class PartKeyed(Protocol):
    """A row, or the key of one, that has the columns of a part's key: a cell, its key, a compared part."""

    @property
    def suite_id(self) -> int:
        """Suite version."""

    @property
    def grade(self) -> str:
        """Measured or estimated."""

    @property
    def dataset_id(self) -> int:
        """Data set."""

    @property
    def hardware_class_id(self) -> int:
        """Hardware class."""

    @property
    def scope(self) -> str:
        """What the energy covers."""


class PartKey(NamedTuple):
    """Suite version, data set and hardware class by their primary keys, grade and scope.

    A part holds cells of several models and strata: comparisons are made within it, ranks within each of its strata.
    """

    suite_id: int
    grade: str
    dataset_id: int
    hardware_class_id: int
    scope: str

    @classmethod
    def of(cls, row: PartKeyed) -> PartKey:
        """The key of the part that a cell, or the cell at a key, is in."""
        return cls(*_part_values(row))

    @property
    def columns(self) -> dict[str, Any]:
        """The values by the names of the columns."""
        return self._asdict()


PART_FIELDS = PartKey._fields
"""The columns of a key, in their order."""
_part_values = attrgetter(*PART_FIELDS)


def in_batches(parts: Iterable[PartKey]) -> Iterator[list[PartKey]]:
    """The parts, as many at a time as one query asks for."""
    rest = iter(parts)
    while batch := list(islice(rest, PARTS_PER_QUERY)):
        yield batch
