"""The servers of benchmarks/scale.py: gunicorn with one process of sixteen threads, and what an answer of it costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks import serving
from benchmarks.processor_time import Database, children_of, peak_bytes, reset_peak, seconds_of
from benchmarks.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.reading import Answer

CLIENTS = 16
SETTLED_S = 0.02
"""After its answer a thread still closes what it has opened."""
PLATFORM = ("--config", str(serving.ROOT / "platform" / "joulemark_site" / "gunicorn.py"))
STOCK = ("--worker-class", "gthread")


HEALTH = "/api/v1/health"


def is_error(status: int, path: str) -> bool:
    """Whether an answer is none to be measured. Health says 503 as soon as nobody has swept for some minutes."""
    return status >= 400 and not (status == 503 and path == HEALTH)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Processor time of a request in seconds, in the web process and in the database's; `rate`: requests a second."""

    web_s: float
    database_s: float
    rate: float


class Web:
    """One web server with one worker process, which is the only child of gunicorn's own."""

    def __init__(self, server: serving.Server, database: Database) -> None:
        self.address = server.addresses[0]
        self._master = server.pids[0]
        self._database = database
        self._log = server.log
        self.closed = 0
        """Connections of clients that the server closed without an answer."""

    @cached_property
    def _reader(self) -> Reader:
        try:
            return Reader(self.address)
        except OSError as error:
            raise RuntimeError(f"The server does not answer. Its log ends: {self._log_end()}") from error

    @cached_property
    def worker(self) -> int:
        """The process that answers."""
        return children_of(self._master)[-1]

    def begin_again(self) -> None:
        """Have a new process, and wait until it answers."""
        before = children_of(self._master)
        self.__dict__.pop("_reader", None)
        self.__dict__.pop("worker", None)
        for pid in before:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + serving.START_LIMIT_S
        while not set(children_of(self._master)) - set(before) or set(children_of(self._master)) & set(
            before
        ):
            if time.monotonic() > deadline:
                raise RuntimeError(f"The web process was not replaced. Its log ends: {self._log_end()}")
            time.sleep(SETTLED_S)

    def ask(self, path: str, *, encoding: str = "gzip") -> Answer:
        """One answer. Raises RuntimeError for an error."""
        try:
            answer = self._reader.ask(path, encoding=encoding)
        except ConnectionError:  # it was idle for longer than the server waits
            self.__dict__.pop("_reader")
            answer = self._reader.ask(path, encoding=encoding)
        if answer.headers.get("connection") == "close":
            self.__dict__.pop("_reader")
        if is_error(answer.status, path):
            raise RuntimeError(
                f"{path}: {answer.status} {answer.body[:500].decode(errors='replace')}\n{self._log_end()}"
            )
        return answer

    def ask_timed(self, path: str) -> tuple[Answer, float]:
        """One answer, and the seconds until it was complete."""
        began = time.perf_counter()
        answer = self.ask(path)
        return answer, time.perf_counter() - began

    def cost_of(self, work: Callable[[], tuple[int, float]]) -> Cost:
        """What the requests of `work` cost, each; it returns their number and how many seconds they took."""
        before = self._spent()
        number, seconds = work()
        time.sleep(SETTLED_S)
        web_s, database_s = (now - then for now, then in zip(self._spent(), before, strict=True))
        return Cost(web_s=web_s / number, database_s=database_s / number, rate=number / seconds)

    def ask_times(self, path: str, number: int) -> tuple[int, float]:
        """Ask as often, one answer after the other."""
        began = time.perf_counter()
        for _ in range(number):
            self.ask(path)
        return number, time.perf_counter() - began

    def ask_together(self, path: str, number: int) -> tuple[int, float]:
        """Sixteen clients ask as often, all together, from a process of their own; whom the server leaves, asks again.

        Raises RuntimeError for an error.
        """
        order = {"socket": self.address, "paths": [path], "clients": CLIENTS, "requests": number}
        command = [sys.executable, str(serving.ROOT / "benchmarks" / "reading.py")]
        done = subprocess.run(command, input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True)
        answer = json.loads(done.stdout)
        self.closed += answer["closed"]
        if any(is_error(int(status), path) for status in answer["statuses"]):
            raise RuntimeError(f"{path}: {answer['statuses']}\n{self._log_end()}")
        return number, float(answer["seconds"])

    def peak_bytes(self) -> int:
        """The most memory that the process held since `reset_peak`."""
        return peak_bytes(self.worker)

    def reset_peak(self) -> None:
        """Let the peak begin from here."""
        reset_peak(self.worker)

    def _log_end(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def _spent(self) -> tuple[float, float]:
        return seconds_of(self.worker), self._database.seconds()


@contextmanager
def served(
    application: str,
    *,
    folder: Path,
    database: Database,
    environment: dict[str, str],
    options: tuple[str, ...] = STOCK,
) -> Iterator[Web]:
    """Serve a WSGI application by gunicorn; the block begins once its process is there."""
    command = [sys.executable, "-m", "gunicorn", "--bind", "fd://{fd}", "--workers", "1"]
    command += ["--threads", str(CLIENTS), "--timeout", "900", *options, application]
    name = application.partition(":")[0].rpartition(".")[2]
    with serving.served(command, name=name, environment=environment, folder=folder, processes=1) as server:
        web = Web(server, database)
        deadline = time.monotonic() + serving.START_LIMIT_S
        while not children_of(server.pids[0]):
            if time.monotonic() > deadline:
                raise RuntimeError(f"The web process did not start; see {server.log}")
            time.sleep(SETTLED_S)
        yield web
