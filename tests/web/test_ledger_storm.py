"""32 writers, a worker and the sequencer, killed 50 times: no leaf lost or doubled, every receipt and verdict kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from joulemark.log import merkle, tiles
from joulemark.log.checkpoints import Checkpoint, log_name, open_checkpoint
from joulemark.log.notes import VerifierKey
from joulemark.log.proofs import check_leaf
from joulemark.record.codec import decode, encode
from joulemark.record.envelope import Envelope
from joulemark.record.messages import PlatformKey
from joulemark.record.receipts import verified_receipt
from joulemark_simulation import records
from tests.processes import ROOT, Platform, kill, platform, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(280)]

KILLS, SEED = 50, 20261124
FREE = ",".join(f"{scope}=1000000/s" for scope in ("prefix", "enrolment", "ticket", "result", "request"))


@pytest.fixture
def stormy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform with one key and no rates; its web server has ended again."""
    with platform(
        name="storm_test",
        folder=tmp_path,
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"].replace("db=0", "db=6"),
        JOULEMARK_RATES=FREE,
        JOULEMARK_SWEEP_WAITING_S="1",
        JOULEMARK_SWEEP_EVERY_S="3",
    ) as running:
        monkeypatch.setattr(records, "ORIGIN", running.origin)
        running.start_web()
        assert running.post("/api/v1/enrolments", encode(records.enrolment()))[0] == 201
        yield running


def test_no_kill_loses_or_doubles_a_leaf(stormy: Platform) -> None:
    key = decode(stormy.get("/api/v1/platform")[1], PlatformKey, what="key")
    command = [sys.executable, "tests/ledger_storm.py", str(stormy.folder), str(KILLS), str(SEED)]
    storm = subprocess.Popen(command, cwd=ROOT, env=stormy.environment, process_group=0)
    try:
        assert storm.wait(timeout=200) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):  # its forks too, where it did not end them itself
            os.killpg(storm.pid, signal.SIGKILL)
    _judge_what_waits(stormy)
    stormy.manage("sequence_log")
    with psycopg.connect(stormy.database_url) as database:
        leaves = database.execute(
            "SELECT index, subject, body, kind FROM ledger_leaf ORDER BY index"
        ).fetchall()
        results = database.execute("SELECT result_id, receipt FROM intake_submission").fetchall()
        verdicts = database.execute("SELECT submission_id, cause FROM review_verdict").fetchall()
        notes = [note for (note,) in database.execute("SELECT note FROM ledger_checkpoint ORDER BY size")]
    confirmed = (stormy.folder / "confirmed").read_text().split()

    assert [index for index, *_ in leaves] == list(range(len(leaves)))
    received = [subject for _, subject, _, kind in leaves if kind == "result-received"]
    assert sorted(received) == sorted(result_id for result_id, _ in results)
    assert len(set(confirmed)) == len(confirmed) > KILLS
    assert set(confirmed) <= set(received)

    judged = [subject for _, subject, _, kind in leaves if kind == "verdict"]
    assert sorted(judged) == sorted(received), "one verdict each, however often the worker was killed"
    assert sorted(verdicts) == sorted((result_id, "rules") for result_id in received)

    seen = _published(stormy, key)
    assert seen.size == len(leaves) > len(confirmed)
    assert seen.root == merkle.root_of([merkle.leaf_hash(body.encode()) for _, _, body, _ in leaves])
    read = _reader(stormy)
    _check_history(notes, seen, key, read)
    at = {subject: index for index, subject, _, kind in leaves if kind == "result-received"}
    for result_id, data in results:
        envelope = decode(bytes(data), Envelope, what="receipt")
        receipt = verified_receipt(envelope, result_id=result_id, public_key=key.public_key)
        check_leaf(receipt)
        proof = tiles.inclusion_proof(at[result_id], seen.size, read)
        merkle.verify_inclusion(
            leaf=bytes.fromhex(receipt.leaf_hash),
            index=at[result_id],
            size=seen.size,
            proof=proof,
            root=seen.root,
        )


def _judge_what_waits(stormy: Platform) -> None:
    """Let a worker finish: what was taken up by one that was killed is found by the sweep."""
    worker = stormy.start_worker("--beat", "--schedule", str(stormy.folder / "schedule"))
    with psycopg.connect(stormy.database_url, autocommit=True) as database:
        count = "SELECT count(*) FROM intake_submission WHERE state IN ('received', 'checking')"
        wait_until(
            lambda: database.execute(count).fetchone() == (0,),
            beside=worker,
            what="every result has its verdict",
        )
    kill(worker, signal.SIGTERM)


def _check_history(notes: list[str], last: Checkpoint, key: PlatformKey, read: tiles.ReadTile) -> None:
    """Every checkpoint that was ever signed is a beginning of the last one."""
    opened = [open_checkpoint(note, key=_log_key(key), origin=log_name(key.origin)) for note in notes]
    assert len(opened) > 10
    assert opened[-1] == last
    for seen in opened:
        proof = tiles.consistency_proof(seen.size, last.size, read)
        merkle.verify_consistency(
            old_size=seen.size, old_root=seen.root, size=last.size, root=last.root, proof=proof
        )


def _log_key(key: PlatformKey) -> VerifierKey:
    return VerifierKey.parse(str(key.log_key))


def _published(running: Platform, key: PlatformKey) -> Checkpoint:
    note = running.get("/log/checkpoint")[1].decode()
    return open_checkpoint(note, key=_log_key(key), origin=log_name(key.origin))


def _reader(running: Platform) -> tiles.ReadTile:
    kept: dict[str, bytes] = {}

    def read(tile: tiles.Tile) -> bytes:
        if tile.path not in kept:
            kept[tile.path] = (running.folder / "data" / "log" / tile.path).read_bytes()
        return kept[tile.path]

    return read
