"""A damaged log: it is not served, health says so, no thread and no command ends by it, and the sequencer mends it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from joulemark.log import notes
from joulemark.log.checkpoints import Checkpoint as SignedCheckpoint
from joulemark.record import keys
from measurements.ledger import sequencer, tile_store
from measurements.ledger.audit import log_faults
from measurements.ledger.errors import LogBroken
from measurements.ledger.log_key import log_name
from measurements.ledger.models import Checkpoint, Leaf, LeafKind, LogHead
from measurements.ledger.services import append_leaf
from tests.laws import law
from tests.processes import embedded_platform, wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]


def write(count: int) -> None:
    """So many leaves."""
    with transaction.atomic():
        for number in range(count):
            append_leaf(kind=LeafKind.APPEAL, subject=f"{number:064x}", facts={})


@pytest.fixture
def file() -> Path:
    """The published checkpoint of a log of five leaves."""
    write(5)
    sequencer.sequence()
    return tile_store.place(tile_store.CHECKPOINT)


def another_log() -> bytes:
    """A checkpoint of the same name and size that a stranger has signed."""
    text = SignedCheckpoint(origin=log_name(), size=5, root=bytes(32)).text()
    return notes.sign(text, name=log_name(), key=keys.generate()).encode()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "no text": lambda _: b"\xff\xfe\x00",
    "no note": lambda _: b"Hello.\n",
    "cut off": lambda note: note[: len(note) // 2],
    "another size": lambda note: note.replace(b"\n5\n", b"\n6\n"),
    "another root": lambda note: note.replace(note.splitlines()[2], b"A" * 43 + b"="),
    "another signature": lambda note: note[:-3] + (b"E=\n" if note[-3:-2] == b"A" else b"A=\n"),
    "a line too many": lambda note: note + "\u2014 nobody AAAAAAAA\n".encode(),
    "a stranger's": lambda _: another_log(),
    "zeros": lambda note: bytes(len(note)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_not_served_and_is_mended(client: Client, file: Path, damage: str) -> None:
    good = file.read_bytes()
    file.write_bytes(DAMAGES[damage](good))
    assert file.read_bytes() != good
    served = client.get("/log/checkpoint")
    assert (served.status_code, served["Retry-After"]) == (503, "5")
    health = client.get("/api/v1/health")
    assert (health.status_code, health.json()["log"]["broken"], health.json()["ok"]) == (503, True, False)
    assert any("is no checkpoint of this log" in fault for fault in log_faults())
    with pytest.raises(CommandError, match="6 faults"):
        call_command("check_log", stderr=(said := StringIO()))
    assert "sequence_log" in said.getvalue()
    assert said.getvalue().count("that row is gone") == 5  # these leaves record nothing
    call_command("sequence_log", stdout=StringIO())
    assert file.read_bytes() == good
    assert client.get("/log/checkpoint").content == good
    assert client.get("/api/v1/health").status_code == 200
    assert list(log_faults()) == []


@pytest.mark.laws
def test_any_other_bytes_are_not_served_and_are_mended(client: Client, file: Path) -> None:
    good = file.read_bytes()
    places = st.lists(st.tuples(st.integers(0, len(good) - 1), st.integers(0, 255)), min_size=1, max_size=3)

    def edited(edits: list[tuple[int, int]]) -> bytes:
        data = bytearray(good)
        for place, byte in edits:
            data[place] = byte
        return bytes(data)

    @law(share=0.5)
    @given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode) | places.map(edited))
    def holds(data: bytes) -> None:
        file.write_bytes(data)
        assert client.get("/log/checkpoint").status_code == (200 if data == good else 503)
        assert (list(log_faults()) == []) == (data == good)
        sequencer.sequence()
        assert file.read_bytes() == good

    holds()


def test_new_leaves_do_not_wait_for_a_damaged_file(file: Path) -> None:
    file.write_bytes(b"\xff")
    write(3)
    checkpoint = sequencer.sequence()
    assert checkpoint is not None
    assert checkpoint.size == 8
    assert file.read_text().splitlines()[1] == "8"
    assert tile_store.place(tile_store.DAMAGED).read_bytes() == b"\xff"


def test_a_damaged_file_does_not_hide_that_the_database_is_older(file: Path) -> None:
    """Restored from a backup of three leaves, while eight were signed: what was seen cannot be unsaid."""
    write(3)
    sequencer.sequence()
    file.write_bytes(b"\xff")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM ledger_checkpoint WHERE size = 8")
        cursor.execute("DELETE FROM ledger_leaf WHERE index >= 5")
        cursor.execute("UPDATE ledger_loghead SET size = 5")
        cursor.execute("SET session_replication_role = DEFAULT")
    write(1)
    signed = Checkpoint.objects.count()
    for _turn in range(2):
        with pytest.raises(LogBroken, match="older than it or another one"):
            sequencer.sequence()
    assert (Checkpoint.objects.count(), file.read_bytes()) == (signed, b"\xff")


@pytest.mark.parametrize("kind", ["a folder", "a folder with a file", "a link to a folder"])
def test_what_is_no_file_in_the_place_of_the_checkpoint_is_moved_away(
    client: Client, file: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    good = file.read_bytes()
    for turn in range(2):
        file.unlink()
        if kind == "a link to a folder":
            file.symlink_to(file.parent / "tile")
        else:
            file.mkdir()
            if kind == "a folder with a file":
                (file / "mine").write_text("kept")
        caplog.clear()
        assert client.get("/log/checkpoint").status_code == 503
        (line,) = [record for record in caplog.records if "JM-LOG-CHECKPOINT-DAMAGED" in record.message]
        assert line.exc_info is None
        assert "\n" not in line.message
        assert any("cannot be read" in fault for fault in log_faults())
        sequencer.sequence()
        assert file.read_bytes() == good
        aside = tile_store.place(f"{tile_store.DAMAGED}-{turn}" if turn else tile_store.DAMAGED)
        assert os.path.lexists(aside)
        if kind == "a folder with a file":
            assert (aside / "mine").read_text() == "kept"
    assert client.get("/log/checkpoint").content == good
    assert list(log_faults()) == []


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000.p/5", "tile/entries/000.p/5"])
def test_what_cannot_be_read_is_a_fault_and_no_traceback(client: Client, file: Path, path: str) -> None:
    place = tile_store.place(path)
    place.unlink()
    place.mkdir()
    assert [fault for fault in log_faults() if "cannot be read" in fault]
    if path == "checkpoint":
        assert client.get("/log/checkpoint").status_code == 503
    place.rmdir()
    sequencer.sequence()
    assert list(log_faults()) == []


def test_health_says_that_nothing_is_signed_any_more(client: Client, file: Path) -> None:
    assert client.get("/api/v1/health").json()["ok"] is True
    LogHead.objects.update(size=4)
    write(1)
    with pytest.raises(LogBroken):
        sequencer.sequence()
    health = client.get("/api/v1/health")
    assert (health.status_code, health.json()["log"]["broken"]) == (503, True)
    LogHead.objects.update(size=5)
    sequencer.sequence()
    health = client.get("/api/v1/health")
    assert (health.status_code, health.json()["log"]["broken"]) == (200, False)


def test_a_leaf_that_no_checkpoint_covers_for_long_is_an_alarm(
    client: Client, file: Path, settings: Settings
) -> None:
    """Whether it has a place already or not: the sequencer may have ended between the two."""
    write(2)
    answer = client.get("/api/v1/health").json()["waiting"]["checkpoint"]
    assert (answer["count"], answer["alarm"], answer["limit_s"]) == (2, False, settings.LOG_ALARM_S)
    with transaction.atomic():
        old = Leaf.objects.latest("id").logged_at - timedelta(seconds=settings.LOG_ALARM_S + 60)
        append_leaf(kind=LeafKind.APPEAL, subject="0" * 64, facts={}, at=old)
    sequencer.assign_places()
    health = client.get("/api/v1/health")
    assert (health.status_code, health.json()["log"]["broken"]) == (503, False)
    assert (
        health.json()["waiting"]["checkpoint"]["count"],
        health.json()["waiting"]["checkpoint"]["alarm"],
    ) == (
        3,
        True,
    )
    sequencer.sequence()
    assert client.get("/api/v1/health").status_code == 200


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(240)
def test_the_embedded_server_mends_it_by_itself(tmp_path: Path) -> None:
    with embedded_platform(folder=tmp_path, JOULEMARK_LOG_EVERY_S="1") as running:
        web = running.start_web()
        file = tmp_path / "data" / "log" / "checkpoint"
        wait_until(file.exists, beside=web, what="there is a checkpoint")
        good = file.read_bytes()
        for damage in (b"\xff\xfe", b"no note\n", b""):
            file.write_bytes(damage)
            wait_until(lambda: file.read_bytes() == good, beside=web, what="it is written again")
        file.unlink()
        file.mkdir()
        wait_until(file.is_file, beside=web, what="the folder is moved away")
        wait_until(lambda: running.answers("/log/checkpoint"), beside=web, what="it is served again")
        assert file.read_bytes() == good
