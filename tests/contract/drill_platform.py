"""A platform, its volunteers and a monitor, as the restore drill plays with them."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from msgspec.structs import replace

from joulemark import identity as identities
from joulemark.config import Folders
from joulemark.outbox import Outbox
from joulemark.record.codec import decode, encode
from joulemark.record.messages import Ticket
from joulemark.suite import load_suite
from joulemark_simulation import records
from tests.processes import ROOT, Platform, kill, wait_until

TABLES = (
    *("ledger_leaf", "ledger_checkpoint", "intake_ticket", "intake_submission", "contributors_key"),
    *("contributors_contributor", "review_verdict", "review_result", "review_transition", "boards_cell"),
)
PAGES = ("/", "/results/", "/decisions/", "/boards/", "/api/v1/results/?page_size=500", "/api/v1/log/gaps/")


class DrillFailed(AssertionError):
    """A step did not end as it must."""


def require(is_so: object, what: str) -> None:
    """Raises DrillFailed with `what`, unless it is so."""
    if not is_so:
        raise DrillFailed(what)


@dataclass
class Agent:
    """A volunteer, or a monitor: the real command with folders of its own."""

    name: str
    platform: Platform
    sent: int = 0

    @property
    def environment(self) -> dict[str, str]:
        home = self.platform.folder / self.name
        return {
            **self.platform.environment,
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
            "JOULEMARK_PLATFORM": self.platform.origin,
        }

    def __call__(self, *words: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run a command; its JSON answer."""
        command = [sys.executable, "-m", "joulemark", *words, "--json"]
        done = subprocess.run(
            command,
            cwd=self.platform.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        require(
            done.returncode in codes,
            f"{self.name}: {words} ended with {done.returncode}: {done.stderr}{done.stdout}",
        )
        return dict(json.loads(done.stdout))

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.folders)

    @property
    def folders(self) -> Folders:
        home = self.platform.folder / self.name
        return Folders(
            config=home / "config/joulemark", state=home / "state/joulemark", cache=home / "cache/joulemark"
        )

    def measure(self, *, with_ticket: bool = False) -> str:
        """Have one more result in the outbox, as a run leaves it; its id."""
        identity = identities.load(self.folders)
        require(identity is not None, f"{self.name} has no key")
        assert identity is not None
        self.sent += 1
        records.ORIGIN = self.platform.origin
        suite = load_suite("demo")
        queries = suite.queries_per_window(records.first_job(suite).dataset)
        ticket = None
        if with_ticket:
            status, answer = self.platform.post(
                "/api/v1/tickets", encode(records.ticket_request(key=identity.key))
            )
            require(status == 201, f"no ticket: {answer!r}")
            ticket = decode(answer, Ticket, what="ticket")
        salt = 100 * sum(map(ord, self.name)) + self.sent
        bundle = records.bundle(
            key=identity.key, of=records.trace(queries=queries, salt=salt), ticket=ticket,
            change=(lambda stated: replace(stated, started_at=ticket.issued_at)) if ticket else (lambda stated: stated),
        )  # fmt: skip
        return self.outbox.keep(bundle).digest

    def receipts(self) -> dict[str, bytes]:
        """The receipt of each result in the outbox, as it is kept."""
        return {
            result.digest: encode(result.bundle.receipt)
            for result in self.outbox.results()
            if result.bundle.receipt is not None
        }


@dataclass
class Drill:
    """One platform through all of it; `steps` are the lines of the table."""

    platform: Platform
    copy: Path
    say: Callable[[str], None]
    agents: dict[str, Agent] = field(default_factory=dict)
    steps: list[tuple[str, float, str]] = field(default_factory=list)
    is_short: bool = False
    """Two volunteers instead of three, and each asked once less: what is proved is the same."""

    @property
    def second(self) -> str:
        """Who has sent before the backup, with a ticket, and does so again behind it."""
        return "alice" if self.is_short else "bob"

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what it appends is its outcome."""
        begin_s, outcome = time.monotonic(), list[str]()
        yield outcome
        self.steps.append((name, time.monotonic() - begin_s, ", ".join(outcome)))
        self.say(f"{name:44} {self.steps[-1][1]:6.1f} s  {self.steps[-1][2]}")

    def agent(self, name: str) -> Agent:
        """A volunteer, enrolled on first use."""
        if name not in self.agents:
            self.agents[name] = Agent(name, self.platform)
            if name != "monitor":
                self.agents[name]("enrol")
        return self.agents[name]

    def manage(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command of the platform; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=self.platform.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        require(done.returncode in codes, f"{words} ended with {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout + done.stderr

    def start(self) -> None:
        self.platform.start_web()

    def stop(self) -> None:
        for process in self.platform.running:
            kill(process, signal.SIGTERM)
        self.platform.running.clear()

    def send(self, *names: str) -> list[str]:
        """Have agents measure and submit, and wait for verdicts and checkpoint; the ids, in this order.

        A result for each name, however often one is there; under a ticket where it is written `name+ticket`.
        """
        ids = []
        for name in names:
            agent = self.agent(name.removesuffix("+ticket"))
            ids.append(agent.measure(with_ticket=name.endswith("+ticket")))
        for name in dict.fromkeys(name.removesuffix("+ticket") for name in names):
            self.agent(name)("submit")
        self.settle()
        return ids

    def settle(self) -> None:
        """Wait until every result has its verdict and every leaf its checkpoint."""
        (web,) = self.platform.running
        wait_until(self.is_settled, beside=web, what="every leaf is signed and every result judged")

    def is_settled(self) -> bool:
        waiting = self.platform.one(
            "SELECT (SELECT count(*) FROM intake_submission WHERE state IN ('received', 'checking'))"
            " + (SELECT count(*) FROM ledger_leaf WHERE index IS NULL)"
            " + (SELECT size FROM ledger_loghead) - COALESCE((SELECT max(size) FROM ledger_checkpoint), 0)"
        )
        return waiting == 0

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the tables that matter, in their order."""
        with psycopg.connect(self.platform.database_url) as connection:
            return {
                table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608
                for table in TABLES
            }

    def pages(self) -> dict[str, tuple[int, bytes]]:
        return {path: self.platform.get(path) for path in PAGES}

    def log_size(self) -> int:
        return int(self.platform.get("/log/checkpoint")[1].splitlines()[1])

    def audit(self) -> dict[str, Any]:
        """The monitor goes on with what it has seen before, and finds nothing wrong."""
        answer = self.agent("monitor")("audit", self.platform.origin)
        require(answer["findings"] == [], f"findings: {answer['findings']}")
        return answer

    def lose_machine(self) -> None:
        """The data folder with its keys, the log's folder, and the database's tables."""
        shutil.rmtree(self.platform.folder / "data")
        with psycopg.connect(self.platform.database_url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
