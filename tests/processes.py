"""The platform as processes: gunicorn and a Celery worker on a database of their own, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen

import psycopg

from tests import migrated

ROOT, SOURCE_ROOTS = migrated.ROOT, migrated.SOURCE_ROOTS
LIMIT_S = 60.0


@dataclass
class Platform:
    """A prepared database and the environment in which to start processes beside it."""

    origin: str
    environment: dict[str, str]
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        """The database's libpq URI."""
        return self.environment["DATABASE_URL"]

    def manage(self, *words: str) -> None:
        """Run one manage.py command to its end."""
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, check=True)

    def start(self, *command: str, log: str) -> subprocess.Popen[bytes]:
        """Start a program in a process group of its own; its output goes to a file in the folder."""
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, process_group=0
            )
        self.running.append(process)
        return process

    def start_web(self) -> subprocess.Popen[bytes]:
        """gunicorn, once it answers."""
        bind = urlsplit(self.origin).netloc
        web = self.start(sys.executable, "manage.py", "serve", "--bind", bind, log="web.log")
        wait_until(lambda: self.answers("/api/v1/platform"), beside=web, what="the web server answers")
        return web

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """A Celery worker of one process."""
        app = ("-m", "celery", "--app", "joulemark_site.celery", "worker", "--concurrency", "1")
        return self.start(sys.executable, *app, "--loglevel", "INFO", *options, log="worker.log")

    def answers(self, path: str) -> bool:
        """Whether GET gives a 200."""
        return self.get(path)[0] == 200

    def get(self, path: str) -> tuple[int, bytes]:
        """(status, body) of a GET; status 0 when nobody listens."""
        return self._ask(Request(self.origin + path))  # noqa: S310 - our own origin

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """(status, body) of a POST."""
        return self._ask(
            Request(  # noqa: S310 - our own origin
                self.origin + path, data=body, headers={"Content-Type": "application/octet-stream"}
            )
        )

    def _ask(self, request: Request) -> tuple[int, bytes]:
        try:
            with urlopen(request, timeout=LIMIT_S) as answer:  # noqa: S310 - the address is ours
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except URLError:
            return 0, b""

    def one(self, query: str) -> object:
        """The first column of the first row of a query in the platform's database."""
        if "DATABASE_URL" not in self.environment:
            with contextlib.closing(sqlite3.connect(self.folder / "data" / migrated.FILE_NAME)) as file:
                return file.execute(query).fetchone()[0]
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def peak_mb(self, process: subprocess.Popen[bytes]) -> float:
        """The largest resident set that a child of a process had, in MB of a million bytes."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        statuses = [Path(f"/proc/{child}/status").read_text().splitlines() for child in children]
        peaks = [line.split()[1] for status in statuses for line in status if line.startswith("VmHWM")]
        return max(map(int, peaks)) * 1024 / 1e6

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / name).read_text(errors="replace")


def kill(process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    """Signal a whole process group and wait for its leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    try:
        process.wait(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(
    true: Callable[[], bool], *, beside: subprocess.Popen[bytes], what: str, limit_s: float = LIMIT_S
) -> None:
    """Return once `true()`; fails when the process beside which we wait ends first, or after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not true():
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the process ended with {beside.wait(timeout=0.02)} before {what}")
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:.0f} s in vain until {what}")


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def embedded_platform(*, folder: Path, **settings: str) -> Iterator[Platform]:
    """A prepared platform with nothing set but its folder and origin: SQLite, tasks in the web process."""
    origin = f"http://127.0.0.1:{free_port()}"
    environment = {key: value for key, value in os.environ.items() if key not in migrated.HIDDEN}
    environment |= {
        "JOULEMARK_DATA_DIR": str(folder / "data"),
        "JOULEMARK_ORIGIN": origin,
        "PYTHONPATH": SOURCE_ROOTS,
        **settings,
    }
    made = Platform(origin=origin, environment=environment, folder=folder)
    shutil.copytree(migrated.static_files(), folder / "data" / migrated.STATIC, copy_function=os.link)
    if "DATABASE_URL" not in environment:
        shutil.copyfile(migrated.migrated_file(), folder / "data" / migrated.FILE_NAME)
    try:
        made.manage("prepare", "--keep-static")
        yield made
    finally:
        for process in made.running:
            kill(process)


@contextlib.contextmanager
def platform(
    *, name: str, folder: Path, database_url: str, redis_url: str, **settings: str
) -> Iterator[Platform]:
    """The same on a new PostgreSQL database called `name`, with a queue: tasks wait for a worker."""
    server = urlsplit(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated.migrated_database(database_url)}"')
    production = {"DATABASE_URL": urlunsplit(server._replace(path=f"/{name}")), "REDIS_URL": redis_url}
    with embedded_platform(folder=folder, **production, **settings) as made:
        yield made
