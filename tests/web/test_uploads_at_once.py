"""Uploads that come at once to one process: each gets its own answer, and no receipt is given for what is not kept."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psycopg
import pytest

from joulemark.record.codec import decode, encode
from joulemark.record.envelope import Envelope
from joulemark.record.messages import Ticket
from joulemark.record.receipts import verified_receipt
from joulemark.record.trace import sha256
from joulemark_simulation import records
from tests.processes import Platform, kill, platform

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

CLIENTS = 8


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform with a queue, one web process of eight threads, and key 1."""
    with platform(
        name="crowd_test",
        folder=tmp_path,
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"].replace("db=0", "db=7"),
    ) as running:
        monkeypatch.setattr(records, "ORIGIN", running.origin)
        running.start_web()
        assert running.post("/api/v1/enrolments", encode(records.enrolment()))[0] == 201
        yield running


def bundle(salt: int, **facts: Any) -> bytes:
    return records.bundle(of=records.trace(queries=15, salt=salt), **facts).to_bytes()


def kept(running: Platform) -> dict[str, tuple[bytes, str]]:
    """Bytes and leaf's hash of every result that is stored, by its id."""
    with psycopg.connect(running.database_url) as database:
        rows = database.execute(
            "SELECT result_id, bundle, leaf_hash FROM intake_submission "
            "JOIN ledger_leaf ON ledger_leaf.id = leaf_id WHERE kind = 'result-received'"
        ).fetchall()
        leaves = database.execute(
            "SELECT count(*) FROM ledger_leaf WHERE kind = 'result-received'"
        ).fetchall()
    assert leaves == [(len(rows),)]
    return {result_id: (bytes(body), leaf_hash) for result_id, body, leaf_hash in rows}


def test_each_has_its_own_answer(crowded: Platform) -> None:
    status, answer = crowded.post("/api/v1/tickets", encode(records.ticket_request()))
    assert status == 201
    ticket = decode(answer, Ticket, what="ticket")
    good = [bundle(salt) for salt in range(40)]
    rivals = [bundle(100 + salt, ticket=ticket) for salt in range(CLIENTS)]
    strangers = [bundle(200 + salt, key=records.signing_key(2)) for salt in range(CLIENTS)]
    broken = [b"{}\n"] * CLIENTS
    bodies = [body for group in zip(*[iter(good + good[::-1])] * 10, strict=True) for body in group]
    for place, body in enumerate(rivals + strangers + broken):
        bodies.insert(4 * place, body)
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(lambda body: crowded.post("/api/v1/results", body), bodies))
    found = kept(crowded)
    assert Counter(status for status, _ in answers) == {202: 41, 200: 40, 409: 7, 403: 8, 400: 8}
    assert len(found) == 41
    for body, (status, answer) in zip(bodies, answers, strict=True):
        if status in {200, 202}:
            receipt = verified_receipt(decode(answer, Envelope, what="receipt"), result_id=sha256(body))
            assert found[sha256(body)] == (body, receipt.leaf_hash)
    assert "Traceback" not in crowded.log("web.log")


def test_killed_among_many_it_has_kept_all_that_it_confirmed(crowded: Platform) -> None:
    web = crowded.running[-1]
    confirmed: list[bytes] = []

    def upload(client: int) -> None:
        for number in range(40):
            body = bundle(1000 * client + number)
            status, _answer = crowded.post("/api/v1/results", body)
            if status == 0 and len(confirmed) >= 60:
                return  # the server is gone
            assert status == 202
            confirmed.append(body)
            if len(confirmed) == 60:
                kill(web)

    with ThreadPoolExecutor(CLIENTS) as clients:
        ends = [clients.submit(upload, client) for client in range(CLIENTS)]
        for end in ends:
            with contextlib.suppress(
                OSError, HTTPException
            ):  # the server is gone, perhaps in the middle of an answer
                end.result(60)
    found = kept(crowded)
    assert len(confirmed) >= 60
    assert {sha256(body) for body in confirmed} <= found.keys()
    crowded.start_web()
    status, answer = crowded.post("/api/v1/results", confirmed[0])
    assert status == 200
    verified_receipt(decode(answer, Envelope, what="receipt"), result_id=sha256(confirmed[0]))
