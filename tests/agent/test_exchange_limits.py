"""Nobody holds an exchange for ever: not with a byte now and then, in headers, body or upload, nor with a slow file."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark import network
from joulemark.errors import NoConnection
from joulemark.exchange_limits import Exchange, ExchangeLimits
from joulemark.patience import Pauses
from joulemark.platform_client import PlatformClient
from joulemark.waiting import Waiting
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=["ours", "the hub's"])
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STEP_S = 0.02
"""Between two bytes: less than the limit of a read, and many of them more than that of an exchange."""
LIMIT_S = 0.3
READ_S = 3600.0
"""Of a single read or write: what ends before has ended for the limits of the exchange."""


@contextmanager
def serving(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A server that lets `answer` do with each connection what it likes; its origin."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    try:
                        answer(connection, ended)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def request_head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    return received


def dripping(first: bytes, rest: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Answers with `first`, and then with a byte of `rest` every STEP_S, over and over."""

    def answer(connection: socket.socket, ended: threading.Event) -> None:
        request_head(connection)
        connection.sendall(first)
        place = 0
        while not ended.wait(STEP_S):
            connection.sendall(bytes([rest[place % len(rest)]]))
            place += 1

    return answer


DRIPS = {
    "headers": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "body": dripping(HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "the length of a chunk": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
}


def client_of(library: Any, limits: ExchangeLimits) -> Any:
    return network.client(library, limits=limits, environ={}, timeout=READ_S)


@LIBRARIES
@pytest.mark.parametrize("drip", DRIPS)
def test_a_server_that_drips_is_left_when_the_time_is_up(library: Any, drip: str) -> None:
    with (
        serving(DRIPS[drip]) as origin,
        client_of(library, ExchangeLimits(total_s=LIMIT_S)) as client,
        pytest.raises(library.TransportError) as raised,
    ):
        client.get(origin)
    assert isinstance(raised.value, library.TimeoutException)


@LIBRARIES
@pytest.mark.parametrize("drip", ["headers", "body", "chunks"])
def test_what_comes_at_a_snails_pace_is_left(library: Any, drip: str) -> None:
    limits = ExchangeLimits(least_bytes=10_000, rate_s=LIMIT_S)
    with (
        serving(DRIPS[drip]) as origin,
        client_of(library, limits) as client,
        pytest.raises(library.ReadTimeout, match=r"\d+ bytes arrived in"),
    ):
        client.get(origin)


@LIBRARIES
def test_a_server_that_does_not_take_what_is_sent_is_left(library: Any) -> None:
    def take_nothing(connection: socket.socket, ended: threading.Event) -> None:
        while not ended.wait(STEP_S):
            connection.recv(1)

    with (
        serving(take_nothing) as origin,
        client_of(library, ExchangeLimits(total_s=LIMIT_S)) as client,
        pytest.raises(library.TimeoutException),
    ):
        client.post(origin, content=bytes(50_000_000))


@LIBRARIES
def test_a_large_file_has_the_time_that_it_takes(library: Any) -> None:
    """Ten times as long as the limit of a rate, in small pieces; and the same connection serves the next one."""
    pieces, piece = 150, bytes(2000)

    def send(connection: socket.socket, ended: threading.Event) -> None:
        for _ in range(2):
            request_head(connection)
            head = HEAD + b"Content-Length: %d\r\n\r\n" % (pieces * len(piece))
            connection.sendall(head + piece)
            for _ in range(pieces - 1):
                connection.sendall(piece)
                ended.wait(0.004)

    limits = ExchangeLimits(least_bytes=500, rate_s=0.06)
    with serving(send) as origin, client_of(library, limits) as client:
        for _ in range(2):
            assert len(client.get(origin).content) == pieces * len(piece)


def test_a_platform_that_drips_counts_as_one_that_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joulemark.platform_client.LIMITS", ExchangeLimits(total_s=LIMIT_S))
    with serving(DRIPS["body"]) as origin:
        waiting = Waiting(origin, pauses=Pauses(first_s=0.0, longest_s=0.0, count=1))
        with (
            PlatformClient(origin, waiting=waiting) as client,
            pytest.raises(NoConnection, match="did not answer in time"),
        ):
            client.platform_key()


@pytest.mark.laws
@law()
@given(
    st.lists(st.tuples(st.integers(min_value=0, max_value=10**6), st.floats(min_value=0, max_value=100))),
    st.integers(min_value=0, max_value=10**6),
    st.floats(min_value=0.1, max_value=1000),
)
def test_whoever_brings_the_least_rate_all_the_time_is_never_left(
    reads: list[tuple[int, float]], least_bytes: int, rate_s: float
) -> None:
    exchange = Exchange(ExchangeLimits(least_bytes=least_bytes, rate_s=rate_s))
    size_bytes, reading_s = 0, 0.0
    for size, seconds in reads:
        size_bytes, reading_s = size_bytes + size, reading_s + seconds
        is_over = reading_s >= rate_s
        if is_over and size_bytes < least_bytes:
            with pytest.raises(TimeoutError):
                exchange.count(size, seconds)
            return
        exchange.count(size, seconds)
        if is_over:
            size_bytes, reading_s = 0, 0.0


def test_an_exchange_that_is_over_has_nothing_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    exchange = Exchange(ExchangeLimits(total_s=10.0))
    assert (exchange.within(None), exchange.within(3.0)) == (10.0, 3.0)
    now_s[0] = 59.0
    assert exchange.within(3.0) == 1.0
    now_s[0] = 60.0
    with pytest.raises(TimeoutError, match="longer than 10 s"):
        exchange.within(3.0)
