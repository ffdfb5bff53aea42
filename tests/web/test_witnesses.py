"""Witnesses of the log: asked by the platform, or coming by themselves; against our own witness and against liars."""

from __future__ import annotations

import gzip
import html
import itertools
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from joulemark.exchange_limits import ExchangeLimits
from joulemark.log import notes
from joulemark.log.add_checkpoint import SIZE_TYPE, parse_request
from joulemark.log.checkpoints import open_checkpoint
from joulemark.record import keys
from joulemark.witness.cosigner import Cosigner
from joulemark.witness.server import WitnessServer
from joulemark.witness.state import WitnessStore
from measurements.ledger import sequencer, witness_client
from measurements.ledger.health import witnesses
from measurements.ledger.log_key import log_name, verifier_key
from measurements.ledger.models import Checkpoint, Cosignature, LeafKind, WitnessState
from measurements.ledger.services import append_leaf
from tests.client_response import Post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

KEY = keys.generate()
WITNESS = notes.verifier_key(KEY, name="witness.example/w", kind=notes.COSIGNATURE)
Reply = tuple[int, str, bytes]


def write(count: int) -> Checkpoint:
    """So many further leaves, and a checkpoint over all."""
    with transaction.atomic():
        for number in range(count):
            append_leaf(kind=LeafKind.APPEAL, subject=f"{number:064x}", facts={}, at=timezone.now())
    checkpoint = sequencer.sequence()
    assert checkpoint is not None
    return checkpoint


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(reply: Callable[[bytes], Reply], *, pause_s: float = 0.0) -> Iterator[str]:
    """A witness that answers whatever `reply` returns for a body, with a pause before each of its bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/sub/add-checkpoint"
            status, content_type, body = reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not pause_s:
                self.wfile.write(body)
                return
            with suppress(ConnectionError):
                for byte in body:
                    time.sleep(pause_s)
                    self.wfile.write(bytes([byte]))

        def log_message(self, *words: object) -> None:
            """Silent."""

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"{address}/sub"


@pytest.fixture
def witness(settings: Settings, tmp_path: Path) -> Iterator[Cosigner]:
    """Our own witness in a thread, which the platform is told to ask."""
    cosigner = Cosigner(
        name=WITNESS.name,
        key=KEY,
        store=WitnessStore(tmp_path / "witness"),
        logs={log_name(): verifier_key()},
    )
    settings.LOG_WITNESSES = [WITNESS]
    with served(WitnessServer("127.0.0.1", 0, cosigner)) as address:
        settings.LOG_WITNESS_ADDRESSES = {WITNESS: address}
        yield cosigner


def published(client: Client) -> str:
    return client.get("/log/checkpoint").getvalue().decode()


def test_each_checkpoint_is_cosigned_and_published_so(witness: Cosigner, client: Client) -> None:
    assert witness_client.ask_witnesses() == 0  # nothing is signed yet
    for count in (1, 6, 300):
        size = write(count).size
        assert witness_client.ask_witnesses() == 1
        seen = open_checkpoint(published(client), key=verifier_key(), origin=log_name(), witnesses=[WITNESS])
        assert seen.size == size
        assert witness_client.ask_witnesses() == 0
    assert Cosignature.objects.count() == 3
    state = WitnessState.objects.get()
    assert (state.size, state.failures, state.fault) == (307, 0, "")
    health = client.get("/api/v1/health").json()["log"]["witnesses"]
    assert [(row["name"], row["size"], row["late_s"], row["fault"]) for row in health] == [
        ("witness.example/w", 307, 0.0, "")
    ]
    assert 0 <= health[0]["age_s"] < 60
    page = client.get("/en/checkpoints/").content.decode()
    assert WITNESS.encode() in html.unescape(page)
    assert "Last cosignature" in page


def test_what_a_witness_knows_is_learned_from_its_conflict(witness: Cosigner) -> None:
    """An answer was lost on the way, or the platform's own note of the size was."""
    write(3)
    witness_client.ask_witnesses()
    write(4)
    for forgotten in (0, 2):
        WitnessState.objects.update(size=forgotten)
        write(2)
        assert witness_client.ask_witnesses() == 1
    assert WitnessState.objects.get().size == 11


def test_a_witness_that_has_more_than_this_log_is_named(witness: Cosigner) -> None:
    write(3)
    witness_client.ask_witnesses()
    WitnessState.objects.update(size=9)
    write(1)
    assert witness_client.ask_witnesses() == 0
    assert "older than what it has signed" in WitnessState.objects.get().fault
    assert [row.late_s > 0 for row in witnesses()] == [True]


def garbled(body: bytes) -> Reply:
    note = parse_request(body).note
    other = notes.cosign(note, name=WITNESS.name, key=keys.generate(), at=datetime.now(UTC))
    return 200, "text/plain", other[len(note) :].encode()


def ahead(body: bytes) -> Reply:
    note = parse_request(body).note
    late = datetime.now(UTC) + timedelta(hours=1)
    return 200, "text/plain", notes.cosign(note, name=WITNESS.name, key=KEY, at=late)[len(note) :].encode()


def behind(body: bytes) -> Reply:
    note = parse_request(body).note
    early = datetime.now(UTC) - timedelta(hours=1)
    return 200, "text/plain", notes.cosign(note, name=WITNESS.name, key=KEY, at=early)[len(note) :].encode()


def right(body: bytes) -> Reply:
    note = parse_request(body).note
    return (
        200,
        "text/plain",
        notes.cosign(note, name=WITNESS.name, key=KEY, at=datetime.now(UTC))[len(note) :].encode(),
    )


def inflated(body: bytes) -> Reply:
    """Nobody asked for a compressed answer, and none is inflated: a small one could be huge."""
    status, _plain, line = right(body)
    return status, "text/plain\r\nContent-Encoding: gzip", gzip.compress(line)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (garbled, "no cosignature of it"),
        (ahead, "NTP"),
        (lambda _: (200, "text/plain", b""), "no cosignature of it"),
        (lambda _: (200, "text/plain", b"\xff"), "no cosignature of it"),
        (lambda _: (200, "text/plain", b"x" * 100_000), "too long"),
        (lambda _: (302, "text/plain", b""), "answers 302"),
        (lambda _: (403, "text/plain", b""), "does not trust the key"),
        (lambda _: (404, "text/plain", b""), "does not know this log"),
        (lambda _: (409, "text/plain", b"7\n"), "another tree of this size"),
        (behind, "before the checkpoint"),
        (inflated, "no cosignature of it"),
        (lambda _: (409, SIZE_TYPE, b"99\n"), "has cosigned 99 entries"),
        (lambda _: (409, SIZE_TYPE, b"0\n"), "answers 409"),
        (lambda _: (422, "text/plain", b""), "does not believe"),
        (lambda _: (500, "text/plain", b""), "answers 500"),
    ],
)
def test_whatever_else_a_witness_answers_is_stored_as_its_fault_alone(
    settings: Settings, client: Client, reply: Callable[[bytes], Reply], words: str
) -> None:
    write(3)
    before = published(client)
    settings.LOG_WITNESSES = [WITNESS]
    with answering(reply) as address:
        settings.LOG_WITNESS_ADDRESSES = {WITNESS: address}
        assert witness_client.ask_witnesses() == 0
        assert witness_client.ask_witnesses() == 0  # not asked again so soon
    state = WitnessState.objects.get()
    assert words in state.fault
    assert state.failures == 1
    assert not Cosignature.objects.exists()
    assert published(client) == before


def test_one_lying_conflict_does_not_silence_a_witness(settings: Settings) -> None:
    """Nobody has signed the size in a 409: the next round begins from what is known, not from there."""
    write(3)
    settings.LOG_WITNESSES = [WITNESS]
    lies = [True]

    def reply(body: bytes) -> Reply:
        return (409, SIZE_TYPE, b"99\n") if lies.pop() else right(body)

    with answering(reply) as address:
        settings.LOG_WITNESS_ADDRESSES = {WITNESS: address}
        assert witness_client.ask_witnesses() == 0
        lies.append(False)
        WitnessState.objects.update(next_at=timezone.now())
        assert witness_client.ask_witnesses() == 1
    assert WitnessState.objects.get().size == 3


def test_a_tile_that_cannot_be_read_is_a_fault_and_keeps_no_other_witness_waiting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(300)
    other = notes.verifier_key(KEY, name="other.example/w", kind=notes.COSIGNATURE)
    for key, size in ((other, 5), (WITNESS, 0)):
        WitnessState.objects.create(
            witness=key.encode(), size=size, tried_at=timezone.now(), next_at=timezone.now()
        )
    settings.LOG_WITNESSES = [other, WITNESS]

    def proof(old: int, _size: int, _read: object) -> list[bytes]:
        if old:
            raise FileNotFoundError("tile/0/000.p/5")
        return []

    monkeypatch.setattr(witness_client, "consistency_proof", proof)
    with answering(right) as address:
        settings.LOG_WITNESS_ADDRESSES = {other: address, WITNESS: address}
        assert witness_client.ask_witnesses() == 1
    assert "tile/0" in WitnessState.objects.get(witness=other.encode()).fault
    assert WitnessState.objects.get(witness=WITNESS.encode()).size == 300


def test_a_witness_that_drips_its_answer_is_waited_for_no_longer_than_any(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes long before the timeout of a read, and all of them after the exchange's time."""
    write(3)
    monkeypatch.setattr(witness_client, "LIMITS", ExchangeLimits(total_s=0.2))
    settings.LOG_WITNESSES = [WITNESS]
    with answering(right, pause_s=0.02) as address:
        settings.LOG_WITNESS_ADDRESSES = {WITNESS: address}
        assert witness_client.ask_witnesses() == 0
    assert "gives no answer" in WitnessState.objects.get().fault
    assert not Cosignature.objects.exists()


def test_a_witness_that_is_away_is_asked_less_and_less_often(settings: Settings) -> None:
    write(1)
    settings.LOG_WITNESSES = [WITNESS]
    settings.LOG_WITNESS_ADDRESSES = {WITNESS: "http://127.0.0.1:9"}
    pauses = []
    for _round in range(12):
        witness_client.ask_witnesses()
        state = WitnessState.objects.get()
        pauses.append((state.next_at - state.tried_at).total_seconds())
        WitnessState.objects.update(next_at=timezone.now())
    assert state.fault == "It gives no answer (ConnectError)."
    assert 8 <= pauses[0] <= 10
    assert 2880 <= pauses[-1] <= 3600
    assert all(later > earlier for earlier, later in itertools.pairwise(pauses[:8]))


def test_a_cosignature_may_be_brought_by_whoever_has_it(
    settings: Settings, client: Client, post: Post
) -> None:
    write(3)
    note = published(client)
    signed = notes.cosign(note, name=WITNESS.name, key=KEY, at=datetime.now(UTC))
    refused = post("log/cosignatures", signed.encode())
    assert (refused.status_code, refused.json()["code"]) == (403, "JM-WITNESS-UNKNOWN")
    settings.LOG_WITNESSES = [WITNESS]
    taken = {"size": 3, "witnesses": [WITNESS.name]}
    assert post("log/cosignatures", signed.encode()).json() == taken
    early = notes.cosign(note, name=WITNESS.name, key=KEY, at=datetime.now(UTC) - timedelta(hours=1))
    late = notes.cosign(note, name=WITNESS.name, key=KEY, at=datetime.now(UTC) + timedelta(hours=1))
    for wrong in (early, late):
        answer = post("log/cosignatures", wrong.encode())
        assert (answer.status_code, answer.json()["code"]) == (400, "JM-WITNESS-CLOCK")
    later = notes.cosign(note, name=WITNESS.name, key=KEY, at=datetime.now(UTC) + timedelta(seconds=9))
    for again in (signed, later):
        assert post("log/cosignatures", again.encode()).json() == taken
    assert published(client) == signed
    other = notes.sign(f"{log_name()}\n2\n{'A' * 43}=\n", name=log_name(), key=keys.generate())
    fork = post(
        "log/cosignatures", notes.cosign(other, name=WITNESS.name, key=KEY, at=datetime.now(UTC)).encode()
    )
    assert (fork.status_code, fork.json()["code"]) == (409, "JM-CHECKPOINT-OTHER")
    for body, code in (
        (b"\xff", "JM-NOTE"),
        (b"text\n", "JM-NOTE"),
        (b"a\n\n\xe2\x80\x94 a AAAAAAA=\n", "JM-CHECKPOINT"),
    ):
        answer = post("log/cosignatures", body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
