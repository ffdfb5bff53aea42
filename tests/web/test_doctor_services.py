"""`manage.py doctor` and the services behind a platform: database, queue, workers, and the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from celery import current_app
from django.contrib.auth.models import User

from joulemark.record import keys
from joulemark_simulation.services import Services, services
from joulemark_site.doctor import database_checks, machine_checks, queue_checks
from joulemark_site.doctor.examination import examine
from measurements.intake import platform_key
from tests.doctor_examinations import found, named, prepared_place
from tests.processes import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    return prepared_place(tmp_path)


@pytest.fixture(scope="module")
def strict_servers() -> Iterator[Services]:
    """A PostgreSQL that waits for the disk and asks one user for a password, and a Redis."""
    with services(durable=True) as running:
        assert running.database_url is not None
        rules = running.folder / "data" / "pg_hba.conf"
        rules.write_text(
            "local all locked scram-sha-256\nlocal all refused reject\n" + rules.read_text(), encoding="utf-8"
        )
        with psycopg.connect(running.database_url, autocommit=True) as database:
            database.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
            database.execute("CREATE ROLE refused LOGIN")
            database.execute(
                "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
            )
            database.execute("SELECT pg_reload_conf()")
        yield running


def address(servers: Services, user: str = "joulemark", database: str = "postgres") -> str:
    return f"postgresql://{user}@/{database}?host={servers.folder}"


SERVER_CHECKS = [
    check
    for check in database_checks.CHECKS
    if check.name in ("database", "database server", "database connections")
]


@pytest.mark.processes
def test_a_right_database_has_none(strict_servers: Services, place: dict[str, str]) -> None:
    url = address(strict_servers)
    assert found(SERVER_CHECKS, {**place, "DATABASE_URL": url, "JOULEMARK_WEB_PROCESSES": "4"}) == set()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("expected", "user", "database"),
    [
        ("JM-DB-PASSWORD", "locked:wrong", "postgres"),
        ("JM-DB-PASSWORD", "locked", "postgres"),
        ("JM-DB-RULES", "refused", "postgres"),
        ("JM-DB-ROLE", "nobody", "postgres"),
        ("JM-DB-NAME", "joulemark", "nothing"),
        ("JM-DB-ENCODING", "joulemark", "latin"),
    ],
)
def test_a_wrong_database_is_named(
    strict_servers: Services, place: dict[str, str], expected: str, user: str, database: str
) -> None:
    codes = found(SERVER_CHECKS, {**place, "DATABASE_URL": address(strict_servers, user, database)})
    assert f"{expected} DATABASE_URL" in codes


@pytest.mark.processes
def test_more_about_the_database(
    strict_servers: Services, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = {**place, "DATABASE_URL": address(strict_servers)}
    away = found(SERVER_CHECKS, {**place, "DATABASE_URL": f"postgresql://u@127.0.0.1:{free_port()}/x"})
    assert away == {"JM-DB-AWAY DATABASE_URL"}
    many = found(SERVER_CHECKS, {**right, "JOULEMARK_WEB_PROCESSES": "40"})
    assert many == {"JM-DB-CONNECTIONS JOULEMARK_WEB_PROCESSES"}
    assert "JM-DB-DURABLE DATABASE_URL" in found(
        SERVER_CHECKS, {**place, "DATABASE_URL": os.environ["DATABASE_URL"]}
    )
    schema = [check for check in database_checks.CHECKS if check.name == "tables"]
    assert found(schema, right) == {"JM-DB-SCHEMA DATABASE_URL"}
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    assert found(SERVER_CHECKS, right) == {"JM-CLOCK-DATABASE DATABASE_URL"}
    no_file = found(SERVER_CHECKS, {**place, "DATABASE_URL": "", "REDIS_URL": ""})
    assert no_file == {"JM-DB-NONE JOULEMARK_DATA_DIR"}


def test_another_key_than_the_one_that_signed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_: object) -> None:
        raise platform_key.KeyUnusable("x is not the key of this platform: …")

    monkeypatch.setattr(database_checks, "signing_key", other)
    assert "JM-KEY-PLATFORM-OTHER JOULEMARK_PLATFORM_KEY_FILE" in named(examine(database_checks.CHECKS[4:5]))


def test_another_log_key_is_named(prepared: None, settings: Any) -> None:
    from measurements.ledger.sequencer import sequence

    sequence()
    platform_key._checked.cache_clear()
    check = [check for check in database_checks.CHECKS if check.name == "signatures"]
    assert named(examine(check)) == set()
    settings.LOG_KEY_FILE = settings.LOG_KEY_FILE.with_name("other.pem")
    settings.LOG_KEY_FILE.write_bytes(keys.to_pem(keys.generate()))
    assert named(examine(check)) == {"JM-KEY-LOG-OTHER JOULEMARK_LOG_KEY_FILE"}


def test_too_few_moderators_and_missing_second_factors_are_named(settings: Any) -> None:
    check = [check for check in database_checks.CHECKS if check.name == "moderators"]
    assert named(examine(check)) == {"JM-PEOPLE-MODERATORS moderators"}
    for number in range(2):
        User.objects.create_superuser(f"moderator {number}")
    assert named(examine(check)) == set()
    settings.SECOND_FACTOR = "required"
    assert named(examine(check)) == {"JM-PEOPLE-SECOND-FACTOR JOULEMARK_SECOND_FACTOR"}


@pytest.mark.processes
def test_a_queue_is_looked_at(
    strict_servers: Services, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert strict_servers.redis_url is not None
    right = {**place, "REDIS_URL": strict_servers.redis_url}
    server = queue_checks.CHECKS[:1]
    client = redis.Redis.from_url(strict_servers.redis_url)
    assert found(server, right) == set()
    assert found(server, {**place, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}) == {
        "JM-REDIS-AWAY REDIS_URL"
    }
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", "32mb")
    assert found(server, right) == {
        "JM-REDIS-EVICTION REDIS_URL",
        "JM-REDIS-SMALL JOULEMARK_ANSWER_CACHE_MIB",
    }
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "0")
    client.config_set("requirepass", "right")
    assert found(server, right) == {"JM-REDIS-PASSWORD REDIS_URL"}
    assert found(
        server, {**place, "REDIS_URL": f"unix://:wrong@{strict_servers.folder}/redis.sock?db=0"}
    ) == {"JM-REDIS-PASSWORD REDIS_URL"}
    client.auth("right")
    client.config_set("requirepass", "")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    assert found(server, right) == {"JM-CLOCK-QUEUE REDIS_URL"}


EVERY_QUEUE = ("log", "outgoing", "sweeps", "cells", "judging", "answers", "backlog", "releases")


@pytest.mark.parametrize(
    ("beats", "queues", "expected"),
    [
        (1, EVERY_QUEUE, set()),
        (0, EVERY_QUEUE, {"JM-QUEUE-BEAT-NONE beat"}),
        (2, EVERY_QUEUE, {"JM-QUEUE-BEAT-MANY beat"}),
        (1, ("log", "sweeps"), {"JM-QUEUE-WORKERS workers"}),
    ],
)
def test_workers_and_beat_are_counted(
    monkeypatch: pytest.MonkeyPatch, settings: Any, beats: int, queues: tuple[str, ...], expected: set[str]
) -> None:
    settings.REDIS_URL = "redis://queue"
    inspected = {"judge@x": [{"name": name} for name in queues]}
    replies = [{"judge@x": {"ok": "pong"}}, *({f"celerybeat@{n}": {"ok": "pong"}} for n in range(beats))]

    class Inspect:
        def active_queues(self) -> object:
            return inspected

    monkeypatch.setattr(current_app.control, "inspect", lambda **_: Inspect())
    monkeypatch.setattr(current_app.control, "ping", lambda **_: replies)
    assert named(examine(queue_checks.CHECKS[1:])) == expected


def test_the_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("TZ", "Europe/Moscow")
    time.tzset()
    try:
        assert named(examine(machine_checks.CHECKS)) == {"JM-HUB-AWAY HF_ENDPOINT", "JM-TIME-ZONE TZ"}
    finally:
        monkeypatch.undo()
        time.tzset()
