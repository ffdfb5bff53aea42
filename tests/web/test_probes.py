"""What probes say: `/livez` whatever is away, `/readyz` each thing that is amiss, in words for the operator."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from joulemark_site.crowd.presence import PRESENCE
from measurements.monitoring import clock, conditions, dependencies, schema
from measurements.monitoring.clock import ClockSteps
from measurements.monitoring.dependencies import DatabaseAnswer, DiskSpace
from measurements.monitoring.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

pytestmark = pytest.mark.django_db
CHECKS = {"database", "schema", "keys", "queue", "clock", "disk"}


@pytest.fixture(autouse=True)
def new_process() -> None:
    """A process that has asked nothing yet."""
    schema.forget()


def amiss(client: Client) -> dict[str, str]:
    """The checks that failed, with their words; the status fits them."""
    answer = client.get("/readyz")
    fields = answer.json()
    failed = {name: words for name, words in fields["checks"].items() if words != "ok"}
    assert set(fields["checks"]) == CHECKS
    assert (answer.status_code, fields["ready"]) == ((503, False) if failed else (200, True))
    assert answer["Cache-Control"] == "no-store"
    return failed


def away() -> NoReturn:
    raise OperationalError("server closed the connection")


class Silent:
    """A question that has no answer until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def __call__(self) -> NoReturn:
        self.let_go.wait()
        raise OperationalError("let go")


@pytest.fixture
def silent() -> Iterator[Silent]:
    """Such a question, which no thread waits for when the test is over."""
    question = Silent()
    yield question
    question.let_go.set()


def test_all_is_well(client: Client) -> None:
    assert amiss(client) == {}


def test_a_lost_key_is_named(client: Client, settings: Any) -> None:
    assert amiss(client) == {}
    Path(settings.PLATFORM_KEY_FILE).unlink()
    (words,) = amiss(client).values()
    assert settings.PLATFORM_KEY_FILE.name in words
    assert client.get("/livez").status_code == 200


def test_tables_behind_the_code_are_named_until_they_are_not(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(MigrationExecutor, "migration_plan", lambda *_: ["something"])
        assert "manage.py prepare" in amiss(client)["schema"]
    assert amiss(client) == {}


def test_a_missing_column_and_a_missing_table_are_named_though_every_migration_is_applied(
    client: Client,
) -> None:
    """As where a migration was edited after it had run."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE monitoring_raisedalarm")
        cursor.execute("ALTER TABLE review_verdict DROP COLUMN occasion CASCADE")
    words = amiss(client)["schema"]
    assert "review_verdict.occasion" in words
    assert "monitoring_raisedalarm.sentence" in words
    assert "Restore" in words


def test_a_schema_that_fitted_is_asked_for_again_after_a_while(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert amiss(client) == {}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE monitoring_raisedalarm")
    assert amiss(client) == {}, "it is believed to for a while"
    now_s = time.monotonic()
    monkeypatch.setattr(
        "measurements.monitoring.schema.time.monotonic", lambda: now_s + schema.ASK_AGAIN_S + 1
    )
    assert list(amiss(client)) == ["schema"]


@pytest.mark.parametrize("is_silent", [False, True], ids=["closed", "silent"])
def test_a_database_that_is_away_is_named_and_restarts_nobody(
    client: Client, monkeypatch: pytest.MonkeyPatch, silent: Silent, *, is_silent: bool
) -> None:
    """Also while its answer is still to come, which is waited for no longer than the limit."""
    monkeypatch.setattr(dependencies, "DATABASE", Probe("database", silent if is_silent else away))
    failed = amiss(client)
    assert not silent.let_go.is_set()
    assert set(failed) == {"database", "schema", "keys"}
    assert "DATABASE_URL" in failed["database"]
    assert client.get("/livez").content == b"alive\n"


def test_probes_ask_nothing_of_the_database_on_their_own(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PRESENCE, "is_simulated", away)
    monkeypatch.setattr(dependencies, "DATABASE", Probe("database", away))
    assert [client.get(path).status_code for path in ("/livez", "/readyz")] == [200, 503]


def test_a_host_that_is_none_of_ours_is_answered(client: Client) -> None:
    """A monitor of the inside knows the platform by its service's name."""
    assert client.get("/livez", headers={"Host": "web:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "web:8000"}).status_code == 400


def test_a_queue_that_is_away_is_named(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody-listens.sock"
    assert list(amiss(client)) == ["queue"]


def test_a_queue_that_is_silent_is_named_before_it_answers(
    client: Client, monkeypatch: pytest.MonkeyPatch, silent: Silent
) -> None:
    monkeypatch.setattr(dependencies, "QUEUE", Probe("queue", silent))
    assert list(amiss(client)) == ["queue"]
    assert not silent.let_go.is_set()


def test_a_clock_that_differs_from_the_databases_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = DatabaseAnswer(clock_offset_s=-90.0, clock_offset_within_s=0.1)
    monkeypatch.setattr(dependencies, "DATABASE", Probe("database", lambda: answer))
    assert "-90 s" in amiss(client)["clock"]


def test_a_clock_that_jumped_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [1000.0]
    steps = ClockSteps(wall=lambda: now_s[0], monotonic=lambda: 5.0)
    now_s[0] += 3600.0
    monkeypatch.setattr(clock, "STEPS", steps)
    assert "+3600 s" in amiss(client)["clock"]


def test_a_full_disk_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = DiskSpace(folder="log", free=17 * 1024 * 1024, size=10**10)
    monkeypatch.setattr(dependencies, "DISKS", Probe("disks", lambda: (disk,)))
    assert amiss(client) == {"disk": "The disk of the folder log has 17 MiB left."}


@pytest.fixture
def three_disks(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Free bytes by folder, each on a disk of its own; the test may change them."""
    free = {}
    for name, setting in (("data", "DATA_DIR"), ("log", "LOG_DIR"), ("database", "DATABASE_DIR")):
        folder = tmp_path / name
        folder.mkdir()
        setattr(settings, setting, folder)
        free[name] = 10**10
    stat, statvfs = Path.stat, os.statvfs

    def stat_of(path: Path, **options: Any) -> os.stat_result:
        status = stat(path, **options)
        device = list(free).index(path.name) if path.parent == tmp_path else status.st_dev
        return os.stat_result((*status[:2], device, *status[3:]))

    def statvfs_of(path: Path) -> os.statvfs_result:
        status = list(statvfs(path))
        status[1:5] = [1, 10**11, free[path.name], free[path.name]]
        return os.statvfs_result(status)

    monkeypatch.setattr(Path, "stat", stat_of)
    monkeypatch.setattr(os, "statvfs", statvfs_of)
    return free


def test_the_databases_disk_is_looked_at_where_the_operator_names_it(
    three_disks: dict[str, int], settings: Any
) -> None:
    three_disks["database"] = 17 * 1024 * 1024
    assert {disk.folder: disk.free for disk in dependencies.ask_disks()} == three_disks
    condition = conditions._disks(dependencies.ask_disks())
    assert condition.detail == "The disk of the folder database has 17 MiB left."
    settings.DATABASE_DIR = None
    assert [disk.folder for disk in dependencies.ask_disks()] == ["data", "log"], "nothing is said of it"


def test_a_folder_of_the_database_that_is_away_is_unwell_and_no_parents_disk(
    three_disks: dict[str, int], settings: Any, client: Client
) -> None:
    settings.DATABASE_DIR = settings.DATABASE_DIR / "not-mounted"
    assert "JOULEMARK_DATABASE_DIR" in amiss(client)["disk"]


def test_those_who_ask_a_silent_thing_start_no_second_thread() -> None:
    asked: list[int] = []
    gate: Future[None] = Future()

    def question() -> int:
        asked.append(1)
        gate.result(20)
        return 7

    probe = Probe("once", question)
    first, second = probe.start(), probe.start()
    with pytest.raises(TimeoutError):
        first.result(0.01)
    gate.set_result(None)
    assert (first.result(20), second.result(20), len(asked)) == (7, 7, 1)
    assert (probe.start().result(20), len(asked)) == (7, 2)


def test_probes_take_no_posts(client: Client) -> None:
    assert [client.post(path).status_code for path in ("/livez", "/readyz")] == [405, 405]
