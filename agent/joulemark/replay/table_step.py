"""Is every table of the format there, and each file in the form of its table: all columns, all rows in order of key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.reader.release import batches_of
from joulemark.release.tables import TABLES, table_named
from joulemark.replay.faults import UNREADABLE
from joulemark.replay.state_file import PartOutcome
from joulemark.replay.table_rows import files_of, require_columns
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.reader.release import OpenRelease
    from joulemark.release.manifest import TableFile


PRESENCE = "presence"


def parts(release: OpenRelease) -> list[str]:
    """Whether all tables are there, and the Parquet files of those that are, as `table path`."""
    files = [f"{table.name} {file.path}" for table in TABLES for file in files_of(release, table.name)]
    return [PRESENCE, *files]


def run(release: OpenRelease, part: str) -> PartOutcome:
    """Look whether all tables are there, or read the keys of one file."""
    outcome = PartOutcome()
    if part == PRESENCE:
        _compare_presence(release, outcome)
        return outcome
    name, path = part.split(" ", 1)
    file = next(file for file in release.files(name) if file.path == path)
    try:
        require_columns(release, name, file)
        _read_keys(release, name, file, outcome)
    except UNREADABLE as error:
        outcome.differs(
            "JM-REPLAY-TABLE", path, _("{path} cannot be read as the table {table}: {why}").format(
                path=path, table=name, why=error
            ),
        )  # fmt: skip
    return outcome


def _compare_presence(release: OpenRelease, outcome: PartOutcome) -> None:
    """A table by leaves has a file for each range, which the manifest's decoding sees to; a snapshot has one."""
    for table in TABLES:
        n_files = len(files_of(release, table.name))
        if table.partition == "leaf":
            is_whole = n_files > 0 or (table.name in release.tables and not release.manifest.tree_size)
        else:
            is_whole = n_files == 1
        if not is_whole:
            outcome.differs(
                "JM-REPLAY-TABLE",
                table.name,
                _("The table {table} is not whole: it has {count} Parquet files.").format(
                    table=table.name, count=n_files
                ),
            )


def _read_keys(release: OpenRelease, name: str, file: TableFile, outcome: PartOutcome) -> None:
    table, leaves = table_named(name), file.leaf_range
    last: tuple[Any, ...] | None = None
    n_rows = 0
    for batch in batches_of(release.root.fetched(file), columns=table.key):
        columns = [batch.column(column).to_pylist() for column in table.key]
        for key in zip(*columns, strict=True):
            n_rows += 1
            if last is not None and key <= last:
                outcome.differs(
                    "JM-REPLAY-ORDER",
                    file.path,
                    _("The rows of {path} are not in the order of their key at row {row}: {key}.").format(
                        path=file.path, row=n_rows, key=key
                    ),
                )
                return
            last = key
            if leaves is not None and not leaves.start <= key[0] < leaves.end:
                outcome.differs(
                    "JM-REPLAY-TABLE",
                    file.path,
                    _("{path} has a row of entry {index}, which is not in its range.").format(
                        path=file.path, index=key[0]
                    ),
                )
                return
    outcome.count("rows", n_rows)
    if n_rows != file.rows:
        outcome.differs(
            "JM-REPLAY-TABLE",
            file.path,
            _("{path} has {count} rows; the manifest says {expected}.").format(
                path=file.path, count=n_rows, expected=file.rows
            ),
        )
