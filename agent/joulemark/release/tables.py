"""Every table of a release, by name. docs/data.md is written from it, and so are schema.json and the metadata."""

from __future__ import annotations

from joulemark.release.board_tables import BOARD_TABLES
from joulemark.release.columns import FORMS, KINDS, Column, Form, Kind, Partition, Table
from joulemark.release.leaf_tables import LEAF_TABLES
from joulemark.release.subject_tables import SUBJECT_TABLES

__all__ = ["FORMS", "KINDS", "TABLES", "Column", "Form", "Kind", "Partition", "Table", "table_named"]

TABLES: tuple[Table, ...] = (*LEAF_TABLES, *BOARD_TABLES, *SUBJECT_TABLES)
"""All tables, in the order in which they are listed."""

_BY_NAME = {table.name: table for table in TABLES}


def table_named(name: str) -> Table:
    """The table with this name. Raises KeyError."""
    return _BY_NAME[name]
