"""The log's entries as the state file has them: keys, tickets, arrivals, verdicts, and where each result stood when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.leaderboard.eligibility import DECISION_KINDS, VERDICT, StateOfResult

if TYPE_CHECKING:
    from joulemark.log.leaf import LogLeaf
    from joulemark.replay.state_file import PartOutcome, StateFile

RECEIVED, STARTED, ENROLLED, REVOKED = "result-received", "run-started", "key-enrolled", "key-revoked"

KEY = "INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?)"
REVOCATION = "INSERT INTO revocations VALUES (?, ?, ?)"
TICKET = "INSERT OR IGNORE INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
TICKET_USED = "UPDATE tickets SET result_id = ? WHERE ticket = ?"
ARRIVAL = "INSERT OR IGNORE INTO arrivals VALUES (?, ?, ?, ?, ?, ?, ?)"
STOOD_UNTIL = "UPDATE standings SET until = ? WHERE result_id = ? AND until IS NULL"
STANDS = "INSERT INTO standings VALUES (?, ?, NULL, ?, ?, ?)"
VERDICT_ROW = "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class History:
    """Reads entries in the order of the log, and says at the end of a range what the state file has to store."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self._results: dict[str, StateOfResult] = {}
        self._batch: tuple[int, int, Any] | None = None
        self.writes: dict[str, list[tuple[Any, ...]]] = {}

    def read(self, entry: LogLeaf, *, index: int, written: int) -> None:
        """Read one entry. Raises KeyError or ValueError for facts that its kind does not have."""
        facts = entry.facts
        if entry.kind == ENROLLED:
            self._add(KEY, entry.subject, written, facts["contributor"], facts["public_key"])
        elif entry.kind == REVOKED:
            self._add(REVOCATION, entry.subject, written, facts["untrusted_since"])
        elif entry.kind == STARTED:
            self._add(
                TICKET, facts["ticket"], written, entry.subject, facts["suite"], facts["workload"],
                facts["device_tag"], facts.get("network", ""), facts["challenge_sha256"], facts["at"],
                facts["expires_at"],
            )  # fmt: skip
        elif entry.kind == RECEIVED:
            self._add(
                ARRIVAL, entry.subject, written, index, facts["key"], facts["ticket"] or None,
                facts["trace_sha256"], facts["at"],
            )  # fmt: skip
            if facts["ticket"]:
                self._add(TICKET_USED, entry.subject, facts["ticket"])
        elif entry.kind in DECISION_KINDS:
            self._decide(entry, index=index, written=written)

    def _decide(self, entry: LogLeaf, *, index: int, written: int) -> None:
        facts, result_id = entry.facts, entry.subject
        result = self._result(result_id)
        state = result.apply(entry.kind, facts)
        codes = facts.get("codes") if entry.kind == VERDICT else None
        if entry.kind == VERDICT:
            self._add(
                VERDICT_ROW, index, written, result_id, facts["state"], facts["cause"], facts["rules"],
                facts["findings_sha256"], facts["at"], self._batch_of(written, facts["at"]),
            )  # fmt: skip
        self._add(STOOD_UNTIL, written, result_id)
        words = " ".join(codes) if isinstance(codes, list) else None
        self._add(STANDS, result_id, written, state, words, result.is_moderated)

    def _batch_of(self, written: int, at: object) -> int:
        """The first of the verdicts that were written together: before it stood what their rules were told."""
        if self._batch is None or self._batch[1:] != (written - 1, at):
            self._batch = (written, written, at)
        else:
            self._batch = (self._batch[0], written, at)
        return self._batch[0]

    def _result(self, result_id: str) -> StateOfResult:
        if result_id not in self._results:
            state, is_moderated = self._state.first(
                "SELECT state, is_moderated FROM standings WHERE result_id = ? AND until IS NULL", result_id
            ) or (None, False)
            self._results[result_id] = StateOfResult(state, is_moderated=bool(is_moderated))
        return self._results[result_id]

    def _add(self, sql: str, *values: Any) -> None:
        self.writes.setdefault(sql, []).append(values)

    def store(self, outcome: PartOutcome) -> None:
        """Hand over what was read, in an order in which the state file can take it."""
        for sql in (KEY, REVOCATION, TICKET, ARRIVAL, TICKET_USED, VERDICT_ROW):
            outcome.write(sql, self.writes.get(sql, ()))
        untils = iter(self.writes.get(STOOD_UNTIL, ()))
        for stands in self.writes.get(STANDS, ()):
            outcome.write(STOOD_UNTIL, [next(untils)])
            outcome.write(STANDS, [stands])
        self.writes, self._results = {}, {}
