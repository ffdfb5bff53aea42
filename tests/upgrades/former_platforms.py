"""A platform that a former state of the code has prepared and filled, and its tables and boards as they are."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).parents[2]
READER = Path(__file__).with_name("board_reader.py")
CROWD = ["--days", "30", "--seed", "11", "--until", "2026-11-20"]
CONTRIBUTORS = 8
DOORS = ("prefix", "enrolment", "ticket", "result", "request")
RATES = ",".join(f"{door}=1000000000/h" for door in DOORS)


class CommandFailed(Exception):
    """A command of the platform ended with an error; the message has its last lines."""


class NeverRan(CommandFailed):
    """The code of a commit cannot prepare a platform, so that nobody has one of it: two sides met there half-way."""


@dataclass(frozen=True, kw_only=True)
class FormerPlatform:
    """Data of one platform: its folder, and its database where that is not a file in the folder."""

    folder: Path
    database_url: str | None

    def manage(self, tree: Path, *words: str) -> str:
        """Run a command of manage.py with the code of `tree` and return its output. Raises CommandFailed."""
        return self._run(tree, "manage.py", *words)

    def boards(self, tree: Path) -> Path:
        """Read every board's CSV with the code of `tree`; the folder that has them."""
        place = Path(tempfile.mkdtemp(dir=self.folder))
        self._run(tree, str(READER), str(place))
        return place

    def _run(self, tree: Path, *words: str) -> str:
        hidden = ("DATABASE_", "REDIS_", "CELERY_", "JOULEMARK_", "PYTHON", "DJANGO_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        roots = (str(tree / place) for place in (".", "platform", "agent", "simulation"))
        environment |= {
            "JOULEMARK_DATA_DIR": str(self.folder / "data"),
            "JOULEMARK_RATES": RATES,
            "JOULEMARK_LOG_LEVEL": "ERROR",
            "PYTHONPATH": os.pathsep.join(roots),
        }
        if self.database_url:
            environment["DATABASE_URL"] = self.database_url
        done = subprocess.run(
            [sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = (done.stdout + done.stderr).splitlines()[-15:]
            raise CommandFailed(f"{' '.join(words)} ended with {done.returncode}:\n" + "\n".join(lines))
        return done.stdout


@contextlib.contextmanager
def code_of(commit: str) -> Iterator[Path]:
    """The files of a commit, in a folder of their own while the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / commit
        tree.mkdir()
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "--extract"], cwd=tree, check=True, input=archive.stdout)
        yield tree


def new_database(server: str, name: str) -> str:
    """The address of a new, empty database on the PostgreSQL server at `server`."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def filled(
    tree: Path, folder: Path, database_url: str | None, *, contributors: int = CONTRIBUTORS
) -> FormerPlatform:
    """A platform that the code in `tree` has prepared, with a simulated crowd's results in it.

    Raises NeverRan where that code cannot prepare one, and CommandFailed for what fails later.
    """
    folder.mkdir()
    former = FormerPlatform(folder=folder, database_url=database_url)
    try:
        former.manage(tree, "prepare")
    except CommandFailed as error:
        raise NeverRan(str(error)) from error
    former.manage(tree, "simulate_crowd", "--contributors", str(contributors), *CROWD)
    return former
