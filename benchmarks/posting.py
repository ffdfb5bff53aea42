"""The clients of benchmarks/intake.py, in a process of their own: they post prepared requests and keep alive.

Reads from standard input one JSON line ``{"sockets": [...], "bodies": FILE, "path": "/...", "clients": N}``
and answers with one: seconds from the first byte sent to the last answer, statuses counted, every latency.
All requests are built before the clock starts, so that the clients cost as little as they can.
"""

import json
import selectors
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)
ANSWER_LIMIT_S = 60.0


class Client:
    """One connection, its requests still to send, and the answer that it waits for."""

    def __init__(self, address: str, requests: list[bytes]) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_LIMIT_S)
        self.socket.connect(address)
        self.requests = requests[::-1]
        self.received = b""
        self.sent_at = 0.0

    def send(self) -> bool:
        """Send the next request; False when none is left."""
        if not self.requests:
            return False
        self.sent_at = time.perf_counter()
        self.socket.sendall(self.requests.pop())
        return True

    def receive(self) -> int | None:
        """Read what has come; the status when the answer is complete."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("The server closed the connection before it answered.")
        self.received += piece
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        if len(body) < int(length[15:]):
            return None
        self.received = b""
        return int(head[9:12])


def read_bodies(file: Path) -> Iterator[bytes]:
    """The bodies that `write_bodies` has written."""
    with file.open("rb") as stream:
        while prefix := stream.read(4):
            yield stream.read(struct.unpack("!I", prefix)[0])


def write_bodies(file: Path, bodies: list[bytes]) -> None:
    """Each body behind its length as four bytes."""
    file.write_bytes(b"".join(struct.pack("!I", len(body)) + body for body in bodies))


def post_all(clients: list[Client]) -> dict[str, object]:
    """Keep one request of every client on its way until all are answered."""
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        began = time.perf_counter()
        busy = sum(client.send() for client in clients)
        while busy:
            ready = selector.select(ANSWER_LIMIT_S)
            if not ready:
                raise TimeoutError(f"No answer within {ANSWER_LIMIT_S:.0f} s.")
            for key, _events in ready:
                ready_client: Client = key.data
                status = ready_client.receive()
                if status is None:
                    continue
                latencies.append(time.perf_counter() - ready_client.sent_at)
                statuses[status] += 1
                busy -= not ready_client.send()
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "statuses": statuses, "latencies": latencies}


def main() -> None:
    """Do one order from standard input."""
    order = json.loads(sys.stdin.readline())
    bodies = read_bodies(Path(order["bodies"]))
    requests = [HEAD.format(path=order["path"], length=len(body)).encode() + body for body in bodies]
    count, sockets = order["clients"], order["sockets"]
    clients = [Client(sockets[n % len(sockets)], requests[n::count]) for n in range(count)]
    print(json.dumps(post_all(clients)))


if __name__ == "__main__":
    main()
