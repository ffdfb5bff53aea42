"""The key that signs receipts: made once by `prepare`, never again; one that does not fit is the operator's fault."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from joulemark_simulation import records
from measurements.intake import platform_key
from measurements.intake.models import Submission
from measurements.intake.platform_key import KeyUnusable, make_signing_key, signing_key
from measurements.ledger import key_file, sequencer
from measurements.ledger.errors import KeyLost
from measurements.ledger.log_key import make_log_key

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def new_process() -> None:
    """A process that has not read any key yet."""
    platform_key._checked.cache_clear()


@pytest.fixture
def key_path(settings: Any) -> Path:
    return Path(settings.PLATFORM_KEY_FILE)


def refused(answer: Any, caplog: pytest.LogCaptureFixture, path: Path) -> None:
    """The client hears that it is not at fault and when to come back; the operator's log says what to do."""
    assert answer.status_code == 503, answer.content
    problem = json.loads(answer.content)
    assert problem["code"] == "JM-PLATFORM-KEY"
    assert "send it again later" in problem["detail"]
    assert int(answer["Retry-After"]) > 0
    assert str(path) not in answer.content.decode()
    said = [record for record in caplog.records if record.name == "measurements.intake.problems"]
    assert "JM-PLATFORM-KEY" in said[-1].getMessage()
    assert str(path) in said[-1].getMessage()
    assert "backup" in said[-1].getMessage()


def test_a_new_platform_has_no_key_until_it_is_prepared(key_path: Path) -> None:
    key_path.unlink()
    with pytest.raises(KeyUnusable, match="manage.py prepare"):
        signing_key()
    assert not key_path.exists()
    first = make_signing_key()
    assert key_path.stat().st_mode & 0o777 == 0o600
    assert make_signing_key() is first


def test_a_lost_key_is_not_replaced(
    enrolled: Any, client: Client, key_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backup = key_path.read_bytes()
    key_path.unlink()
    platform_key._checked.cache_clear()
    with pytest.raises(CommandError, match=r"lost.*No new key is made in its place.*backup"):
        call_command("prepare")
    assert not key_path.exists()
    refused(client.get("/api/v1/platform"), caplog, key_path)
    key_path.write_bytes(backup)
    assert client.get("/api/v1/platform").status_code == 200, "whoever restores it need not restart anything"


def test_another_key_signs_no_receipt(
    enrolled: Any,
    client: Client,
    key_path: Path,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert enrolled("results", records.bundle().to_bytes()).status_code == 202
    right = key_path.with_suffix(".backup")
    shutil.move(key_path, right)
    key_file.make(key_path)
    platform_key._checked.cache_clear()
    with pytest.raises(CommandError, match="not the key of this platform"):
        call_command("prepare")
    (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")
    monkeypatch.setattr(connection, "close", lambda: None)  # it is this test's transaction
    with pytest.raises(CommandError, match="not the key of this platform"):
        call_command("serve")
    refused(client.get("/api/v1/platform"), caplog, key_path)
    refused(enrolled("results", records.bundle(of=records.trace(salt=3)).to_bytes()), caplog, key_path)
    assert Submission.objects.count() == 1
    shutil.move(right, key_path)
    assert client.get("/api/v1/platform").status_code == 200


def test_another_key_of_the_log_stops_the_start(
    enrolled: Any,
    client: Client,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a restore that mixed up two platforms leaves it: agents would take this log for another one."""
    sequencer.sequence()
    path = Path(settings.LOG_KEY_FILE)
    right = path.read_bytes()
    path.unlink()
    key_file.make(path)
    key_file.load_once.cache_clear()
    with pytest.raises(CommandError, match="not the one that signed the last checkpoint"):
        call_command("prepare")
    (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")
    monkeypatch.setattr(connection, "close", lambda: None)  # it is this test's transaction
    with pytest.raises(CommandError, match="not the one that signed the last checkpoint"):
        call_command("serve")
    answer = client.get("/api/v1/platform")
    assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "JM-PLATFORM-KEY")
    path.write_bytes(right)
    key_file.load_once.cache_clear()
    assert client.get("/api/v1/platform").status_code == 200


def test_prepare_alone_makes_the_logs_key(client: Client, settings: Any) -> None:
    path = Path(settings.LOG_KEY_FILE)
    path.unlink()
    key_file.load_once.cache_clear()
    assert client.get("/api/v1/platform").status_code == 503
    with pytest.raises(KeyLost, match="manage.py prepare"):
        sequencer.sign_checkpoint(size=0, root=bytes(32))
    assert not path.exists()
    make_log_key()
    assert path.stat().st_mode & 0o777 == 0o600
    assert client.get("/api/v1/platform").status_code == 200


@pytest.mark.parametrize(
    "damaged", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_not_the_volunteers_fault(
    client: Client, key_path: Path, damaged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    key_path.write_bytes(damaged)  # as a full disk or a wrong copy leaves it
    refused(client.get("/api/v1/platform"), caplog, key_path)


def test_a_lost_key_of_the_log_is_not_the_volunteers_fault(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LOG_KEY = "garbage"
    answer = client.get("/api/v1/platform")
    assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "JM-PLATFORM-KEY")
    assert "checkpoints" in caplog.text
