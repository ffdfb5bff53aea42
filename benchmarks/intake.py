"""Signed bundles a second through the door, beside a bare insert of the same bytes: `make bench-intake`.

Eight clients keep one request each on its way. Both tools run as many server processes as there are cores,
each behind a socket of its own to which the clients are dealt out evenly, as a proxy would do. Both write to
the same PostgreSQL, which syncs every commit to disk. The door verifies, stores, logs, signs a receipt and
queues the verdict; the bare server (Starlette, uvicorn, asyncpg) inserts one row and checks nothing. Then the
same clients send the bundles by 64 to the batch door, whose limit is what the cores can do if they verify, inflate
and decode and do nothing else (benchmarks/raw_check.py, in the same round). At the end the door is measured again
while a worker judges what comes in. Messages to the queue are counted on the way.

BENCH_ROUNDS, BENCH_REQUESTS and BENCH_BATCHES (a round) change how long it takes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.extend(str(ROOT / place) for place in ("", "agent", "platform", "simulation"))

import psycopg
import redis

from benchmarks import bare_insert, posting, raw_check, report, serving
from benchmarks.measured_platform import environment, prepare, server_version
from joulemark.record.codec import encode
from joulemark_simulation import noisy_bundles, records
from joulemark_simulation.services import Services, services

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = 8
PROCESSES = len(os.sched_getaffinity(0))
THREADS = -(-CLIENTS // PROCESSES)
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "400"))
BATCHES = int(os.environ.get("BENCH_BATCHES", "16"))
TOGETHER = 64
TICKS = 2900  # readings in a trace, so that a bundle has 20 KB
PACKAGES = ("Django", "djangorestframework", "gunicorn", "psycopg", "starlette", "uvicorn", "asyncpg")
DOOR, BATCH_DOOR = "/api/v1/results", "/api/v1/results/batch"
QUEUED, JUDGED, BATCHED = "verdict queued", "worker judging", "by 64"
OURS, THEIRS, RAW = "joulemark", "bare insert", "cores x check"
Found = dict[tuple[str, str], list[dict[str, float]]]


def main() -> None:
    """Measure, print the table and write build/bench/intake.json."""
    with services(durable=True) as running, tempfile.TemporaryDirectory() as folder:
        ours = environment(running, folder)
        prepare(ours)
        found = measured(running, ours, prepared_rounds(Path(folder)))
        version = server_version(running)
    report.publish("intake", list(rows(found)), packages=PACKAGES, postgresql=version)


def prepared_rounds(folder: Path) -> Iterator[Path]:
    """A file of distinct signed bundles for each round and one to warm up, all made before the first; then batches."""
    rounds, batched = 2 * ROUNDS + 1, ROUNDS * BATCHES * TOGETHER
    make = partial(noisy_bundles.signed_bundle, ticks=TICKS, clients=CLIENTS)
    with ProcessPoolExecutor(PROCESSES) as pool:
        signed = list(pool.map(make, range(rounds * REQUESTS + batched), chunksize=50))
    for number in range(rounds):
        file = folder / f"round-{number}"
        posting.write_bodies(file, signed[number * REQUESTS :][:REQUESTS])
        yield file
    for number in range(ROUNDS):
        file = folder / f"batches-{number}"
        of_round = signed[rounds * REQUESTS + number * BATCHES * TOGETHER :]
        posting.write_bodies(file, [b"".join(of_round[n * TOGETHER :][:TOGETHER]) for n in range(BATCHES)])
        yield file


def measured(running: Services, ours: dict[str, str], files: Iterator[Path]) -> Found:
    """Every round of every case: the two tools in turn, the batch door and its limit, then a worker behind the door."""
    found: Found = defaultdict(list)
    with door(running, ours) as joulemark, bare(running) as insert:
        to_door = partial(serving.post, joulemark, DOOR, clients=CLIENTS, expected=202)
        to_bare = partial(serving.post, insert, "/", clients=CLIENTS, expected=202)
        warm_up = next(files)  # imports, connections and caches of every process
        to_door(warm_up)
        to_bare(warm_up)
        singles, batches = _parted(files)
        queue = redis.Redis.from_url(running.redis_url or "")
        for bodies in singles[:ROUNDS]:
            queue.flushdb()
            found[QUEUED, OURS].append(to_door(bodies) | _messages(queue, REQUESTS))
            found[QUEUED, THEIRS].append(to_bare(bodies))
        in_batches = partial(serving.post, joulemark, BATCH_DOOR, clients=CLIENTS, expected=200)
        for bodies in batches:
            queue.flushdb()
            answered = in_batches(bodies)
            answered["rate"] *= TOGETHER
            found[BATCHED, OURS].append(answered | _messages(queue, BATCHES * TOGETHER))
            found[BATCHED, RAW].append({"rate": PROCESSES * raw_check.rate(bodies)})
        queue.flushdb()  # the worker judges what comes from now on
        with serving.judging(folder=running.folder, environment=ours):
            for bodies in singles[ROUNDS:]:
                found[JUDGED, OURS].append(to_door(bodies))
    return found


def _parted(files: Iterator[Path]) -> tuple[list[Path], list[Path]]:
    """Files of single bundles and of batches."""
    listed = list(files)
    return listed[: 2 * ROUNDS], listed[2 * ROUNDS :]


def _messages(queue: redis.Redis, results: int) -> dict[str, float]:
    """Results a message of those that ask for verdicts, once nobody sends any more."""
    judging = queue.llen("judging")
    return {"messages": results / judging if judging else 0.0}


@contextmanager
def door(running: Services, ours: dict[str, str]) -> Iterator[serving.Server]:
    """The platform under gunicorn, with the keys of all clients enrolled."""
    command = [sys.executable, "manage.py", "serve", "--bind", "fd://{fd}"]
    command += ["--workers", "1", "--threads", str(THREADS)]
    with serving.served(
        command, name="door", environment=ours, folder=running.folder, processes=PROCESSES
    ) as server:
        for client in range(CLIENTS):
            server.ask(
                "POST", "/api/v1/enrolments", encode(records.enrolment(key=records.signing_key(client)))
            )
        yield server


@contextmanager
def bare(running: Services) -> Iterator[serving.Server]:
    """The bare insert under uvicorn, in a database of its own."""
    address = running.database_url or ""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {bare_insert.DATABASE}")
    with psycopg.connect(address, dbname=bare_insert.DATABASE, autocommit=True) as connection:
        connection.execute(bare_insert.TABLE)
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare_insert:app", "--fd", "{fd}"]
    command += ["--no-access-log", "--log-level", "warning"]
    theirs = {"DATABASE_URL": address, "BARE_CONNECTIONS": str(THREADS)}
    with serving.served(
        command, name="bare", environment=theirs, folder=running.folder, processes=PROCESSES
    ) as server:
        server.ask("POST", "/", b"first")
        yield server


def rows(found: Found) -> Iterator[report.Row]:
    """Rates and latencies of every case, and the door's rate as a share of the bare insert's, by round."""
    for (case, tool), rounds in found.items():
        yield report.row(case, tool, "rate", "bundles/s", [each["rate"] for each in rounds])
        for metric in ("p50", "p99"):
            if metric in rounds[0]:
                yield report.row(case, tool, f"latency {metric}", "ms", [each[metric] for each in rounds])
        if "messages" in rounds[0]:
            yield report.row(case, tool, "results a message", "", [each["messages"] for each in rounds])
    for case, beside, limit in (
        (QUEUED, QUEUED, THEIRS),
        (JUDGED, QUEUED, THEIRS),
        (BATCHED, BATCHED, RAW),
        (BATCHED, QUEUED, THEIRS),
    ):
        pairs = zip(found[case, OURS], found[beside, limit], strict=True)
        shares = [ours["rate"] / theirs["rate"] for ours, theirs in pairs]
        yield report.row(case, f"{OURS} / {limit}", "ratio", "x", shares)


if __name__ == "__main__":
    main()
