"""What probes say: `/livez` whatever is away, `/readyz` each thing that is amiss, in words for the operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from joulemark_site import probes
from measurements.intake import platform_key

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def new_process() -> None:
    """A process that has asked nothing yet."""
    probes._require_migrated.cache_clear()
    platform_key._checked.cache_clear()


def amiss(client: Client) -> dict[str, str]:
    """The checks that failed, with their words; the status fits them."""
    answer = client.get("/readyz")
    said = answer.json()
    failed = {name: words for name, words in said["checks"].items() if words != "ok"}
    assert set(said["checks"]) == {"database", "schema", "keys", "queue"}
    assert (answer.status_code, said["ready"]) == ((503, False) if failed else (200, True))
    assert answer["Cache-Control"] == "no-store"
    return failed


def test_all_is_well(client: Client) -> None:
    assert amiss(client) == {}


def test_a_lost_key_is_named(client: Client, settings: Any) -> None:
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


def test_a_database_that_is_away_is_named_and_restarts_nobody(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(connection, "cursor", away)
    monkeypatch.setattr(connection, "close", lambda: None)  # it is this test's transaction
    assert "DATABASE_URL" in amiss(client)["database"]
    assert client.get("/livez").content == b"alive\n"


def test_a_queue_that_is_away_is_named(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody-listens.sock"
    assert list(amiss(client)) == ["queue"]


def test_probes_take_no_posts(client: Client) -> None:
    assert [client.post(path).status_code for path in ("/livez", "/readyz")] == [405, 405]
