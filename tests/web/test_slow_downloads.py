"""Readers of a whole list who are slow, silent or gone cost a real platform no memory, and no connection for long."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from benchmarks.processor_time import children_of, peak_bytes, reset_peak
from measurements.streams.sockets import UNSENT_BYTES
from tests.processes import Platform, platform, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
LIST = "/api/v1/models.csv"
ROWS = 20_000
RECEIVED_BYTES = 16 * 1024
"""What a reader's kernel takes before the reader does."""
SLOW_BYTES_PER_S = 10_000
SILENCE_S = 9
"""Longer than a slow reader needs for one piece of 64 KiB, shorter than this test reads slowly."""
SLOW_S = 12.0
MOST_GROWTH_BYTES = 16 * 1024 * 1024
COPIES = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY (%'"
"""Each with the workers that the database has for it, of which there are none."""


def fill(served: Platform) -> None:
    """Models with long titles: some megabytes of CSV, more than all buffers on the way hold."""
    own = {"slug": "'publisher/model-' || n", "title": "left(repeat(md5(n::text), 20), 200)"}
    with psycopg.connect(served.database_url) as database:
        found = database.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = 'catalog_aimodel' AND column_name <> 'id' AND is_generated = 'NEVER'"
        )
        names = [str(name) for (name,) in found]
        chosen = ", ".join(own.get(name, f't."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        database.execute(
            f"INSERT INTO catalog_aimodel ({columns}) SELECT {chosen} FROM generate_series(1, {ROWS}) n "  # noqa: S608
            "CROSS JOIN (SELECT * FROM catalog_aimodel LIMIT 1) t"
        )


@contextmanager
def reader(served: Platform) -> Iterator[socket.socket]:
    """A connection on which the list was asked for."""
    address = urlsplit(served.origin)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        line.settimeout(20)
        line.connect((address.hostname, address.port))
        line.sendall(f"GET {LIST} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
        yield line


def read_slowly(line: socket.socket, seconds: float) -> int:
    """Take 10 KB a second; returns the bytes."""
    begun_s, taken = time.monotonic(), 0
    while (passed_s := time.monotonic() - begun_s) < seconds:
        taken += len(line.recv(1000))
        time.sleep(max(0.0, taken / SLOW_BYTES_PER_S - passed_s))
    return taken


def waiting_bytes(served: Platform, line: socket.socket) -> int:
    """What the kernel holds of the server's for a reader: the send queue of the server's end, in /proc/net/tcp."""
    ends = f":{urlsplit(served.origin).port:04X}", f":{line.getsockname()[1]:04X}"
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, own, other, _, queues, *_ = row.split()
        if (own[-5:], other[-5:]) == ends:
            return int(queues.partition(":")[0], 16)
    raise AssertionError("the server has hung up")


def rest_of(line: socket.socket) -> bytes:
    """The last bytes until the server hangs up."""
    last = b""
    while piece := line.recv(1 << 16):
        last = (last + piece)[-64:]
    return last


def test_slow_silent_and_gone_readers(tmp_path: Path) -> None:
    limits = {"JOULEMARK_STREAM_SILENCE_S": str(SILENCE_S), "JOULEMARK_STREAMS": "3"}
    servers = {"database_url": os.environ["DATABASE_URL"], "redis_url": os.environ["REDIS_URL"]}
    with ExitStack() as closed:
        served = closed.enter_context(platform(name="slow_downloads", folder=tmp_path, **servers, **limits))
        fill(served)
        web = served.start_web()
        (worker,) = children_of(web.pid)
        status, whole = served.get(LIST)
        assert (status, whole.count(b"\n") > ROWS) == (200, True)
        reset_peak(worker)
        before = peak_bytes(worker)

        slow, silent = closed.enter_context(reader(served)), closed.enter_context(reader(served))
        with reader(served) as gone:
            gone.recv(1000)
            wait_until(lambda: served.one(COPIES) == 3, beside=web, what="three lists are being sent")
            assert served.get(LIST)[0] == 503, "a fourth is told to come later"
            assert served.get("/api/v1/rules/?limit=1")[0] == 200, "nobody waits for a slow reader"
        wait_until(lambda: served.one(COPIES) == 2, beside=web, what="the query of the one who is gone ends")
        taken: list[int] = []
        reading = threading.Thread(target=lambda: taken.append(read_slowly(slow, SLOW_S)))
        reading.start()
        assert waiting_bytes(served, silent) < UNSENT_BYTES + (1 << 16) + 4 * RECEIVED_BYTES
        wait_until(lambda: served.one(COPIES) == 1, beside=web, what="the query of the silent one ends")
        assert not rest_of(silent).endswith(b"0\r\n\r\n"), "what was cut must not look whole"
        reading.join()
        assert taken[0] > SLOW_BYTES_PER_S * SLOW_S / 2
        assert served.one(COPIES) == 1, "who takes little, but takes, is served on"
        assert rest_of(slow).endswith(b"\r\n0\r\n\r\n")
        wait_until(lambda: served.one(COPIES) == 0, beside=web, what="the slow one's query ends")

        wide = ",".join(["model"] * 200)
        assert served.get(f"{LIST}?fields={wide}")[1].startswith(b"model,simulated\n")
        assert served.get(f"{LIST}?fields={wide},nothing")[0] == 400
        assert served.get(LIST)[1] == whole
        assert peak_bytes(worker) - before < MOST_GROWTH_BYTES
        assert "Socket error" not in served.log("web.log"), "a reader's pace is no error of the platform's"
