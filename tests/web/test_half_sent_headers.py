"""Half of a request holds no thread: a platform of its own with real sockets."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.processes import Platform, embedded_platform

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
THREADS = 8
HALVES = (
    b"",
    b"G",
    b"GET / HT",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    b"POST /api/v1/results HTTP/1.1\r\nHo",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An embedded platform as `manage.py serve` starts it, with 8 threads."""
    with embedded_platform(folder=tmp_path_factory.mktemp("served")) as platform:
        platform.start_web()
        yield platform


@contextmanager
def connection(platform: Platform) -> Iterator[socket.socket]:
    """A socket to the platform."""
    address = urlsplit(platform.origin)
    with socket.create_connection((address.hostname, address.port), timeout=30) as made:
        yield made


def answer_to(platform: Platform, request: bytes) -> tuple[int, str, bytes]:
    """(status, content type, body) of raw bytes, read to the end of the connection."""
    with connection(platform) as client:
        client.sendall(request)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    kind = next(
        (line.partition(":")[2].strip() for line in lines if line.lower().startswith("content-type:")), ""
    )
    return int(lines[0].split()[1]), kind, body


@pytest.mark.parametrize("half", HALVES, ids=["nothing", "a letter", "a line", "a header", "a post"])
def test_more_half_requests_than_threads_keep_nobody_waiting(served: Platform, half: bytes) -> None:
    with ExitStack() as held:
        waiting = [held.enter_context(connection(served)) for _ in range(4 * THREADS)]
        for client in waiting:
            client.sendall(half)
        assert served.answers("/api/v1/platform")
        let_go, _, _ = select.select(waiting, [], [], 0)
        assert not let_go, "others waited until the platform gave up on half of a request"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"\r\n\r\n",
        b"GET /about/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    ],
    ids=["no HTTP", "empty lines", "a last request"],
)
def test_clients_that_do_not_hang_up_keep_nobody_waiting(served: Platform, request_bytes: bytes) -> None:
    with ExitStack() as held:
        waiting = [held.enter_context(connection(served)) for _ in range(4 * THREADS)]
        for client in waiting:
            client.sendall(request_bytes)
        assert all(client.recv(65536).startswith(b"HTTP/1.1 ") for client in waiting)
        began = time.monotonic()
        assert served.answers("/api/v1/platform")
        assert time.monotonic() - began < 1.5, "others wait until a client hangs up"
        for client in waiting:
            while client.recv(65536):
                pass  # the platform has hung up, and the answer is whole


def test_a_header_that_comes_in_pieces_is_a_request(served: Platform) -> None:
    request = b"GET /api/v1/platform HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with connection(served) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (request[:1], request[1:30], request[30:-3], request[-3:]):
            client.sendall(piece)
            assert served.answers("/api/v1/platform")  # between two pieces others are answered
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    assert received.startswith(b"HTTP/1.1 200")


def test_one_connection_takes_several_requests_and_bodies(served: Platform) -> None:
    get = b"GET /api/v1/platform HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    post = b"POST /api/v1/tickets HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"
    last = get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    status, _, body = answer_to(served, get + post + get + last)
    assert status == 200
    assert body.count(b"HTTP/1.1 200") == 2
    assert body.count(b"HTTP/1.1 400") == 1


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /api/v1/boards/?as_of=" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
        (b"GET /api/v1/boards/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 10_000 + b"\r\n\r\n", 431),
        (b"GET /api/v1/boards/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 60 + b"\r\n", 431),
        (b"GET /api/v1/boards/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000, 431),
        (b"GET /api/v1/boards/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
        (b"GET /api/v1/boards/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX\x00Y: z\r\n\r\n", 400),
        (b"GET /api/v1/boards/%00/x/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET /api/v1/boards/?x=%00 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"POST /api/v1/results HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n", 400),
    ],
    ids=["long address", "long header", "many headers", "no end", "wrong host", "NUL in a header", "NUL in a path",
         "NUL in a question", "no HTTP", "no length"],
)  # fmt: skip
def test_what_is_refused_before_a_view_is_a_problem_document(
    served: Platform, request_bytes: bytes, status: int
) -> None:
    found, kind, body = answer_to(served, request_bytes)
    assert (found, kind) == (status, "application/problem+json")
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, f"JM-HTTP-{status}")
    assert problem["detail"].endswith(".")


def test_nothing_of_it_is_an_error_in_the_log(served: Platform, tmp_path: Path) -> None:
    assert "Traceback" not in (served.folder / "web.log").read_text(encoding="utf-8")
