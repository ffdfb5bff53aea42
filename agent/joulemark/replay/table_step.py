"""Is every table file in the form that its table has: all rows, each once, in the order of their key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.errors import AgentError
from joulemark.reader.release import batches_of
from joulemark.release.tables import table_named
from joulemark.replay.state_file import PartOutcome
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.reader.release import OpenRelease
    from joulemark.release.manifest import TableFile


def parts(release: OpenRelease) -> list[str]:
    """The Parquet files of all tables that are known, as `table path`."""
    return [
        f"{name} {file.path}" for name in release.tables if _is_known(name) for file in release.files(name)
    ]


def run(release: OpenRelease, part: str) -> PartOutcome:
    """Read the keys of one file."""
    outcome = PartOutcome()
    name, path = part.split(" ", 1)
    file = next(file for file in release.files(name) if file.path == path)
    try:
        _read_keys(release, name, file, outcome)
    except (AgentError, OSError, ValueError, KeyError) as error:
        outcome.differs(
            "JM-REPLAY-TABLE", path, _("{path} cannot be read as the table {table}: {why}").format(
                path=path, table=name, why=error
            ),
        )  # fmt: skip
    return outcome


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


def _is_known(name: str) -> bool:
    """Whether this version knows the table: a later one may have more."""
    try:
        table_named(name)
    except KeyError:
        return False
    return True
