"""A log of a million leaves: a new checkpoint after 100 more, and one inclusion proof; pymerkle beside it.

Run by `make bench-ledger`. Ours is a PostgreSQL that syncs every commit to disk and files that are synced too; the
checkpoint counts from 100 committed leaves to the published file, with places, tiles, the check of the last root and
the signature. pymerkle's tree lies in memory or in an SQLite file without syncing, holds the hashes alone, and signs
nothing: its numbers are the appending of 100 leaves with the root after it, and a proof. Both proofs are verified.

BENCH_LEAVES and BENCH_ROUNDS change how long it takes.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / part) for part in (".", "platform", "agent", "simulation")]

from benchmarks import report
from joulemark_simulation.services import services

LEAVES = int(os.environ.get("BENCH_LEAVES", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
BATCH = 100
OURS, MEMORY, FILE = "joulemark", "pymerkle, memory", "pymerkle, SQLite"
CHECKPOINT, PROOF = f"checkpoint after {BATCH} leaves", "inclusion proof"
BULK = """
INSERT INTO ledger_leaf (kind, subject, body, leaf_hash, logged_at)
SELECT 'run-started', subject, body, encode(sha256('\\x00'::bytea || convert_to(body, 'UTF8')), 'hex'), now()
FROM (SELECT lpad(to_hex(n), 64, '0') AS subject,
  '{"at":"2026-01-01T00:00:00Z","facts":{"device_tag":"' || repeat('ab', 32) || '","expires_at":"2026-01-08T00:00:00Z",'
  '"ticket":"' || lpad(to_hex(n), 32, '0') || '"},"kind":"run-started","subject":"' || lpad(to_hex(n), 64, '0')
  || '","version":2}' AS body FROM generate_series(%s::bigint, %s::bigint) AS n) AS made ORDER BY subject
"""


def main() -> None:
    """Fill both to the same size, then measure in turn."""
    with services(durable=True, redis=False) as running, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            **running.environment(),
            "JOULEMARK_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "joulemark_site.settings",
            "JOULEMARK_LOG_LEVEL": "ERROR",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from measurements.ledger.log_key import make_log_key

        make_log_key()
        found = measured(Path(folder))
        version = _postgresql()
    rows = [
        report.row(case, tool, metric, unit, values) for (case, tool, metric, unit), values in found.items()
    ]
    report.publish(
        "ledger", rows, packages=("Django", "psycopg", "cryptography", "pymerkle"), postgresql=version
    )


def measured(folder: Path) -> dict[tuple[str, str, str, str], list[float]]:
    """Every number of every tool, by round."""
    import pymerkle
    from django.db import connection

    found: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    found[f"{LEAVES} leaves sequenced at once", OURS, "time", "s"] = [_fill()]
    found["one checkpoint file set", OURS, "files", "files"] = [_file_count()]
    peers: dict[str, Any] = {
        MEMORY: pymerkle.InmemoryTree(algorithm="sha256"),
        FILE: pymerkle.SqliteTree(str(folder / "peer.sqlite3"), algorithm="sha256"),
    }
    _fill_peers(peers)
    chance = random.Random(1)  # noqa: S311 - which leaf is proved
    for number in range(ROUNDS):
        first = LEAVES + number * BATCH
        bodies = _append(first)
        tools: list[tuple[str, Callable[[], object]]] = [(OURS, _sequence)]
        tools += [(name, partial(_grow, tree, bodies)) for name, tree in peers.items()]
        for tool, work in _turned(tools, number):
            found[CHECKPOINT, tool, "time", "ms"].append(_milliseconds(work))
        index = chance.randrange(first + BATCH)
        proofs: list[tuple[str, Callable[[], object]]] = [(OURS, partial(_prove, index))]
        proofs += [(name, partial(_peer_proof, tree, index)) for name, tree in peers.items()]
        for tool, work in _turned(proofs, number):
            found[PROOF, tool, "time", "ms"].append(_milliseconds(work))
        _verify(index, peers, first + BATCH)
    connection.close()
    return found


def _fill() -> float:
    """Insert the leaves in bulk and sequence them; seconds of the sequencing alone."""
    from django.db import connection

    from measurements.ledger.sequencer import sequence

    with connection.cursor() as cursor:
        for start in range(0, LEAVES, 100_000):
            cursor.execute(BULK, [start, min(start + 100_000, LEAVES) - 1])
        cursor.execute("VACUUM ANALYZE ledger_leaf")
    begin = time.perf_counter()
    made = sequence()
    seconds = time.perf_counter() - begin
    assert made is not None
    assert made.size == LEAVES
    with connection.cursor() as cursor:  # as the database's own autovacuum would have done since
        cursor.execute("VACUUM ANALYZE ledger_leaf")
    return seconds


def _file_count() -> int:
    from django.conf import settings

    return sum(1 for file in Path(settings.LOG_DIR).rglob("*") if file.is_file())


def _fill_peers(peers: dict[str, Any]) -> None:
    from measurements.ledger.models import Leaf

    peer = peers[FILE]
    for start in range(0, LEAVES, 50_000):
        bodies = [
            body.encode()
            for body in Leaf.objects.between(start, start + 50_000).values_list("body", flat=True)
        ]
        for body in bodies:
            peers[MEMORY].append_entry(body)
        peer.append_entries(bodies, chunksize=50_000)


def _append(first: int) -> list[bytes]:
    """Commit a batch as the platform does, but for its rows; the bodies."""
    from django.db import connection

    from measurements.ledger.models import Leaf

    with connection.cursor() as cursor:
        cursor.execute(BULK, [first, first + BATCH - 1])
    return [body.encode() for body in Leaf.objects.waiting().order_by("id").values_list("body", flat=True)]


def _sequence() -> object:
    from measurements.ledger.sequencer import sequence

    return sequence()


def _grow(tree: Any, bodies: list[bytes]) -> object:
    if hasattr(tree, "append_entries"):
        tree.append_entries(bodies)
    else:
        for body in bodies:
            tree.append_entry(body)
    return tree.get_root()


def _prove(index: int) -> object:
    from measurements.ledger.models import Leaf
    from measurements.ledger.proofs import prove

    return prove(Leaf.objects.get(index=index))


def _peer_proof(tree: Any, index: int) -> object:
    return tree.prove_inclusion(index + 1, tree.get_size())


def _verify(index: int, peers: dict[str, Any], size: int) -> None:
    """All trees have one root, and our proof leads to it."""
    from joulemark.log.merkle import verify_inclusion
    from measurements.ledger.models import Checkpoint, Leaf
    from measurements.ledger.proofs import prove

    last, leaf = Checkpoint.objects.last(), Leaf.objects.get(index=index)
    assert last is not None
    assert last.size == size
    for tree in peers.values():
        assert tree.get_root().hex() == last.root
    verify_inclusion(
        leaf=bytes.fromhex(leaf.leaf_hash),
        index=index,
        size=size,
        proof=prove(leaf).proof,
        root=bytes.fromhex(last.root),
    )


def _turned(items: list[Any], by: int) -> list[Any]:
    at = by % len(items)
    return items[at:] + items[:at]


def _milliseconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e3


def _postgresql() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
