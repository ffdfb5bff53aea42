"""What must be equal for two results to be combined: the key of a cell."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol


class Keyed(Protocol):
    """A row that has the columns of a key: a result, a cell or its revision."""

    suite_id: int
    dataset_id: int
    model_id: int
    hardware_class_id: int
    grade: str
    scope: str
    stratum: str


@dataclass(frozen=True, order=True)
class CellKey:
    """Suite version, data set, model and hardware class by their primary keys, grade, scope and stratum.

    `grade` keeps estimates away from measurements. The fields are columns of results, cells and revisions, in the
    order of their indexes.
    """

    suite_id: int
    dataset_id: int
    model_id: int
    hardware_class_id: int
    grade: str
    scope: str
    stratum: str

    @classmethod
    def of(cls, row: Keyed) -> CellKey:
        """The key of a result, a cell or its revision."""
        return cls(*(getattr(row, name) for name in CELL_FIELDS))

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of the columns, in their order."""
        return tuple(getattr(self, name) for name in CELL_FIELDS)

    @property
    def columns(self) -> dict[str, Any]:
        """The values by the names of the columns."""
        return dict(zip(CELL_FIELDS, self.values, strict=True))

    @property
    def board(self) -> tuple[int, str]:
        """The suite version and grade, whose cells share one version."""
        return self.suite_id, self.grade


CELL_FIELDS = tuple(field.name for field in fields(CellKey))
"""The columns of a key, in their order."""
