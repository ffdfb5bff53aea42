"""Bodies that trickle give their threads back, and `serve` opens itself to strangers only behind a proxy."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from joulemark_site import body_deadline
from joulemark_site.management.commands import serve
from tests.processes import embedded_platform

THREADS = 8


class Trickle:
    """A socket that always has one more byte, a second later."""

    def __init__(self, now_s: list[float]) -> None:
        self.now_s, self.timeouts = now_s, list[float]()

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def recv(self, _size: int) -> bytes:
        self.now_s[0] += 1.0
        return b"x"


def test_a_trickle_ends_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    trickle = Trickle(now_s)
    line = body_deadline.DeadlineSocket(trickle, silence_s=20.0, whole_s=30.0)  # type: ignore[arg-type]
    received = [line.recv(8192) for _ in range(30)]
    assert received == [b"x"] * 30
    with pytest.raises(TimeoutError):
        line.recv(8192)
    assert max(trickle.timeouts) == 20.0, "a silence is over sooner"
    assert trickle.timeouts[-1] == 1.0


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([("CONTENT-LENGTH", "1000")], 1000),
        ([], 0),
        ([("CONTENT-LENGTH", "x")], 0),
        ([("CONTENT-LENGTH", "9" * 40)], 0),
        ([("CONTENT-LENGTH", "5"), ("CONTENT-LENGTH", "6")], 0),
    ],
)
def test_only_a_stated_length_gives_time(headers: list[tuple[str, str]], length: int) -> None:
    request = type("Request", (), {"headers": headers})()
    assert body_deadline._stated_length(request) == length


def _received(line: socket.socket) -> bytes:
    """The answer, head and body, which come one after the other; nothing of a line that is closed."""
    received = b""
    with contextlib.suppress(OSError):
        while not received.partition(b"\r\n\r\n")[2] and (part := line.recv(65536)):
            received += part
    return received


@pytest.mark.processes
@pytest.mark.timeout(240)
def test_more_trickling_bodies_than_threads_stop_nobody_for_long(tmp_path: Path) -> None:
    with embedded_platform(folder=tmp_path, JOULEMARK_BODY_TIMEOUT_S="2") as platform:
        platform.start_web()
        address = urlsplit(platform.origin)
        head = f"POST /api/v1/results HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 1000\r\n\r\n{{".encode()
        lines = [
            socket.create_connection((address.hostname, address.port), timeout=30) for _ in range(THREADS)
        ]
        try:
            for line in lines:
                line.sendall(head)
            answered = b""
            while not answered:  # no line ends by itself, and none is without a byte for long
                for line in lines:
                    try:
                        line.sendall(b" ")
                    except OSError:
                        continue
                readable, _, _ = select.select(lines, [], [], 0.3)
                answered = next(filter(None, (_received(line) for line in readable)), b"")
            assert json.loads(answered.partition(b"\r\n\r\n")[2])["code"] == "JM-BODY-SLOW"
            assert platform.answers("/api/v1/platform")
        finally:
            for line in lines:
                line.close()


@pytest.mark.parametrize("bind", ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:80", "joulemark.example:80"])
def test_serve_refuses_strangers_without_a_proxy(bind: str) -> None:
    with pytest.raises(CommandError, match=r"JM-SERVE-PUBLIC.*JOULEMARK_PROXIES=1"):
        call_command("serve", bind=bind)


@pytest.mark.parametrize(
    "bind", ["127.0.0.1:8000", "[::1]:8000", "localhost:8000", "unix:/run/x.sock", "fd://3"]
)
def test_serve_on_this_machine_needs_none(bind: str) -> None:
    serve._require_proxy(bind)


def test_behind_a_proxy_any_address_is_right(settings: object) -> None:
    settings.PROXIES = 1  # type: ignore[attr-defined]
    serve._require_proxy("0.0.0.0:8000")
