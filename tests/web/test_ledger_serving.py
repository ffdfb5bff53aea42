"""The log as others see it: files under /log/, proofs, the key, witnesses; and that it is kept up to date."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from joulemark.log import notes
from joulemark.log.checkpoints import open_checkpoint
from joulemark.log.proofs import verified_proof
from joulemark.record import keys
from joulemark.record.codec import decode
from joulemark.record.envelope import Envelope
from joulemark.record.messages import LogProof, PlatformKey, Ticket
from joulemark.record.receipts import verified_receipt
from joulemark_simulation import records
from measurements.concurrency.nudger import Nudger
from measurements.intake.models import Submission
from measurements.ledger import key_file, sequencer, tile_store
from measurements.ledger.audit import log_faults
from measurements.ledger.errors import KeyLost, LogBroken
from measurements.ledger.log_key import log_name, make_log_key, verifier_key
from measurements.ledger.models import Checkpoint, Leaf, LeafKind
from measurements.ledger.services import append_leaf
from tests.client_response import Post
from tests.log_reading import LogReader
from tests.processes import Platform, embedded_platform, wait_until

pytestmark = pytest.mark.django_db


def write(count: int) -> None:
    """So many leaves."""
    with transaction.atomic():
        for number in range(count):
            append_leaf(kind=LeafKind.APPEAL, subject=f"{number:064x}", facts={})


@pytest.fixture
def reader(client: Client) -> LogReader:
    """Reads over Django's test client."""

    def get(path: str) -> bytes:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.getvalue()

    return LogReader(get)


@pytest.fixture
def received(enrolled: Post, ticket: Ticket) -> Submission:
    """A result whose leaf waits."""
    enrolled("results", records.bundle(ticket=ticket).to_bytes())
    return Submission.objects.get()


def test_a_log_is_verified_over_http_alone(reader: LogReader) -> None:
    write(700)
    sequencer.sequence()
    assert [entry.subject for entry in reader.entries()] == [f"{number:064x}" for number in range(700)]


def test_a_receipt_is_a_promise_and_the_proof_keeps_it(client: Client, received: Submission) -> None:
    address = f"/api/v1/results/{received.pk}/proof"
    waits = client.get(address)
    assert (waits.status_code, waits.json()["code"]) == (404, "JM-NOT-SEQUENCED")
    assert (waits["Content-Type"], waits["Retry-After"]) == ("application/problem+json", "5")

    sequencer.sequence()
    answer = client.get(address)
    assert answer["Cache-Control"] == "no-store"
    platform = decode(client.get("/api/v1/platform").content, PlatformKey, what="key")
    envelope = decode(bytes(received.receipt), Envelope, what="receipt")
    receipt = verified_receipt(envelope, result_id=received.pk, public_key=platform.public_key)
    assert receipt.leaf_index is None
    assert receipt.leaf == received.leaf.body.encode()
    proof = decode(answer.content, LogProof, what="proof")
    log_key = notes.VerifierKey.parse(str(platform.log_key))
    assert verified_proof(proof, receipt=receipt, key=log_key).size == Leaf.objects.count()


def test_nobody_has_a_proof_of_a_result_that_is_none(client: Client) -> None:
    answer = client.get(f"/api/v1/results/{'0' * 64}/proof")
    assert (answer.status_code, answer.json()["code"]) == (404, "JM-HTTP-404")
    assert "Retry-After" not in answer


def test_the_page_of_a_result_waits_with_it(client: Client, received: Submission) -> None:
    assert "not in the log yet" in client.get(f"/results/{received.pk}/").content.decode()
    sequencer.sequence()
    page = client.get(f"/results/{received.pk}/").content.decode()
    assert "not in the log yet" not in page
    assert f"/api/v1/results/{received.pk}/proof" in page


def test_tiles_may_be_kept_for_ever_and_the_checkpoint_not(client: Client) -> None:
    write(300)
    sequencer.sequence()
    checkpoint = client.get("/log/checkpoint")
    assert (checkpoint["Cache-Control"], checkpoint["Content-Type"]) == (
        "no-store",
        "text/plain; charset=utf-8",
    )
    tile = client.get("/log/tile/0/000")
    assert tile["Cache-Control"] == "public, max-age=31536000, immutable"
    assert len(tile.getvalue()) == 256 * 32
    assert client.get("/log/tile/0/001.p/44").status_code == 200
    assert client.get("/log/tile/entries/001.p/44").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/0/001.p/45",
        "tile/0/000/",
        "tile/0/0",
        "tile/00/000",
        "tile/0/x000/000",
        "tile/0/000.p/256",
        "tile/0/../../checkpoint",
        "tile/0/%2e%2e/%2e%2e/checkpoint",
        "tile//etc/passwd",
        "tile/entries/000.p/0",
        ".sequencer",
        "",
    ],
)
def test_nothing_but_tiles_is_served(client: Client, path: str) -> None:
    write(300)
    sequencer.sequence()
    assert client.get(f"/log/{path}").status_code == 404


def test_a_log_without_a_checkpoint_says_so(client: Client) -> None:
    assert client.get("/log/checkpoint").status_code == 404


def test_the_log_takes_no_posts(client: Client) -> None:
    assert client.post("/log/checkpoint").status_code == 405


def test_the_key_is_kept_to_its_owner_and_announced(client: Client, settings: Settings) -> None:
    announced = decode(client.get("/api/v1/platform").content, PlatformKey, what="key").log_key
    assert Path(settings.LOG_KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert notes.VerifierKey.parse(str(announced)).name == "127.0.0.1:8000/log"
    assert Path(settings.LOG_KEY_FILE).read_bytes() != Path(settings.PLATFORM_KEY_FILE).read_bytes()


def test_a_rotated_key_signs_on_and_the_former_one_is_still_believed(
    settings: Settings, reader: LogReader
) -> None:
    write(2)
    sequencer.sequence()
    former = verifier_key()
    settings.LOG_KEY = keys.to_pem(keys.generate()).decode()
    write(2)
    with pytest.raises(LogBroken, match="JOULEMARK_LOG_FORMER_KEYS"):
        sequencer.sequence()
    assert Checkpoint.objects.count() == 1
    assert [fault for fault in log_faults() if "checkpoint of 2 leaves" in fault]
    settings.LOG_FORMER_KEYS = [former]
    sequencer.sequence()
    assert reader.checkpoint().size == 4
    assert list(log_faults()) == []


def lose_key(settings: Settings) -> None:
    """As after a restart without the file."""
    Path(settings.LOG_KEY_FILE).unlink()
    key_file.load_once.cache_clear()


@pytest.mark.parametrize("seen", ["rows and file", "rows", "file"])
def test_a_lost_key_is_not_replaced_in_silence(settings: Settings, seen: str) -> None:
    write(2)
    sequencer.sequence()
    former = verifier_key()
    lose_key(settings)
    if seen == "rows":
        tile_store.place(tile_store.CHECKPOINT).unlink()
    if seen == "file":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM ledger_checkpoint")
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(KeyLost, match=r"JOULEMARK_LOG_KEY_FILE.*JOULEMARK_LOG_FORMER_KEYS"):
        verifier_key()
    if seen == "rows and file":
        write(1)
        with pytest.raises(KeyLost):
            sequencer.sequence()
        assert [fault for fault in log_faults() if "The log's key is lost" in fault]
    assert not Path(settings.LOG_KEY_FILE).exists()
    settings.LOG_FORMER_KEYS = [former]
    with pytest.raises(KeyLost, match=r"manage.py prepare"):
        verifier_key()
    make_log_key()
    assert verifier_key() != former


def test_a_witness_is_published_with_the_checkpoint(
    settings: Settings, client: Client, tmp_path: Path
) -> None:
    key = keys.generate()
    witness = notes.verifier_key(key, name="witness.example", kind=notes.COSIGNATURE)
    write(3)
    sequencer.sequence()
    note = client.get("/log/checkpoint").getvalue().decode()
    signed = notes.cosign(note, name=witness.name, key=key, at=datetime.now(UTC))
    (tmp_path / "note").write_text(signed)
    with pytest.raises(CommandError, match="JOULEMARK_LOG_WITNESSES"):
        call_command("add_cosignature", str(tmp_path / "note"))
    settings.LOG_WITNESSES = [witness]
    out = StringIO()
    call_command("add_cosignature", str(tmp_path / "note"), stdout=out)
    call_command("add_cosignature", str(tmp_path / "note"), stdout=out)
    assert out.getvalue().splitlines() == [
        "witness.example has signed 3 leaves",
        "These signatures are published already.",
    ]
    published = client.get("/log/checkpoint").getvalue().decode()
    assert published == signed
    seen = open_checkpoint(published, key=verifier_key(), origin=log_name(), witnesses=[witness])
    assert seen.size == 3
    assert list(log_faults()) == []


def test_a_witness_of_another_log_is_refused(settings: Settings, tmp_path: Path) -> None:
    key = keys.generate()
    settings.LOG_WITNESSES = [notes.verifier_key(key, name="witness.example", kind=notes.COSIGNATURE)]
    other = notes.sign("another.example/log\n1\nAAAA\n", name="another.example/log", key=keys.generate())
    (tmp_path / "note").write_text(notes.cosign(other, name="witness.example", key=key, at=datetime.now(UTC)))
    with pytest.raises(CommandError, match="no recent checkpoint of this log"):
        call_command("add_cosignature", str(tmp_path / "note"))


def test_a_second_sequencer_returns_at_once() -> None:
    write(1)
    with psycopg.connect(**_where()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [sequencer.LOCK])
        assert sequencer.sequence() is None
        assert Checkpoint.objects.count() == 0
        other.execute("SELECT pg_advisory_unlock(%s)", [sequencer.LOCK])
    checkpoint = sequencer.sequence()
    assert checkpoint is not None
    assert checkpoint.size == 1


def _where() -> dict[str, Any]:
    from django.db import connection

    names = {"NAME": "dbname", "USER": "user", "HOST": "host"}
    return {names[key]: value for key, value in connection.settings_dict.items() if key in names and value}


def test_without_a_queue_a_leaf_is_sequenced_right_after_its_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        write(5)
    assert Leaf.objects.waiting().count() == 0
    assert Checkpoint.objects.get().size == 5


def test_a_change_that_is_undone_leaves_no_leaf(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            append_leaf(kind=LeafKind.APPEAL, subject="00", facts={})
            transaction.set_rollback(True)
        write(1)
    assert list(Leaf.objects.values_list("index", flat=True)) == [0]


def test_many_nudges_are_one_message() -> None:
    sent, go_on = [], threading.Event()
    first, second = threading.Event(), threading.Event()

    def send(_: list[None]) -> None:
        sent.append(1)
        (second if len(sent) > 1 else first).set()
        assert go_on.wait(30)

    nudger: Nudger[None] = Nudger(
        send, name="log-nudger", otherwise=lambda _: "they wait", every_s=0.01, max_waiting=1
    )
    nudger.add(None)
    assert first.wait(30)
    for _ in range(100):
        nudger.add(None)
    go_on.set()
    assert second.wait(30)
    assert len(sent) == 2


def test_beat_asks_often_enough_for_ten_seconds() -> None:
    entry: Any = site.CELERY_BEAT_SCHEDULE["ledger.sequence"]
    assert (entry["task"], entry["schedule"].seconds) == ("ledger.sequence", 5)


@pytest.mark.processes
@pytest.mark.timeout(240)
def test_without_any_nudge_the_embedded_platform_sequences_by_itself(tmp_path: Path) -> None:
    with embedded_platform(folder=tmp_path, JOULEMARK_LOG_EVERY_S="1") as running:
        unseen = (
            "from measurements.ledger.models import Leaf; from django.utils.timezone import now;"
            "from measurements.ledger.services import hash_leaf;"
            "[Leaf.objects.create(kind='appeal', subject='0', body=str(n), leaf_hash=hash_leaf(str(n).encode()),"
            " logged_at=now()) for n in range(3)]"
        )
        web = running.start_web()
        wait_until(lambda: _size(running) > 0, beside=web, what="the suites are in a checkpoint")
        size = _size(running)
        running.manage("shell", "--command", unseen)
        wait_until(lambda: _size(running) == size + 3, beside=web, what="the leaves are in a checkpoint")
        _sqlite_refuses(tmp_path / "data" / "joulemark.sqlite3")


def _size(running: Platform) -> int:
    status, note = running.get("/log/checkpoint")
    return int(note.splitlines()[1]) if status == 200 else -1


def _sqlite_refuses(file: Path) -> None:
    statements = [
        "UPDATE ledger_leaf SET body = 'x'",
        'UPDATE ledger_leaf SET "index" = 7 WHERE "index" = 0',
        "DELETE FROM ledger_leaf",
        "INSERT OR REPLACE INTO ledger_leaf SELECT * FROM ledger_leaf WHERE id = 1",
        (
            'INSERT OR REPLACE INTO ledger_leaf (id, kind, subject, body, leaf_hash, logged_at, "index") '
            "VALUES (99, 'appeal', '0', '', '', '2026-01-01', 0)"
        ),
        "UPDATE ledger_checkpoint SET note = ''",
        "DELETE FROM ledger_checkpoint",
        "INSERT OR REPLACE INTO ledger_checkpoint SELECT * FROM ledger_checkpoint",
    ]
    database = sqlite3.connect(file)
    for statement in statements:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
    database.close()
