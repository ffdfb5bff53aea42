"""Trying a backup: restored beside the platform, into a database and folders that end with the trial.

Nothing of the running platform is touched, and nothing is signed: the copy's log waits from its first moment to its
last.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from joulemark_site.backup import postgres
from joulemark_site.backup.errors import BackupError
from joulemark_site.backup.manifest import Manifest, read_manifest, verified_manifest

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"


@dataclass(frozen=True, kw_only=True)
class DrillStep:
    """A step of the trial; `fault` is empty where it went well."""

    name: str
    seconds: float
    outcome: str
    fault: str = ""


def try_backup(folder: Path) -> Iterator[DrillStep]:
    """Verify, restore, check and compare the backup in `folder`; ends after the first step that fails."""
    begin_s = time.monotonic()
    try:
        manifest = verified_manifest(folder)
    except BackupError as error:
        yield DrillStep(
            name="verify", seconds=time.monotonic() - begin_s, outcome="damaged", fault=str(error)
        )
        return
    yield DrillStep(
        name="verify",
        seconds=time.monotonic() - begin_s,
        outcome=f"{len(manifest.files)} files are as listed",
    )
    with tempfile.TemporaryDirectory(prefix="joulemark-drill-") as name, _database(Path(name)) as environment:
        for step, words in (
            ("restore", ["restore", str(folder)]),
            ("check", ["check_log", "--database"]),
            ("read back", ["backup", str(Path(name) / "again")]),
        ):
            done = _step(step, words, environment)
            yield done
            if done.fault:
                return
        (again,) = (Path(name) / "again").iterdir()
        yield _compared(manifest, read_manifest(again))


def _step(name: str, words: list[str], environment: Mapping[str, str]) -> DrillStep:
    begin_s = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, str(MANAGE), *words],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or ["done"]
    fault = done.stderr.strip()[-1500:] or f"ended with {done.returncode}" if done.returncode else ""
    return DrillStep(name=name, seconds=time.monotonic() - begin_s, outcome=lines[0], fault=fault)


def _compared(before: Manifest, after: Manifest) -> DrillStep:
    """Every table has as many rows, and the log the same size and root."""
    tables = before.rows.keys() | after.rows.keys()
    other = [name for name in sorted(tables) if before.rows.get(name, 0) != after.rows.get(name, 0)]
    newer = set(after.migrations) - set(before.migrations)
    if newer:  # the software is newer than the backup, and its migrations may add rows
        other = [
            name
            for name in other
            if name not in {"django_migrations", "django_content_type", "auth_permission"}
        ]
    fault = ""
    if other:
        name = other[0]
        fault = f"{name} had {before.rows.get(name, 0)} rows and has {after.rows.get(name, 0)}."
    elif before.log != after.log:
        fault = f"The log was {before.log} and is {after.log}."
    rows = sum(before.rows.values())
    return DrillStep(name="compare", seconds=0.0, outcome=f"{rows} rows in {len(tables)} tables", fault=fault)


@contextmanager
def _database(folder: Path) -> Iterator[Mapping[str, str]]:
    """The environment of a platform with this one's settings, and a database and folders of its own."""
    own = {
        "JOULEMARK_ORIGIN": settings.ORIGIN,
        "JOULEMARK_DATA_DIR": str(folder / "data"),
        "JOULEMARK_LOG_DIR": str(folder / "log"),
        "JOULEMARK_LOG_COPIES": "",
        "JOULEMARK_LOG_WITNESS_ADDRESSES": "",
        "JOULEMARK_PLATFORM_KEY_FILE": "",
        "JOULEMARK_LOG_KEY_FILE": "",
        "JOULEMARK_LOG_KEY": "",
        "JOULEMARK_SECRET_KEY": "",
        "REDIS_URL": "",
    }
    if connection.vendor != "postgresql":
        yield {**os.environ, **own, "DATABASE_URL": ""}
        return
    name = f"joulemark_drill_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        words = {**conninfo_to_dict(postgres.connection_words()), "dbname": name}
        yield {**os.environ, **own, "DATABASE_URL": make_conninfo("", **words)}
    finally:
        with connection.cursor() as cursor:
            cursor.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
