"""The rows behind one cell, read and written in few round trips to the database.

A refresh runs three queries and five writes. On PostgreSQL independent statements are sent together, in a pipeline, so
that a refresh waits three times and not ten; the SQL is built once a process. SQLite gets the same statements one by
one. What counts as eligible is still defined by `ResultQuerySet.eligible` alone: its SQL is taken from there.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.utils import timezone

from joulemark.leaderboard.cell_content import ROW_FIELDS, DeviceSays
from measurements.boards.models import Cell, CellRevision, DeviceValue, DueRefresh
from measurements.concurrency.advisory_locks import key_of, lock_until_commit
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.models import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db.backends.utils import CursorWrapper

CELLS, REVISIONS, VALUES, DUE = (
    model._meta.db_table for model in (Cell, CellRevision, DeviceValue, DueRefresh)
)
CONTENT_FIELDS = tuple(
    field
    for field in Cell._meta.concrete_fields
    if not field.primary_key and field.attname not in (*CELL_FIELDS, "version", "updated_at")
)
"""The fields of a cell beside its key, its version and its time."""

CONTENT_NAMES = tuple(field.attname for field in CONTENT_FIELDS)
ADDED_LATER = ("latency_p50_s", "peak_memory_bytes")
"""Fields that cells from before a release do not have yet, and that are no part of what a version says."""

AT_KEY = " AND ".join(f"{name} = %s" for name in CELL_FIELDS)
CONTENT = ", ".join((*CELL_FIELDS, *CONTENT_NAMES))

READ_CELL = f"SELECT id, {', '.join(CONTENT_NAMES)} FROM {CELLS} WHERE {AT_KEY}"  # noqa: S608 - names of our own
READ_VALUES = (
    f"SELECT device_id, energy_per_query_j, n_results FROM {VALUES} "  # noqa: S608 - names of our own
    f"WHERE cell_id = (SELECT id FROM {CELLS} WHERE {AT_KEY})"
)
NEXT_VERSION = """
INSERT INTO boards_boardversion (suite_id, grade, version, changed_at) VALUES (%s, %s, 1, %s)
ON CONFLICT (suite_id, grade) DO UPDATE
SET version = boards_boardversion.version + 1, changed_at = {later}
"""
LATER = {
    "postgresql": "greatest(excluded.changed_at, boards_boardversion.changed_at + interval '1 microsecond')",
    "sqlite": "max(excluded.changed_at, boards_boardversion.changed_at)",
}
"""A writer that waited for another's change has a later time as well as a later version."""
MOMENT = ", ".join(
    f"(SELECT {name} FROM boards_boardversion WHERE suite_id = %s AND grade = %s)"  # noqa: S608 - names of our own
    for name in ("version", "changed_at")
)
WRITE_CELL = (
    f"INSERT INTO {CELLS} ({CONTENT}, version, updated_at) "  # noqa: S608 - names of our own
    f"VALUES ({', '.join('%s' for _ in (*CELL_FIELDS, *CONTENT_FIELDS))}, {MOMENT}) "
    f"ON CONFLICT ({', '.join(CELL_FIELDS)}) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*CONTENT_NAMES, "version", "updated_at"))
)
WRITE_REVISION = (
    f"INSERT INTO {REVISIONS} ({CONTENT}, version, updated_at, gone) "  # noqa: S608 - names of our own
    f"SELECT {CONTENT}, {MOMENT}, %s FROM {CELLS} WHERE {AT_KEY}"
)
WRITE_VALUE = (
    f"INSERT INTO {VALUES} (cell_id, device_id, energy_per_query_j, n_results) "  # noqa: S608 - names of our own
    f"SELECT id, %s, %s, %s FROM {CELLS} WHERE {AT_KEY} ON CONFLICT (cell_id, device_id) DO UPDATE "
    "SET energy_per_query_j = excluded.energy_per_query_j, n_results = excluded.n_results"
)
COMPLETE_CELL = f"UPDATE {CELLS} SET {', '.join(f'{name} = %s' for name in ADDED_LATER)} WHERE {AT_KEY}"  # noqa: S608 - our own
COMPLETE_REVISION = (
    f"UPDATE {REVISIONS} SET {', '.join(f'{name} = %s' for name in ADDED_LATER)} "  # noqa: S608 - names of our own
    f"WHERE id = (SELECT max(id) FROM {REVISIONS} WHERE {AT_KEY})"
)
DELETE_MARKS = f"DELETE FROM {DUE} WHERE {AT_KEY}"  # noqa: S608 - names of our own
REMOVE_VALUE = f"DELETE FROM {VALUES} WHERE cell_id = %s AND device_id = %s"  # noqa: S608 - names of our own


@dataclass(frozen=True, kw_only=True)
class StoredCell:
    """A cell in the database: its eligible results as `(device, *ROW_FIELDS)`, and the cell as it is shown.

    `pk` and `content` are None where no cell is shown.
    """

    results: list[tuple[Any, ...]]
    pk: int | None
    content: dict[str, Any] | None
    devices: dict[int, DeviceSays]


@contextmanager
def sent_together() -> Iterator[None]:
    """Within, statements are sent without waiting for the answer to the one before, where the database can."""
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def delete_marks(key: CellKey) -> None:
    """Delete the marks that the cell at `key` is due; to be called before its results are read.

    What changes from then on leaves a mark that stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(DELETE_MARKS, list(key.values))


def read_stored_cell(key: CellKey) -> StoredCell:
    """The rows of the cell at `key`, locked against other refreshes until the transaction ends."""
    at = list(key.values)
    columns = key.columns
    with ExitStack() as stack:
        lock, results, cell, values = (stack.enter_context(connection.cursor()) for _ in range(4))
        lock_until_commit([_lock_key(at)], cursor=lock)
        sql, parameters = _results_sql()
        results.execute(sql, [columns.get(named, named) for named in parameters])
        cell.execute(READ_CELL, at)
        values.execute(READ_VALUES, at)
        cell_row = cell.fetchone()
        return StoredCell(
            results=[(*row[:-1], json.loads(row[-1])) for row in results.fetchall()],
            pk=None if cell_row is None else cell_row[0],
            content=None
            if cell_row is None
            else dict(zip(CONTENT_NAMES, map(_loaded, CONTENT_FIELDS, cell_row[1:]), strict=True)),
            devices={device: (energy, n) for device, energy, n in values.fetchall()},
        )


def write_cell(key: CellKey, content: Mapping[str, Any]) -> None:
    """Write the content of a cell under the next version of its board, and append it as a revision."""
    at, board = key.values, key.board
    stored = [field.get_db_prep_save(content[field.attname], connection) for field in CONTENT_FIELDS]
    with connection.cursor() as cursor:
        _next_version(cursor, board)
        cursor.execute(WRITE_CELL, [*at, *stored, *board, *board])
        cursor.execute(WRITE_REVISION, [*board, *board, False, *at])


def lacks_only_later_fields(stored: Mapping[str, Any] | None, content: Mapping[str, Any]) -> bool:
    """Whether a cell says all that its results say but for fields that it was written before."""
    if stored is None:
        return False
    differing = {name for name, value in content.items() if stored[name] != value}
    return differing <= {*ADDED_LATER} and all(stored[name] is None for name in differing)


def complete_cell(key: CellKey, content: Mapping[str, Any]) -> None:
    """Give a cell, and the revision that it is, the fields that both lack; it says the same, so the version stays."""
    added = [content[name] for name in ADDED_LATER]
    with connection.cursor() as cursor:
        cursor.execute(COMPLETE_CELL, [*added, *key.values])
        cursor.execute(COMPLETE_REVISION, [*added, *key.values])


def remove_cell(key: CellKey) -> None:
    """Remove a cell; its last revision says that it is gone."""
    at, board = key.values, key.board
    with connection.cursor() as cursor:
        _next_version(cursor, board)
        cursor.execute(WRITE_REVISION, [*board, *board, True, *at])
    Cell.objects.at(key).delete()


def _next_version(cursor: CursorWrapper, board: tuple[int, str]) -> None:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    cursor.execute(NEXT_VERSION.format(later=LATER[connection.vendor]), [*board, now])


def write_devices(key: CellKey, stored: StoredCell, values: Mapping[int, DeviceSays]) -> None:
    """Write the values of devices that changed, and remove those of devices that have none any more."""
    at = key.values
    changed = [(device, *says, *at) for device, says in values.items() if stored.devices.get(device) != says]
    gone = [(stored.pk, device) for device in stored.devices.keys() - values.keys()]
    with connection.cursor() as cursor:
        if gone:
            cursor.executemany(REMOVE_VALUE, gone)
        if changed:
            cursor.executemany(WRITE_VALUE, changed)


@cache
def _results_sql() -> tuple[str, tuple[Any, ...]]:
    """SQL of a cell's eligible results, and its parameters in order: a field's name stands for the key's value."""
    markers: dict[str, Any] = {
        name: -1 - place if name.endswith("_id") else f"the {name}" for place, name in enumerate(CELL_FIELDS)
    }
    query = (
        Result.objects.eligible()
        .of_cell(CellKey(**markers))
        .order_by()
        .values_list("device_id", *ROW_FIELDS)
        .query
    )
    sql, parameters = query.sql_with_params()
    named = {marker: name for name, marker in markers.items()}
    return sql, tuple(named.get(parameter, parameter) for parameter in parameters)


def _loaded(field: models.Field[Any, Any], stored: Any) -> Any:
    return json.loads(stored) if isinstance(field, models.JSONField) else stored


def _lock_key(at: Sequence[object]) -> int:
    return key_of("cell " + "/".join(map(str, at)))
