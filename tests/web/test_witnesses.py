"""Witnesses of the log: asked by the platform, or coming by themselves; against our own witness and against liars."""

from __future__ import annotations

import html
import itertools
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from joulemark.config import Folders
from joulemark.log import notes
from joulemark.log.add_checkpoint import SIZE_TYPE, parse_request
from joulemark.log.checkpoints import open_checkpoint
from joulemark.record import keys
from joulemark.witness import witness_key
from joulemark.witness.cosigner import Cosigner
from joulemark.witness.server import WitnessServer
from joulemark.witness.state import WitnessStore
from measurements.ledger import sequencer, witness_client
from measurements.ledger.health import witnesses
from measurements.ledger.log_key import log_name, verifier_key
from measurements.ledger.models import Checkpoint, Cosignature, LeafKind, WitnessState
from measurements.ledger.services import append_leaf
from tests.client_response import Post
from tests.processes import ROOT, SOURCE_ROOTS, Platform, embedded_platform, free_port, wait_until

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
def answering(reply: Callable[[bytes], Reply]) -> Iterator[str]:
    """A witness that answers whatever `reply` returns for a body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/sub/add-checkpoint"
            status, content_type, body = reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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


def agent_environment(folder: Path) -> dict[str, str]:
    own = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")}
    outside = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**outside, **own, "PYTHONPATH": SOURCE_ROOTS}


def witness_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "joulemark", "witness", *words],
        env=agent_environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def prepared_witness(folder: Path, name: str) -> notes.VerifierKey:
    """The public key of a witness whose folders are in `folder`, made as its first run makes it."""
    folders = Folders(
        config=folder / "config" / "joulemark", state=folder / "state" / "joulemark", cache=folder / "cache"
    )
    _name, key = witness_key.load_or_create(folders, name=name)
    return notes.verifier_key(key, name=name, kind=notes.COSIGNATURE)


@pytest.mark.processes
@pytest.mark.timeout(240)
def test_platform_and_witnesses_as_processes(tmp_path: Path) -> None:
    """One witness serves and is asked, another comes by cron, a third is unknown; what they sign is published."""
    asked = prepared_witness(tmp_path / "one", "witness.example/serves")
    cron = prepared_witness(tmp_path / "two", "witness.example/cron")
    port = free_port()
    with embedded_platform(
        folder=tmp_path,
        JOULEMARK_LOG_EVERY_S="1",
        JOULEMARK_LOG_WITNESS_EVERY_S="1",
        JOULEMARK_LOG_WITNESSES=f"{asked.encode()} {cron.encode()}",
        JOULEMARK_LOG_WITNESS_ADDRESSES=f"{asked.name}=http://127.0.0.1:{port}",
    ) as running:
        web = running.start_web()
        serving = subprocess.Popen(
            [sys.executable, "-m", "joulemark", "witness", running.origin, "--serve", f"127.0.0.1:{port}"],
            env=agent_environment(tmp_path / "one"),
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: asked.name in note_of(running), beside=web, what="the witness was asked")
        finally:
            serving.terminate()
            serving.wait(timeout=20)
        brought = witness_command(tmp_path / "two", running.origin)
        assert brought.returncode == 0, brought.stderr
        assert "the platform has the cosignature" in brought.stdout
        unknown = witness_command(tmp_path / "three", running.origin, "--name", "witness.example/unknown")
        assert unknown.returncode == 4, unknown.stderr
        assert "JM-WITNESS-UNKNOWN" in unknown.stderr
        again = witness_command(tmp_path / "two", running.origin, "--keep", "--json")
        log = notes.VerifierKey.parse(json.loads(again.stdout)["log_key"])
        seen = open_checkpoint(note_of(running), key=log, origin=log.name, witnesses=[asked, cron])
        assert seen.size >= 1


def note_of(running: Platform) -> str:
    """The published checkpoint; empty before the first."""
    status, note = running.get("/log/checkpoint")
    return note.decode() if status == 200 else ""
