"""Databases with all migrations in them and collected static files, made once in a run and copied by every test.

A migration of an empty database costs some ten seconds of processor time. The processes that share a run's tests have
servers of their own but one folder (FOLDER): who comes first makes what is in it, under a lock, and the others copy it.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from joulemark_simulation.services import find_postgres

ROOT = Path(__file__).parents[1]
SOURCE_ROOTS = os.pathsep.join(str(ROOT / part) for part in (".", "platform", "agent", "simulation"))
FOLDER = "JOULEMARK_TEST_TEMPLATES"
"""Names the folder that the processes of a run share; without it each process has one of its own."""
FILE_NAME, STATIC, DUMP = "joulemark.sqlite3", "static", "migrated.dump"
TEMPLATE = "migrated"
HIDDEN = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
"""Settings of the tests' own servers, which a platform on SQLite must not find."""


def make_folder() -> Path:
    """An empty folder for FOLDER, which goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def static_files() -> Path:
    """The folder of collected static files."""
    with _first_makes(STATIC, lambda: _manage("collectstatic", "--no-input")):
        return _folder() / STATIC


@functools.cache
def migrated_file() -> Path:
    """An empty database of SQLite with all migrations in it."""
    with _first_makes(FILE_NAME, lambda: _manage("migrate")):
        return _folder() / FILE_NAME


@functools.cache
def migrated_database(database_url: str) -> str:
    """The name of a database with all migrations in it, made once for each server: migrated, or restored from a dump.

    `database_url` is the libpq URI of any database of the server. Raises CalledProcessError when a program fails.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{TEMPLATE}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{TEMPLATE}"')
    own = urlunsplit(urlsplit(database_url)._replace(path=f"/{TEMPLATE}"))
    dump = _folder() / DUMP

    def migrate() -> None:
        _manage("migrate", DATABASE_URL=own)
        _postgres("pg_dump", "--format=custom", "--compress=0", f"--file={dump}", own)

    with _first_makes(DUMP, migrate) as was_made:
        if not was_made:
            _postgres("pg_restore", "--exit-on-error", f"--dbname={own}", str(dump))
    return TEMPLATE


@functools.cache
def _folder() -> Path:
    shared = os.environ.get(FOLDER)
    return Path(shared) if shared else make_folder()


@contextlib.contextmanager
def _first_makes(name: str, make: Callable[[], None]) -> Iterator[bool]:
    """Let one process alone `make` what is called `name`; the others wait. Yields whether it was this process."""
    done = _folder() / f"{name}.done"
    with (_folder() / f"{name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        makes = not done.exists()
        if makes:
            make()
            done.touch()
    yield makes


def _manage(*words: str, **settings: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in HIDDEN}
    environment |= {"JOULEMARK_DATA_DIR": str(_folder()), "PYTHONPATH": SOURCE_ROOTS, **settings}
    command = [sys.executable, "manage.py", *words, "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _postgres(program: str, *words: str) -> None:
    subprocess.run([find_postgres().with_name(program), *words], check=True)
