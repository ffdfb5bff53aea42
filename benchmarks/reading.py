"""Readers of benchmarks/scale.py and site.py: they ask one server for addresses and keep their connections.

As a program it reads from standard input one JSON line ``{"socket": FILE, "paths": ["/..."], "clients": N,
"requests": M, "tag": ""}`` and answers with one: seconds from the first byte sent to the last answer, statuses counted,
the seconds of each answer, and how many connections were closed without an answer; they asked again. Addresses are
asked for in turn; with a tag each request is a conditional one.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

HEAD = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nAccept-Language: en\r\n"
    "Accept-Encoding: {encoding}\r\n{condition}\r\n"
)
ANSWER_LIMIT_S = 900.0
PIECE = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What a server sent: `headers` by their names in lower case, `body` as it came, compressed or not."""

    status: int
    headers: dict[str, str]
    body: bytes


class Reader:
    """One connection to a unix socket, which stays open from answer to answer."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.path = ""
        self.sent_at = 0.0
        self.connect()

    def connect(self) -> None:
        """Open a connection, in place of one that the server has closed."""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_LIMIT_S)
        self.socket.connect(self.address)
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0
        self._head: tuple[int, dict[str, str]] | None = None

    def send(self, path: str, *, encoding: str = "gzip", tag: str = "") -> None:
        """Ask for `path`, with a tag only for what differs from it."""
        self._begin()
        self.path, self.sent_at = path, time.perf_counter()
        condition = f"If-None-Match: {tag}\r\n" if tag else ""
        self.socket.sendall(HEAD.format(path=path, encoding=encoding, condition=condition).encode())

    def receive(self) -> Answer | None:
        """Read what has come; the answer once it is complete. Raises ConnectionError when the server hangs up."""
        piece = self.socket.recv(PIECE)
        if not piece:
            raise ConnectionError("The server closed the connection before it answered.")
        self._pieces.append(piece)
        self._length += len(piece)
        if self._head is None:
            head, found, rest = b"".join(self._pieces).partition(b"\r\n\r\n")
            if not found:
                return None
            self._head, self._pieces, self._length = _parsed(head), [rest], len(rest)
        status, headers = self._head
        if headers.get("transfer-encoding") == "chunked":
            end = b"".join(self._pieces[-2:])[-7:]
            return (
                Answer(status, headers, _unchunked(b"".join(self._pieces)))
                if end.endswith(b"0\r\n\r\n")
                else None
            )
        is_complete = self._length >= int(headers.get("content-length", "0"))
        return Answer(status, headers, b"".join(self._pieces)) if is_complete else None

    def ask(self, path: str, *, encoding: str = "gzip") -> Answer:
        """Ask for `path` and wait for the answer."""
        self.send(path, encoding=encoding)
        while (answer := self.receive()) is None:
            pass
        return answer


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


def _unchunked(body: bytes) -> bytes:
    parts: list[bytes] = []
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return b"".join(parts)
        parts.append(body[:length])
        body = body[length + 2 :]


def read_all(
    readers: list[Reader], paths: Sequence[str], requests: int, *, tag: str = ""
) -> dict[str, object]:
    """Keep one request of every reader on its way until `requests` are answered, for `paths` in turn.

    Raises ConnectionError when the server has closed more connections than there are requests.
    """
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    left, closed = requests, 0
    turns = cycle(paths)
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for reader in readers[:requests]:
            selector.register(reader.socket, selectors.EVENT_READ, reader)
            reader.send(next(turns), tag=tag)
            left -= 1
        while sum(statuses.values()) < requests:
            ready = selector.select(ANSWER_LIMIT_S)
            if not ready:
                raise TimeoutError(f"No answer to {paths[0]} within {ANSWER_LIMIT_S:.0f} s.")
            for key, _events in ready:
                try:
                    answer = key.data.receive()
                except ConnectionError:
                    closed += 1
                    if closed > requests:
                        raise
                    selector.unregister(key.data.socket)
                    key.data.connect()
                    selector.register(key.data.socket, selectors.EVENT_READ, key.data)
                    key.data.send(key.data.path, tag=tag)
                    continue
                if answer is None:
                    continue
                latencies.append(time.perf_counter() - key.data.sent_at)
                statuses[answer.status] += 1
                if left:
                    key.data.send(next(turns), tag=tag)
                    left -= 1
                else:  # it asks no more: a server that closes an idle connection has left nobody
                    selector.unregister(key.data.socket)
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "statuses": statuses, "closed": closed, "latencies": latencies}


def main() -> None:
    """Do one order from standard input."""
    order = json.loads(sys.stdin.readline())
    readers = [Reader(order["socket"]) for _ in range(order["clients"])]
    print(json.dumps(read_all(readers, order["paths"], order["requests"], tag=order.get("tag", ""))))


if __name__ == "__main__":
    main()
