"""A proxy on 127.0.0.1 between an agent and a server: it can be dead, and it answers a share of requests with 503.

Half of these come before the request has reached the server, half after it: then the server has done what was asked and
its answer is lost. Which requests they are follows from a seed.
"""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

BROKEN = b'{"type": "about:blank", "title": "Busy", "status": 503, "detail": "Later.", "code": "JM-BUSY"}'
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}
LIMIT_S = 60.0


@dataclass
class FaultyProxy:
    """Passes requests on to `upstream`. `share` of them is answered with 503.

    `behind` is called with method and path once the server has answered, before its answer is passed on; where it
    returns true the answer is lost.
    """

    upstream: str = ""
    share: float = 0.0
    seed: int = 1
    behind: Callable[[str, str], bool] = lambda _method, _path: False
    asked: list[str] = field(default_factory=list)
    failed: int = 0
    _server: ThreadingHTTPServer | None = None
    _port: int = 0

    def __post_init__(self) -> None:
        """Take a port."""
        self._random = Random(self.seed)  # noqa: S311 - chances, no secrets
        self._lock = threading.Lock()
        self.revive()

    @property
    def origin(self) -> str:
        """Where an agent finds it; the same after `die` and `revive`."""
        return f"http://127.0.0.1:{self._port}"

    def die(self) -> None:
        """Nobody listens any more; connections that are open end."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def revive(self) -> None:
        """Listen again."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()

    def _draw(self) -> str | None:
        """Whether this request fails, and on which side of the server."""
        with self._lock:
            if self._random.random() >= self.share:
                return None
            self.failed += 1
            return self._random.choice(("before", "behind"))

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class in it
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                proxy.asked.append(f"{self.command} {self.path}")
                fault = proxy._draw()
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if fault == "before":
                    self._send(503, {"Content-Type": "application/problem+json"}, BROKEN)
                    return
                try:
                    status, headers, content = self._passed_on(body)
                except (OSError, http.client.HTTPException):
                    return  # the server is away: the connection ends without an answer
                if proxy.behind(self.command, self.path):
                    return
                if fault == "behind":
                    status, headers, content = 503, {}, BROKEN
                self._send(status, headers, content)

            do_POST = do_HEAD = do_GET  # noqa: N815 - the names that the server calls

            def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
                target = urlsplit(proxy.upstream)
                connection = http.client.HTTPConnection(
                    str(target.hostname), target.port or 80, timeout=LIMIT_S
                )
                try:
                    connection.request(self.command, self.path, body or None, dict(self.headers))
                    answer = connection.getresponse()
                    kept = {
                        name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP
                    }
                    return answer.status, kept, answer.read()
                finally:
                    connection.close()

            def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
                try:
                    self.send_response_only(status)
                    if not any(name.lower() == "content-length" for name in headers):
                        headers = {**headers, "Content-Length": str(len(content))}
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    return  # who asked is gone

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        return Handler
