"""gunicorn's threaded worker, in which a request takes a thread only once its headers are here.

Whoever sends half of a header and waits keeps a socket, not one of the few threads: what has come is set aside, and the
loop that accepts connections watches the socket again. So does whoever has an answer and does not hang up, for whom
gunicorn's own loop would wait. What cannot be parsed as HTTP is refused with a problem document.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections import deque
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

HEAD_TIMEOUT_S = 20.0
"""From a request's first byte to the end of its headers."""
MOST_HEAD_BYTES = 64 * 1024
"""Of a request line and all headers; no browser and no agent sends as much."""
CHUNK = 16 * 1024
END_OF_HEAD = b"\r\n\r\n"
LINGER_S = 2.0
"""After the last answer of a connection, for the client to read it and hang up (RFC 9112, 9.6)."""
MOST_LEFT_BYTES = 64 * 1024
"""Of what a client still sends then, and nobody reads."""

STATUS_OF: tuple[tuple[type[Exception], int, str, str], ...] = (
    (errors.LimitRequestLine, 414, "URI Too Long", "The address is longer than 4,094 bytes; ask for less at once."),
    (
        errors.LimitRequestHeaders, 431, "Request Header Fields Too Large",
        "The request has more or longer headers than this platform reads; send fewer.",
    ),
    (errors.ExpectationFailed, 417, "Expectation Failed", "The request expects what this platform does not do."),
    (errors.UnsupportedTransferCoding, 501, "Not Implemented", "The body is encoded in a way that is not read here."),
    (errors.ParseException, 400, "Bad Request", "This is not HTTP as RFC 9112 has it; use another client."),
)  # fmt: skip
"""What a client did wrong, the special before the general."""


OURS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName, errors.ConfigurationProblem)
"""What looks like a client's mistake to gunicorn's classes, and is the platform's."""


class HeadFirstWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Threads for requests whose headers are complete."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lingering: deque[TConn] = deque()

    def handle(self, conn: TConn) -> Any:
        """Parse and answer the request; or set aside what has come of it and have the loop wait for more."""
        if conn.sock is None or self.cfg.is_ssl:
            return super().handle(conn)
        try:
            is_complete = _read_head(conn)
        except _Closed:
            return False
        except errors.LimitRequestHeaders as error:
            self.handle_error(None, conn.sock, conn.client, error)
            return False
        except OSError as error:
            self.log.debug("A connection ended within its headers: %s", error)
            return False
        if not is_complete:
            if time.monotonic() < conn.head_deadline:
                return _DEFER
            _write_problem(
                conn.sock, 408, "Request Timeout", "The headers stopped arriving; send the request again."
            )
            return False
        conn.data_ready = True
        conn.sock.setblocking(True)  # noqa: FBT003 - its own signature
        head, conn.head = conn.head, b""
        conn.init()
        conn.parser.unreader.unread(head)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer the request; who takes too long over a piece of the answer (`streams.sockets`) is hung up on."""
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            self.log.info("A reader took too long over a piece of its answer: the connection is closed.")
            return False

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Refuse what is no HTTP with a problem document; anything else is gunicorn's to log and answer."""
        is_ours = isinstance(exc, OURS)
        refusal = None if is_ours else next((row for row in STATUS_OF if isinstance(exc, row[0])), None)
        if refusal is None:
            super().handle_error(req, client, addr, exc)
            return
        _, status, reason, sentence = refusal
        self.log.warning(
            "refused before it was a request: %s", type(exc).__name__
        )  # its words are the client's
        try:
            _write_problem(client, status, reason, sentence)
        except OSError as error:
            self.log.debug("The refusal was not read: %s", error)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """Go on with a connection; of one that is over, wait for the client to hang up without waiting for it."""
        is_over = not fs.cancelled() and fs.exception() is None and not fs.result()
        if not is_over or self.cfg.is_ssl:
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)  # noqa: FBT003 - its own signature
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read_left, conn))
        except (OSError, ValueError):  # the client is gone, or a thread has closed the socket
            self.nr_conns -= 1
            conn.close()
            return
        conn.left_bytes, conn.timeout = 0, time.monotonic() + LINGER_S
        self.lingering.append(conn)

    def _read_left(self, conn: TConn, _client: Any) -> None:
        try:
            chunk = conn.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        conn.left_bytes += len(chunk)
        if not chunk or conn.left_bytes > MOST_LEFT_BYTES:
            self.lingering.remove(conn)
            self._close_lingering(conn)

    def _close_lingering(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Close connections on which nothing has come for too long, or which the client does not close."""
        super().murder_pending()
        while self.lingering and self.lingering[0].timeout <= time.monotonic():
            self._close_lingering(self.lingering.popleft())


class _Closed(Exception):
    """The client went away before its headers were complete."""


def _read_head(conn: TConn) -> bool:
    """Take in what has come without waiting; whether the headers are complete.

    Raises LimitRequestHeaders, _Closed or OSError.
    """
    head = getattr(conn, "head", b"")
    if conn.initialized and not head:
        head = conn.parser.unreader.take_buffered()
    if not head:
        conn.head_deadline = time.monotonic() + HEAD_TIMEOUT_S
    conn.sock.setblocking(False)  # noqa: FBT003 - its own signature
    while END_OF_HEAD not in head:
        if len(head) > MOST_HEAD_BYTES:
            raise errors.LimitRequestHeaders("the headers do not end")
        try:
            chunk = conn.sock.recv(CHUNK)
        except BlockingIOError:
            conn.head = head
            return False
        if not chunk:
            raise _Closed
        head += chunk
    conn.head = head
    return True


def _write_problem(client: Any, status: int, reason: str, sentence: str) -> None:
    body = json.dumps(
        {
            "type": f"urn:joulemark:problem:jm-http-{status}",
            "title": reason,
            "status": status,
            "detail": sentence,
            "code": f"JM-HTTP-{status}",
        }
    ).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    client.setblocking(True)  # noqa: FBT003 - its own signature
    util.write_nonblock(client, head.encode() + body)
