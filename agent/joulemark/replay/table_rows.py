"""Rows of a release's Parquet files as a replay needs them: with every column of their table, each of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.reader.column_kinds import require_kinds
from joulemark.reader.release import batches_of, rows_of_batch, schema_of
from joulemark.release.tables import table_named
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.reader.release import OpenRelease
    from joulemark.release.manifest import TableFile


def files_of(release: OpenRelease, name: str) -> tuple[TableFile, ...]:
    """The Parquet files of a table by range; none where the release lacks it, which `table_step` reports."""
    return release.files(name) if name in release.tables else ()


def rows_in(release: OpenRelease, name: str, file: TableFile) -> Iterator[dict[str, Any]]:
    """The rows of one file of a table. Raises ValueError as `require_columns`."""
    require_columns(release, name, file)
    for batch in batches_of(release.root.fetched(file)):
        yield from rows_of_batch(name, batch)


def rows_of(release: OpenRelease, name: str) -> Iterator[dict[str, Any]]:
    """The rows of a whole table. Raises ValueError as `require_columns`."""
    for file in files_of(release, name):
        yield from rows_in(release, name, file)


def require_columns(release: OpenRelease, name: str, file: TableFile) -> None:
    """Raises ValueError for a file that lacks a column of its table, or has one of another kind."""
    schema = schema_of(release.root.fetched(file))
    lacks = sorted(set(table_named(name).column_names) - set(schema.names))
    if lacks:
        raise ValueError(_("it lacks the columns {columns}").format(columns=", ".join(lacks)))
    require_kinds(name, schema)
