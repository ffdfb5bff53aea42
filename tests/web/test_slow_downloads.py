"""Readers of a whole list who are slow, silent or gone cost a real platform no memory, and no connection for long."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from benchmarks.processor_time import children_of
from tests.processes import Platform, platform, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
LIST = "/api/v1/models.csv"
ROWS = 60_000
SLOW_BYTES_PER_S = 10_000
SLOW_S = 3.0
MOST_GROWTH_BYTES = 16 * 1024 * 1024
COPIES = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY (%'"


def fill(served: Platform) -> None:
    """Models with long titles: some 40 MB of CSV."""
    with psycopg.connect(served.database_url) as database:
        names = [
            str(name)
            for (name,) in database.execute(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_name = 'catalog_aimodel' AND column_name <> 'id' AND is_generated = 'NEVER'"
            )
        ]
        own = {"slug": "'publisher/model-' || n", "title": "left(repeat(md5(n::text), 20), 200)"}
        chosen = ", ".join(own.get(name, f't."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        database.execute(
            f"INSERT INTO catalog_aimodel ({columns}) SELECT {chosen} FROM generate_series(1, {ROWS}) n "  # noqa: S608
            "CROSS JOIN (SELECT * FROM catalog_aimodel LIMIT 1) t"
        )


@contextmanager
def reader(served: Platform, path: str = LIST) -> Iterator[socket.socket]:
    """A connection on which the list was asked for."""
    address = urlsplit(served.origin)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        line.settimeout(20)
        line.connect((address.hostname, address.port))
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
        yield line


def resident_bytes(pids: list[int]) -> int:
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in pids)


def read_slowly(line: socket.socket, seconds: float) -> int:
    """Take 10 KB a second; returns the bytes."""
    begun_s, taken = time.monotonic(), 0
    while (passed_s := time.monotonic() - begun_s) < seconds:
        taken += len(line.recv(1000))
        time.sleep(max(0.0, taken / SLOW_BYTES_PER_S - passed_s))
    return taken


def test_slow_silent_and_gone_readers(tmp_path: Path) -> None:
    limits = {"JOULEMARK_STREAM_SILENCE_S": "2", "JOULEMARK_STREAMS": "3"}
    servers = {"database_url": os.environ["DATABASE_URL"], "redis_url": os.environ["REDIS_URL"]}
    with platform(name="slow_downloads", folder=tmp_path, **servers, **limits) as served:
        fill(served)
        web = served.start_web()
        workers = children_of(web.pid)
        status, first = served.get(LIST)
        assert (status, first.count(b"\n") > ROWS) == (200, True)
        before = resident_bytes(workers)
        with reader(served) as slow:
            assert read_slowly(slow, SLOW_S) > SLOW_BYTES_PER_S * SLOW_S / 2
            assert served.one(COPIES) == 1
            assert resident_bytes(workers) - before < MOST_GROWTH_BYTES
            assert served.get("/api/v1/rules/?limit=1")[0] == 200, "nobody waits for a slow reader"
        wait_until(lambda: served.one(COPIES) == 0, beside=web, what="the query of a reader who is gone ends")
        with reader(served) as silent:
            wait_until(lambda: served.one(COPIES) == 1, beside=web, what="the silent reader's query runs")
            wait_until(lambda: served.one(COPIES) == 0, beside=web, what="and ends, since nobody reads")
            ended = b""
            while piece := silent.recv(1 << 16):
                ended = piece
            assert not ended.endswith(b"0\r\n\r\n"), "what was cut must not look whole"
        wide = ",".join(["model"] * 200)
        assert served.get(f"{LIST}?fields={wide}")[1].startswith(b"model,simulated\n")
        assert served.get(f"{LIST}?fields={wide},nothing")[0] == 400
        assert resident_bytes(workers) - before < MOST_GROWTH_BYTES
        assert served.get(LIST)[1] == first
