"""The table of versions. Triggers write it, in the transaction of each change (`table_triggers`)."""

from __future__ import annotations

from django.db import models


class TableVersion(models.Model):
    """A number that rises with every change that one writer makes in one table; the table's version is their sum.

    `writer` is the process of the database server that writes, which no two transactions share, so that none waits for
    another; 0 stands for all that have ended, and for the only one that SQLite has. The number is the time in
    milliseconds since 2026 wherever it can be: after a backup was restored no number comes a second time.
    """

    pk = models.CompositePrimaryKey("table_name", "writer")
    table_name = models.CharField(max_length=63)
    writer = models.IntegerField()
    version = models.DecimalField(max_digits=40, decimal_places=0)

    def __str__(self) -> str:
        return f"{self.table_name} by {self.writer}: {self.version}"
