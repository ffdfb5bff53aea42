"""The database of a backup: dumped from one moment with its counts, and put in place of the one that is there."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from joulemark.atomic_file import move_file, sync_path
from joulemark_site.backup import postgres
from joulemark_site.backup.errors import BackupError
from joulemark_site.backup.manifest import LogState, Vendor

DUMP_FILE, SQLITE_FILE = "database.dump", "database.sqlite3"


@dataclass(frozen=True, kw_only=True)
class DatabaseState:
    """What was dumped; `rows` by table."""

    vendor: Vendor
    version: str
    migrations: list[str]
    rows: dict[str, int]
    log: LogState | None


def dump_database(folder: Path) -> DatabaseState:
    """Write the database into `folder`; counts and checkpoint are of the same moment. Raises BackupError."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = str(cursor.fetchone()[0])
            postgres.dump(folder / DUMP_FILE, snapshot=snapshot)
            cursor.execute("SHOW server_version")
            return _state("postgresql", str(cursor.fetchone()[0]))
    target = folder / SQLITE_FILE
    with contextlib.closing(sqlite3.connect(target)) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    with contextlib.closing(sqlite3.connect(target)) as copy:
        return _state_of_file(copy)


def _state(vendor: Vendor, version: str) -> DatabaseState:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = {}
        for table in sorted(tables):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - its own tables
            rows[table] = int(cursor.fetchone()[0])
        cursor.execute("SELECT size, root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
        last = cursor.fetchone()
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        migrations = [f"{app}.{name}" for app, name in cursor.fetchall()]
    return DatabaseState(
        vendor=vendor,
        version=version,
        migrations=migrations,
        rows=rows,
        log=LogState(size=last[0], root=last[1]) if last else None,
    )


def _state_of_file(copy: sqlite3.Connection) -> DatabaseState:
    names = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    tables = sorted(row[0] for row in names)
    rows = {
        table: int(copy.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - its own tables
        for table in tables
    }
    last = copy.execute("SELECT size, root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    migrations = copy.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    return DatabaseState(
        vendor="sqlite",
        version=sqlite3.sqlite_version,
        migrations=[f"{app}.{name}" for app, name in migrations],
        rows=rows,
        log=LogState(size=last[0], root=last[1]) if last else None,
    )


def restore_database(folder: Path) -> None:
    """Put the backup's database in place of this one, whole or not at all. Raises BackupError."""
    connection.close()
    if connection.vendor == "postgresql":
        postgres.restore(folder / DUMP_FILE)
        return
    path = Path(connection.settings_dict["NAME"])
    draft = path.with_name(f".{path.name}.restored")
    shutil.copyfile(folder / SQLITE_FILE, draft)
    with contextlib.closing(sqlite3.connect(draft)) as copy:
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        draft.unlink()
        raise BackupError(
            "JM-RESTORE-DATABASE", f"The backup's database is damaged: {verdict}. Take another backup."
        )
    draft.chmod(0o640)
    sync_path(draft)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    move_file(draft, path)


def n_results() -> int:
    """How many results this platform's database holds; 0 where it has no tables yet."""
    with connection.cursor() as cursor:
        if "intake_submission" not in connection.introspection.table_names(cursor):
            return 0
        cursor.execute("SELECT count(*) FROM intake_submission")
        return int(cursor.fetchone()[0])


def unknown_migrations(applied: list[str]) -> list[str]:
    """Those of `applied` that this software does not have: it is older than the backup."""
    ours = {f"{app}.{name}" for app, name in MigrationExecutor(connection).loader.disk_migrations}
    known_apps = {name.partition(".")[0] for name in ours}
    return [name for name in applied if name not in ours and name.partition(".")[0] in known_apps]


def applied_migrations() -> list[str]:
    """The migrations that this database has."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
