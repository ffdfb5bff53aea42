"""Both restores of a whole platform, played through with real PostgreSQL, agents and a monitor: `make drill`.

(1) Restored current, from a backup and from a base backup with the archived write-ahead log: everything is identical.
(2) Restored older than the log: nothing is signed or received, the log is resumed, the agents send again what was lost,
and the monitor that has seen the newer checkpoint finds nothing wrong. A line a step; exit status 1 where one fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in (".", "platform", "agent", "simulation")]

import psycopg

from joulemark.record.codec import encode
from joulemark_simulation import records
from joulemark_simulation.services import find_postgres, services
from tests.contract.drill_platform import Drill, DrillFailed, require
from tests.processes import platform


def restored_current(drill: Drill) -> Path:
    """(1) A backup is restored on a new machine: tables, pages and log are the same. Returns the backup."""
    with drill.step("uploads, verdicts, checkpoint") as outcome:
        drill.send("alice", "alice", f"{drill.second}+ticket")
        outcome.append(f"{drill.log_size()} leaves")
    with drill.step("the monitor audits") as outcome:
        outcome.append(f"{drill.audit()['read']} entries fit")
    with drill.step("manage.py backup"):
        drill.stop()
        drill.manage("backup", str(drill.platform.folder / "backups"))
        (backup,) = (drill.platform.folder / "backups").iterdir()
    with drill.step("manage.py drill") as outcome:
        report = drill.manage("drill", str(backup))
        require("brings the platform back" in report, report)
        outcome.append("restored beside the platform")
    drill.start()
    tables, pages = drill.tables(), drill.pages()
    drill.stop()
    with drill.step("restored current: manage.py restore") as outcome:
        drill.lose_machine()
        report = drill.manage("restore", str(backup))
        require("nothing newer was signed" in report, report)
        modes = {
            path.name: path.stat().st_mode & 0o777 for path in (drill.platform.folder / "data").glob("*-key*")
        }
        require(set(modes.values()) == {0o600}, f"modes of keys: {modes}")
        drill.manage("prepare")
        drill.start()
        outcome.append("the log goes on by itself")
    with drill.step("  everything identical") as outcome:
        require(drill.tables() == tables, "a table has other rows")
        for path, answer in drill.pages().items():
            require(answer == pages[path], f"{path} is another page")
        require(drill.audit()["gaps"] == [], "a gap was published")
        outcome.append(f"{sum(map(len, tables.values()))} rows, {len(pages)} pages, audit clean")
    return backup


def restored_older(drill: Drill, backup: Path) -> None:
    """(2) The same backup after more uploads: no fork, and what was lost is sent again."""
    with drill.step("more uploads after the backup") as outcome:
        kept = drill.send("alice", f"{drill.second}+ticket", "carol", "carol")
        drill.agent("alice")("withdraw", kept[0], "--reason", "other")
        drill.settle()
        outcome.append("4 results, one of them withdrawn, one new key")
    with drill.step("the monitor audits") as outcome:
        drill.audit()
        size = drill.log_size()
        outcome.append(f"it has seen {size} leaves")
    receipts = {name: agent.receipts() for name, agent in drill.agents.items() if name != "monitor"}
    ids = sorted(digest for own in receipts.values() for digest in own)
    with drill.step("restored older: manage.py restore") as outcome:
        drill.stop()
        drill.lose_machine()
        report = drill.manage("restore", str(backup))
        require("THE LOG WAITS" in report, report)
        drill.manage("prepare")
        drill.start()
        outcome.append("the log waits")
    with drill.step("  signs and receives nothing") as outcome:
        drill.manage("sequence_log", codes=(1,))
        status, answer = drill.platform.post("/api/v1/tickets", encode(records.ticket_request()))
        require((status, json.loads(answer)["code"]) == (503, "JM-LOG-OUTDATED"), f"{status} {answer!r}")
        health = json.loads(drill.platform.get("/api/v1/health")[1])
        require(health["log"]["outdated"] and not health["ok"], f"health: {health}")
        require(drill.log_size() < size, "something was signed")
        outcome.append("503 JM-LOG-OUTDATED, named in health")
    with drill.step("  manage.py resume_log") as outcome:
        report = drill.manage("resume_log")
        require("came back" in report, report)
        (gap,) = json.loads(drill.platform.get("/api/v1/log/gaps/")[1])
        require(gap["end"] == size, f"gap: {gap}")
        outcome.append(f"entries {gap['start']} to {gap['end'] - 1} came back, gap published")
    with drill.step("  agents notice and send again") as outcome:
        n_again = 0
        time.sleep(1.1)  # each process looks once a second whether the doors are open
        for name, before in receipts.items():
            agent = drill.agent(name)
            lost = agent("results")["lost"]
            require(lost, f"{name} does not notice")
            rows = agent("submit", "--since", "2020-01-01")["results"]
            require({row["result_id"] for row in rows} == set(lost), f"{name}: {rows} instead of {lost}")
            if name == "carol" or not drill.is_short:
                require(agent("submit", "--since", "2020-01-01")["results"] == [], "sent twice")
            require(agent.receipts() == before, f"{name} has another receipt")
            n_again += len(lost)
        drill.settle()
        outcome.append(f"{n_again} lost, {n_again} sent again, same receipts")
    with drill.step("  each once, audit clean") as outcome:
        drill.settle()
        stored = drill.platform.one(
            "SELECT string_agg(result_id, ' ' ORDER BY result_id COLLATE \"C\") FROM intake_submission"
        )
        require(str(stored).split() == ids, "a result is missing or there twice")
        twice = drill.platform.one(
            "SELECT count(*) FROM (SELECT subject FROM ledger_leaf WHERE kind = 'result-received'"
            " GROUP BY subject HAVING count(*) > 1) AS twice"
        )
        require(twice == 0, "a result was logged twice")
        state = drill.platform.one(f"SELECT state FROM intake_submission WHERE result_id = '{kept[0]}'")  # noqa: S608 - our own
        require(state == "withdrawn", f"the withdrawn result is {state}")
        audited = drill.audit()
        require(audited["old_size"] == size, "the monitor goes on from the newer checkpoint")
        require([gap["end"] for gap in audited["gaps"]] == [size], f"gaps: {audited['gaps']}")
        missing = [row for row in audited["lost"] if row["result_id"]]
        require(missing == [], f"results are missing: {missing}")
        drill.manage("check_log")
        outcome.append(f"{len(ids)} results, {audited['size']} leaves, 0 findings")


def run(say: Callable[[str], None] = print, *, is_short: bool = False) -> list[tuple[str, float, str]]:
    """All of it, on one machine in one folder; the steps. Raises DrillFailed.

    `is_short`: with fewer volunteers and without waiting for the disk, as processes are killed and no machine is.
    """
    begin_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jm-drill-") as name:
        folder = Path(name)
        for part in ("copy", "archive", "bases", "platform"):
            (folder / part).mkdir()
        archive = [
            "archive_mode=on",
            f"archive_command=sh {ROOT}/deploy/wal_archive.sh %p {folder}/archive/%f",
        ]
        if is_short:
            archive.append("fsync=off")
        with services(redis=False, durable=True, postgres_settings=archive) as running:
            _play(
                running.database_url or "",
                folder,
                say,
                data=running.folder / "data",
                settings=archive,
                is_short=is_short,
            )
        steps = _STEPS[:]
    say(f"{'all':44} {time.monotonic() - begin_s:6.1f} s")
    return steps


_STEPS: list[tuple[str, float, str]] = []


def _play(
    url: str, folder: Path, say: Callable[[str], None], *, data: Path, settings: list[str], is_short: bool
) -> None:
    with platform(
        name="drill", folder=folder / "platform", database_url=url, redis_url="",
        JOULEMARK_LOG_COPIES=str(folder / "copy"), JOULEMARK_SWEEP_WAITING_S="1", JOULEMARK_SWEEP_EVERY_S="1",
        JOULEMARK_LOG_EVERY_S="1",
    ) as made:  # fmt: skip
        drill = Drill(made, folder / "copy", say, is_short=is_short)
        drill.start()
        backup = restored_current(drill)
        restored_older(drill, backup)
        restored_from_wal(drill, folder, data, settings)
        _STEPS[:] = drill.steps


def restored_from_wal(drill: Drill, folder: Path, data: Path, settings: list[str]) -> None:
    """(1) once more: a base backup and the archived write-ahead log bring the database back to its last moment."""
    parts = urlsplit(drill.platform.database_url)
    socket = Path(dict(word.split("=", 1) for word in parts.query.split("&"))["host"].replace("%2F", "/"))
    programs = find_postgres().parent
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": str(socket),
        "PGUSER": "joulemark",
    }
    with drill.step("deploy/base_backup.sh") as outcome:
        done = subprocess.run(
            ["sh", str(ROOT / "deploy/base_backup.sh"), str(folder / "bases"), str(folder / "archive")],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        require(done.returncode == 0, done.stderr)
        outcome.append(done.stdout.strip())
    with drill.step("uploads after the base backup"):
        drill.send("carol", "carol")
    tables, pages = drill.tables(), drill.pages()
    with drill.step("restored current: base backup and WAL") as outcome:
        drill.stop()
        pid = _kill_postgres(data)
        (base,) = (folder / "bases").iterdir()
        done = subprocess.run(
            ["sh", str(ROOT / "deploy/restore_wal.sh"), str(base), str(folder / "archive"), str(folder / "data"),
             str(data / "pg_wal")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        require(done.returncode == 0, done.stderr)
        outcome.append(f"PostgreSQL {pid} was killed")
        with services(
            redis=False, durable=True, postgres_settings=settings, postgres_data=folder / "data"
        ) as running:
            where = urlsplit(running.database_url or "")
            drill.platform.environment["DATABASE_URL"] = urlunsplit(where._replace(path="/drill"))
            wait_until_promoted(drill.platform.database_url)
            drill.start()
            require(drill.tables() == tables, "a table has other rows")
            for path, answer in drill.pages().items():
                require(answer == pages[path], f"{path} is another page")
            gaps = drill.audit()["gaps"]
            require(gaps == [], f"a new gap was published: {gaps}")
            outcome.append(f"{sum(map(len, tables.values()))} rows identical, audit clean")
            drill.stop()


def _kill_postgres(data: Path) -> int:
    """As a power cut: the server and all its processes at once. Returns the server's process id."""
    server = int((data / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for pid in (server, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return server


def wait_until_promoted(url: str, *, limit_s: float = 60.0) -> None:
    """Return once the database has replayed everything and takes writes."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            if row == (False,):
                return
        time.sleep(0.1)
    raise DrillFailed("the database does not end its recovery")


if __name__ == "__main__":
    try:
        run()
    except DrillFailed as error:
        sys.exit(f"THE DRILL FAILED: {error}")
