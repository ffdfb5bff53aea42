"""The file in which a replay keeps what it has read and how far it is: killed and started again, it goes on.

A replay that came to its end removes it, so that the next one reads every file again.

It holds a few facts of each entry and each result, so that memory stays bounded however large the release is.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from joulemark.replay.differences import Discrepancy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS identity (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS done (step TEXT, part TEXT, PRIMARY KEY (step, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (step TEXT, name TEXT, n INTEGER, PRIMARY KEY (step, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS differences (step TEXT, part TEXT, code TEXT, subject TEXT, sentence TEXT);
CREATE TABLE IF NOT EXISTS keys (key_id TEXT PRIMARY KEY, written INTEGER, contributor TEXT, public_key TEXT);
CREATE TABLE IF NOT EXISTS revocations (key_id TEXT, written INTEGER, since TEXT);
CREATE INDEX IF NOT EXISTS revoked ON revocations (key_id);
CREATE TABLE IF NOT EXISTS tickets (ticket TEXT PRIMARY KEY, written INTEGER, key_id TEXT, suite TEXT, workload TEXT,
  device TEXT, network TEXT, challenge TEXT, issued_at TEXT, expires_at TEXT, result_id TEXT);
CREATE INDEX IF NOT EXISTS ticket_run ON tickets (suite, workload, network);
CREATE INDEX IF NOT EXISTS ticket_key ON tickets (suite, workload, key_id);
CREATE TABLE IF NOT EXISTS arrivals (result_id TEXT PRIMARY KEY, written INTEGER, leaf INTEGER, key_id TEXT,
  ticket TEXT, trace_sha256 TEXT, received_at TEXT);
CREATE INDEX IF NOT EXISTS arrival_trace ON arrivals (trace_sha256);
CREATE INDEX IF NOT EXISTS arrival_leaf ON arrivals (leaf);
CREATE TABLE IF NOT EXISTS standings (result_id TEXT, since INTEGER, until INTEGER, state TEXT, codes TEXT,
  is_moderated INTEGER);
CREATE INDEX IF NOT EXISTS standing_result ON standings (result_id, since);
CREATE TABLE IF NOT EXISTS verdicts (leaf INTEGER PRIMARY KEY, written INTEGER, result_id TEXT, state TEXT, cause TEXT,
  rules TEXT, findings_sha256 TEXT, at TEXT, batch INTEGER);
CREATE TABLE IF NOT EXISTS writing_order (written INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS evidence (result_id TEXT PRIMARY KEY, written INTEGER, derived INTEGER, contributor TEXT,
  archive TEXT, offset INTEGER, size INTEGER, job TEXT, suite TEXT, dataset TEXT, device TEXT, times TEXT, sample TEXT,
  inputs TEXT, seed INTEGER, quality TEXT, answers BLOB, noise BLOB, n_measured INTEGER, hardware_code TEXT,
  hardware_title TEXT, cell TEXT, part TEXT, row TEXT, design TEXT, control TEXT, own TEXT, alone TEXT,
  fault TEXT);
CREATE INDEX IF NOT EXISTS evidence_job ON evidence (job, written);
CREATE INDEX IF NOT EXISTS evidence_design ON evidence (design, written);
CREATE INDEX IF NOT EXISTS evidence_device ON evidence (device);
CREATE INDEX IF NOT EXISTS evidence_times ON evidence (times);
CREATE INDEX IF NOT EXISTS evidence_part ON evidence (part, cell);
CREATE INDEX IF NOT EXISTS evidence_hardware ON evidence (hardware_code, written);
CREATE TABLE IF NOT EXISTS published (tbl TEXT, part TEXT, key TEXT, row TEXT, PRIMARY KEY (tbl, part, key))
  WITHOUT ROWID;
"""


APPLICATION_ID = 0x4A4D5250
"""In the header of each state file ("JMRP"): nothing is written to a file of others."""


class NoStateFile(Exception):
    """A file that something else has written."""


class StateFile:
    """A replay's state in SQLite. One process writes; others open it with `for_reading`."""

    def __init__(self, place: Path, *, for_reading: bool = False) -> None:
        """Raises NoStateFile or sqlite3.Error for a file that is none, which stays as it is."""
        self.place = place
        address = place.absolute().as_uri() + ("?mode=ro" if for_reading else "")
        is_new = not (place.exists() and place.stat().st_size)
        self.database = sqlite3.connect(address, uri=True, isolation_level=None)
        try:
            self._begin(is_new=is_new, for_reading=for_reading)
        except BaseException:  # whatever ends it: nobody else has the connection yet
            self.database.close()
            raise

    def _begin(self, *, is_new: bool, for_reading: bool) -> None:
        if is_new and not for_reading:
            self.database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        elif self.first("PRAGMA application_id") != (APPLICATION_ID,):
            raise NoStateFile(self.place)
        self.database.execute("PRAGMA busy_timeout = 60000")
        self.database.execute("PRAGMA cache_size = -65536")
        if not for_reading:
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = NORMAL")
            self.database.executescript(TABLES)

    def close(self) -> None:
        """Close it."""
        self.database.close()

    def remove(self) -> None:
        """Close it and take it off the disk: what comes next begins anew."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.place.with_name(self.place.name + suffix).unlink(missing_ok=True)

    def identify(self, identity: Mapping[str, str]) -> bool:
        """Whether the state is one of the same release and the same rules; a new one gets this identity."""
        stored = dict(self.database.execute("SELECT name, value FROM identity").fetchall())
        if stored:
            return stored == dict(identity)
        with self.database as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO identity VALUES (?, ?)", list(identity.items()))
        return True

    def is_done(self, step: str, part: str) -> bool:
        """Whether this part of a step was done before."""
        return self.first("SELECT 1 FROM done WHERE step = ? AND part = ?", step, part) is not None

    def finish(self, step: str, part: str, outcome: PartOutcome) -> None:
        """Store what a part found, and that it is done: all of it or nothing."""
        with self.database as database:
            database.execute("BEGIN IMMEDIATE")
            for sql, rows in outcome.writes:
                database.executemany(sql, rows)
            database.executemany(
                "INSERT INTO differences VALUES (?, ?, ?, ?, ?)",
                [(step, part, each.code, each.subject, each.sentence) for each in outcome.differences],
            )
            database.executemany(
                "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (step, name) DO UPDATE SET n = n + excluded.n",
                [(step, name, n) for name, n in outcome.counts.items()],
            )
            database.execute("INSERT INTO done VALUES (?, ?)", (step, part))

    def first(self, sql: str, *values: Any) -> Any:
        """The first row of a query, None where there is none."""
        return self.database.execute(sql, values).fetchone()

    def all(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        return self.database.execute(sql, values).fetchall()

    def differences(self) -> Iterator[Discrepancy]:
        """Everything that was found, in the order of the steps."""
        rows = self.database.execute("SELECT code, subject, sentence FROM differences ORDER BY rowid")
        for code, subject, sentence in rows:
            yield Discrepancy(code=code, subject=subject, sentence=sentence)

    def counts(self) -> dict[str, int]:
        """What was compared and what could not be, by name."""
        return dict(self.all("SELECT name, sum(n) FROM counts GROUP BY name ORDER BY name"))


class PartOutcome:
    """What a part of a step leaves: differences, counts, and rows for the state file. Small enough to be pickled."""

    def __init__(self) -> None:
        self.differences: list[Discrepancy] = []
        self.counts: dict[str, int] = {}
        self.writes: list[tuple[str, list[tuple[Any, ...]]]] = []

    def differs(self, code: str, subject: str, sentence: str) -> None:
        """Add a difference."""
        self.differences.append(Discrepancy(code=code, subject=subject, sentence=sentence))

    def count(self, name: str, n: int = 1) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + n

    def write(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows for the state file."""
        listed = [tuple(row) for row in rows]
        if listed:
            self.writes.append((sql, listed))


def text_of(value: object) -> str:
    """A JSON value as the state file keeps it, with all digits of its numbers."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, default=str)
