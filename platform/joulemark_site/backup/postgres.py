"""Dumps of PostgreSQL in its custom format, from one snapshot, and their restore in one transaction."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg.conninfo import make_conninfo

from joulemark_site.backup.errors import BackupError

DEBIAN = Path("/usr/lib/postgresql")
NAMES = {"NAME": "dbname", "USER": "user", "HOST": "host", "PORT": "port"}
OWN_OPTIONS = {"server_side_binding", "prepare_threshold"}
"""Options of the driver, which libpq does not know."""


def program(name: str) -> str:
    """The path of a program of PostgreSQL: Debian's newest, else the one on PATH. Raises BackupError."""
    versions = sorted(DEBIAN.glob(f"[0-9]*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    path = str(versions[-1]) if versions else shutil.which(name)
    if path is None:
        raise BackupError(
            "JM-BACKUP-PROGRAM",
            f"{name} is not on this machine: install PostgreSQL's client of the server's release.",
        )
    return path


def dump(target: Path, *, snapshot: str) -> None:
    """Write what the transaction that exported `snapshot` sees into `target`. Raises BackupError."""
    run(
        [
            *(program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"),
            *(f"--snapshot={snapshot}", f"--file={target}", f"--dbname={connection_words()}"),
        ]
    )


def restore(source: Path) -> None:
    """Replace the schema `public` by the dump's, as a whole or not at all. Raises BackupError."""
    script = subprocess.Popen(  # noqa: S603 - our own words
        [program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    psql = [program("psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    before = "--command=SET lock_timeout = '10s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public"
    done = subprocess.run(  # noqa: S603 - our own words
        [*psql, before, "--file=-", f"--dbname={connection_words()}"],
        stdin=script.stdout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    _output, reason = script.communicate()
    if script.returncode or done.returncode:
        words = (reason if script.returncode else done.stderr).decode(errors="replace").strip()[-800:]
        raise BackupError(
            "JM-RESTORE-DATABASE",
            f"The database refused the dump and is as it was: {words} End its other users first.",
        )


def connection_words() -> str:
    """The default database's address as libpq takes it, without the password."""
    settings = connection.settings_dict
    words = {NAMES[key]: str(settings[key]) for key in NAMES if settings.get(key)}
    options: dict[str, Any] = settings.get("OPTIONS") or {}
    words |= {key: str(value) for key, value in options.items() if key not in OWN_OPTIONS}
    return make_conninfo("", **words)


def environment() -> dict[str, str]:
    """This process' environment with the database's password, which is in no list of processes so."""
    password = connection.settings_dict.get("PASSWORD")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def run(command: list[str]) -> str:
    """Run a program to its end; its output. Raises BackupError with its last words."""
    done = subprocess.run(  # noqa: S603 - our own words
        command, capture_output=True, text=True, env=environment(), check=False
    )
    if done.returncode:
        raise BackupError(
            "JM-BACKUP-DATABASE",
            f"{Path(command[0]).name} failed: {done.stderr.strip()[-800:]} Nothing was written.",
        )
    return done.stdout
