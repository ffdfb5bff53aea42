"""The readers of `make bench-scale`: a connection that asks no more may be closed by the server."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from benchmarks.reading import Reader, read_all

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_server_that_closes_idle_connections_has_left_nobody(tmp_path: Path) -> None:
    """One client has its answer, and its connection closed; if it does not come back, the other has its answer."""
    reconnected: list[str] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen(2)

        def serve() -> None:
            first, second = (listening.accept()[0] for _ in range(2))
            with first, second:
                for connection in (first, second):
                    connection.recv(4096)
                first.sendall(ANSWER)
                first.shutdown(socket.SHUT_RDWR)
                listening.settimeout(0.3)
                try:
                    listening.accept()[0].close()
                    reconnected.append("a client that had its answer")
                except TimeoutError:
                    second.sendall(ANSWER)

        server = threading.Thread(target=serve)
        server.start()
        readers = [Reader(str(tmp_path / "s")) for _ in range(2)]
        answered = read_all(readers, ["/"], 2)
        server.join(10)
        for reader in readers:
            reader.socket.close()
    assert (answered["closed"], answered["statuses"]) == (0, {200: 2})
    assert reconnected == []
