"""Processes that benchmarks start: servers on inherited sockets, a Celery worker, the clients."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
SPEAKING = {"JOULEMARK_LOG_LEVEL": "INFO"}
"""What a worker needs to say that it is ready, whatever --loglevel says."""
START_LIMIT_S = 60.0
STOP_LIMIT_S = 30.0
TIED = ("setpriv", "--pdeathsig", "TERM")
"""A server ends with the program that started it, however that ends."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Several processes of one tool, each behind a unix socket of its own."""

    addresses: tuple[str, ...]
    log: Path
    pids: tuple[int, ...]

    def ask(self, method: str, path: str, body: bytes = b"") -> None:
        """Send the request to every process, which also waits for each to be there; raise if one refuses."""
        for address in self.addresses:
            connection = http.client.HTTPConnection("127.0.0.1")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(START_LIMIT_S)
            connection.sock.connect(address)
            with contextlib.closing(connection):
                connection.request(method, path, body)
                answer = connection.getresponse()
                if answer.status >= 300:
                    raise RuntimeError(
                        f"{method} {path}: {answer.status} {answer.read().decode()}; see {self.log}"
                    )


@contextlib.contextmanager
def served(
    command: Sequence[str], *, name: str, processes: int, folder: Path, environment: dict[str, str]
) -> Iterator[Server]:
    """Run `command` once for each process, `{fd}` in it being the socket to serve; all end with the block."""
    addresses = tuple(str(folder / f"{name}-{number}.sock") for number in range(processes))
    log = folder / f"{name}.log"
    pids = []
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        for address in addresses:
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(address)
                listening.listen(128)
                words = [word.replace("{fd}", str(listening.fileno())) for word in (*TIED, *command)]
                process = subprocess.Popen(
                    words,
                    cwd=ROOT,
                    env={**os.environ, **environment},
                    stdout=output,
                    stderr=output,
                    pass_fds=[listening.fileno()],
                )
            stack.callback(_stop, process)
            pids.append(process.pid)
        yield Server(addresses=addresses, log=log, pids=tuple(pids))


@contextlib.contextmanager
def judging(*, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run one Celery worker with one process; the block begins when it is ready for messages."""
    command = ["celery", "-A", "joulemark_site", "worker", "--concurrency", "1", "--loglevel", "INFO"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **environment, **SPEAKING},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    ready = threading.Event()

    def follow() -> None:
        with (folder / "worker.log").open("w") as log:
            for line in process.stderr or ():
                log.write(line)
                if _message(line).endswith("ready."):
                    ready.set()

    reader = threading.Thread(target=follow)
    reader.start()
    try:
        if not ready.wait(START_LIMIT_S):
            raise RuntimeError(
                f"The worker was not ready within {START_LIMIT_S:.0f} s; see {folder / 'worker.log'}"
            )
        yield
    finally:
        _stop(process)
        reader.join()


def _message(line: str) -> str:
    """What a line of a worker's log says, whether its lines are JSON or text."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line.rstrip()
    return str(fields["message"]) if isinstance(fields, dict) and "message" in fields else line.rstrip()


def post(server: Server, path: str, bodies: Path, *, clients: int, expected: int) -> dict[str, float]:
    """Have the clients post all bodies: `rate` a second, `p50` and `p99` in ms. Raise unless `expected`."""
    order = {"sockets": server.addresses, "bodies": str(bodies), "path": path, "clients": clients}
    command = [sys.executable, str(ROOT / "benchmarks" / "posting.py")]
    done = subprocess.run(command, input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout)
    if set(answer["statuses"]) != {str(expected)}:
        raise RuntimeError(f"expected {expected} only, got {answer['statuses']}; see {server.log}")
    latencies = sorted(answer["latencies"])
    return {
        "rate": len(latencies) / answer["seconds"],
        "p50": latencies[len(latencies) // 2] * 1e3,
        "p99": latencies[len(latencies) * 99 // 100] * 1e3,
    }


def _stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
