"""What the platform's tests share: a catalogue, an enrolled key, and a client that posts bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from celery import current_app
from django.core.management import call_command
from django.db import connection
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from joulemark.record import keys
from joulemark.record.codec import decode, encode
from joulemark.record.messages import Ticket
from joulemark_simulation import records
from joulemark_simulation.result_rows import private_key
from joulemark_site import settings as platform_settings
from joulemark_site.crowd.presence import PRESENCE
from measurements.answer_cache import software_digest
from measurements.boards.page_views import VIEWED
from measurements.catalog import suites
from measurements.catalog.services import load_suite_catalog
from measurements.intake.refusal_counts import REFUSED
from measurements.ledger import key_file
from tests.client_response import ClientResponse, Post
from tests.strict_templates import strict_names


@pytest.fixture(autouse=True)
def platform_folder(settings: Settings, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every test has a platform key of its own; pages need no collected static files."""
    settings.PLATFORM_KEY_FILE = tmp_path_factory.mktemp("platform") / "platform-key.pem"
    settings.PLATFORM_KEY_FILE.write_bytes(
        keys.to_pem(private_key("platform"))
    )  # it signs what is simulated, too
    settings.LOG_DIR = tmp_path / "log"
    settings.LOG_KEY_FILE = tmp_path / "log-key.pem"
    key_file.make(settings.LOG_KEY_FILE)
    settings.STATIC_ROOT = tmp_path
    settings.RELEASES_WORK_DIR = tmp_path / "releases-work"
    settings.STORAGES = {
        **settings.STORAGES,
        "releases": {
            "BACKEND": "measurements.releases.storage.ReleaseFolder",
            "OPTIONS": {"location": tmp_path / "releases"},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def strict_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that a template of ours cannot resolve is a fault."""
    backend = engines["django"]
    assert isinstance(backend, DjangoTemplates)
    monkeypatch.setattr(backend.engine, "string_if_invalid", strict_names())


@pytest.fixture(autouse=True)
def no_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views that another test's pages had are not this one's, and none are written because a test takes long."""
    VIEWED.forget()
    monkeypatch.setattr(VIEWED, "_clock", lambda: 0.0)


@pytest.fixture(autouse=True)
def refusals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal is written when it is counted, so that a test sees it and none is left over for another."""
    monkeypatch.setattr(REFUSED, "every_s", 0.0)


@pytest.fixture(autouse=True)
def no_crowd() -> None:
    """A simulated crowd that another test's platform held is not this one's."""
    PRESENCE.forget()


@pytest.fixture(autouse=True)
def no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that another test has kept are not this one's: each has software of its own."""
    monkeypatch.setattr(software_digest, "software_digest", uuid4().hex.__str__)


@pytest.fixture(autouse=True)
def no_suites() -> None:
    """Suites that another test's platform handed out are not this one's."""
    suites._stored.clear()


@pytest.fixture
def own_queue(settings: Settings) -> None:
    """An empty queue of this test alone: what others have left in theirs is old, and health says so."""
    settings.REDIS_URL = platform_settings.REDIS_URL.replace("db=0", "db=9")
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The real queue without a worker: messages are sent, and nobody takes them up."""
    client = redis.Redis.from_url(platform_settings.REDIS_URL)
    client.flushdb()
    current_app.conf.task_always_eager = False
    yield client
    current_app.conf.task_always_eager = True
    client.flushdb()


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of this test alone, a copy of the empty one, in which transactions commit: threads see each other's.

    It is dropped as a whole, since rows of the log cannot be taken away.
    """
    with django_db_blocker.unblock():
        empty = connection.settings_dict["NAME"]
        own = f"{empty}_committed"
        connection.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{own}" TEMPLATE "{empty}"')
        connection.settings_dict["NAME"] = own
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = empty
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{own}" WITH (FORCE)')


@pytest.fixture
def catalogue(db: None) -> None:
    """The suites and their jobs, before any is handed out: nothing is in the log yet."""
    for suite in suites.known_suites().values():
        load_suite_catalog(suite)


@pytest.fixture
def prepared(db: None) -> None:
    """The suites as `manage.py prepare` loads them: those that are pinned are handed out and in the log."""
    call_command("load_catalog", verbosity=0)


@pytest.fixture
def post(client: Client) -> Post:
    """POST bytes to an address under /api/v1/ as the agent does."""

    def send(where: str, body: bytes) -> ClientResponse:
        return client.post(f"/api/v1/{where}", data=body, content_type="application/octet-stream")

    return send


@pytest.fixture
def enrolled(catalogue: None, post: Post) -> Post:
    """A platform that knows key 1."""
    assert post("enrolments", encode(records.enrolment())).status_code == 201
    return post


@pytest.fixture
def ticket(enrolled: Post) -> Ticket:
    """A ticket of key 1 for the suite's first job."""
    answer = enrolled("tickets", encode(records.ticket_request()))
    assert answer.status_code == 201, answer.content
    return decode(answer.content, Ticket, what="ticket")
