"""Marks: cells of which something is to be derived anew, because one of their results has changed.

A mark is inserted in the transaction of the change, and deleted by whoever has derived the cell from results that it
read later. So the row is the truth and a message only a nudge: a message that is lost leaves the mark, and a change
that comes while a cell is derived leaves another one. Marks are never updated, so that transactions which change
results of one cell do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models

from measurements.concurrency.bulk_insert import insert_rows
from measurements.review.cell_key import CELL_FIELDS, CellKey


class DueCellQuerySet(models.QuerySet[Any]):
    """Reads and writes of marks."""

    def mark(self, cells: Iterable[CellKey]) -> None:
        """Mark each of these cells once, within the transaction that changes a result of it."""
        insert_rows([self.model(**cell.columns) for cell in sorted(set(cells))])

    def of_cell(self, cell: CellKey) -> Self:
        """Marks of one cell."""
        return self.filter(**cell.columns)

    def oldest_cells(self, *, most: int) -> list[CellKey]:
        """The cells that are due, each once, those that were marked first in front; at most `most`."""
        marked = self.order_by().values_list(*CELL_FIELDS).annotate(first=models.Min("pk")).order_by("first")
        return [CellKey(*values) for *values, _first in marked[:most]]


class DueCell(models.Model):
    """A mark. The columns of the key refer to no row: a mark that outlives what it names is deleted like any other."""

    suite_id = models.BigIntegerField()
    dataset_id = models.BigIntegerField()
    model_id = models.BigIntegerField()
    hardware_class_id = models.BigIntegerField()
    grade = models.CharField(max_length=10)
    scope = models.CharField(max_length=20)
    stratum = models.CharField(max_length=60)

    objects = DueCellQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [
            # the marks of one cell
            models.Index(fields=list(CELL_FIELDS), name="%(class)s_cell")
        ]

    def __str__(self) -> str:
        return f"due: {CellKey.of(self)}"


class DueComparison(DueCell):
    """The results of this cell are to be compared anew (`replication`)."""
