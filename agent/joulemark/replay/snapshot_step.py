"""Do the tables of what stands now fit the log: states, keys, tickets, rules and suites. Rows of boards are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.log.challenge import challenge_digest
from joulemark.replay.differences import unlike
from joulemark.replay.evidence_step import CELL_NAMES, PART_NAMES
from joulemark.replay.faults import UNREADABLE
from joulemark.replay.state_file import PartOutcome, text_of
from joulemark.replay.table_rows import rows_of
from joulemark.rules.judge import RULES, RULES_VERSION
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.reader.release import OpenRelease
    from joulemark.replay.state_file import StateFile
    from joulemark.replay.suites import ReleaseSuites
    from joulemark.rules.rule import Rule

PUBLISHED = "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)"
TICKET = "SELECT challenge, result_id, key_id FROM tickets WHERE ticket = ?"
WAITING = ("received", "checking")
"""States of a result without a verdict."""


def parts(release: OpenRelease) -> list[str]:
    """The tables that are read; `table_step` reports those that are not there."""
    return [name for name in ("models", *STORED, *COMPARED, "suites") if name in release.tables]


def run(release: OpenRelease, state: StateFile, suites: ReleaseSuites, part: str) -> PartOutcome:
    """Store or compare one table."""
    outcome = PartOutcome()
    try:
        if part == "suites":
            _compare_suites(release, suites, outcome)
        elif part in COMPARED:
            COMPARED[part](release, state, outcome)
        else:
            _store(release, part, outcome)
    except UNREADABLE as error:
        outcome.differs(
            "JM-REPLAY-TABLE",
            part,
            _("The table {table} cannot be read: {why}").format(table=part, why=error),
        )
    return outcome


def _store(release: OpenRelease, table: str, outcome: PartOutcome) -> None:
    outcome.write(PUBLISHED, (_stored(table, row) for row in rows_of(release, table)))


def _stored(table: str, row: dict[str, Any]) -> tuple[str, str, str, str]:
    if table == "models":
        return table, "", row["model"], text_of({"kind": row["kind"]})
    part = text_of([row[name] for name in PART_NAMES])
    key = part if table == "comparisons" else text_of([row[name] for name in CELL_NAMES])
    return table, part, key, text_of(row)


def _compare_states(release: OpenRelease, state: StateFile, outcome: PartOutcome) -> None:
    n_rows = 0
    for row in rows_of(release, "states"):
        n_rows += 1
        result_id = row["result_id"]
        if state.first("SELECT 1 FROM arrivals WHERE result_id = ?", result_id) is None:
            outcome.differs(
                "JM-REPLAY-STATE",
                result_id,
                _("The table of states has result {result}, and the log has no entry of it.").format(
                    result=result_id[:12]
                ),
            )
            continue
        stands = state.first("SELECT state FROM standings WHERE result_id = ? AND until IS NULL", result_id)
        codes = state.first(
            "SELECT codes FROM standings WHERE result_id = ? AND codes IS NOT NULL ORDER BY since DESC LIMIT 1",
            result_id,
        )
        expected = stands[0] if stands else row["state"] if row["state"] in WAITING else WAITING[0]
        if row["state"] != expected:
            _state_differs(result_id, row["state"], expected, outcome)
        elif (codes[0] if codes else "") != " ".join(row["codes"] or ()):
            _state_differs(result_id, " ".join(row["codes"] or ()), codes[0] if codes else "", outcome)
    outcome.count("states", n_rows)
    (n_arrivals,) = state.first("SELECT count(*) FROM arrivals")
    if n_rows != n_arrivals:
        outcome.differs(
            "JM-REPLAY-STATE",
            "states",
            _("The table of states has {count} results; the log has {expected}.").format(
                count=n_rows, expected=n_arrivals
            ),
        )


def _state_differs(result_id: str, published: str, expected: str, outcome: PartOutcome) -> None:
    outcome.differs(
        "JM-REPLAY-STATE",
        result_id,
        _("Result {result} is published as {published}; the log says {derived}.").format(
            result=result_id[:12], published=published, derived=expected
        ),
    )


def _compare_keys(release: OpenRelease, state: StateFile, outcome: PartOutcome) -> None:
    n_rows = 0
    for row in rows_of(release, "keys"):
        n_rows += 1
        logged = state.first("SELECT contributor, public_key FROM keys WHERE key_id = ?", row["key_id"])
        if logged is None or tuple(logged) != (row["contributor"], row["public_key"]):
            outcome.differs(
                "JM-REPLAY-KEY",
                row["key_id"],
                _("The key {key} is not the one that was enrolled.").format(key=row["key_id"][:12]),
            )
    outcome.count("keys", n_rows)
    (n_enrolled,) = state.first("SELECT count(*) FROM keys")
    if n_rows != n_enrolled:
        outcome.differs(
            "JM-REPLAY-KEY",
            "keys",
            _("The table of keys has {count} keys; the log has {expected}.").format(
                count=n_rows, expected=n_enrolled
            ),
        )


def _compare_tickets(release: OpenRelease, state: StateFile, outcome: PartOutcome) -> None:
    """Tickets under which a result came: the table has no others."""
    n_rows = 0
    for row in rows_of(release, "tickets"):
        n_rows += 1
        logged = state.first(TICKET, row["ticket"])
        published = challenge_digest(row["nonce"], row["sample_seed"]), row["result_id"], row["key_id"]
        if logged is None or tuple(logged) != published:
            outcome.differs(
                "JM-REPLAY-TICKET",
                row["ticket"],
                _("The ticket {ticket} is not the one that the log has.").format(ticket=row["ticket"]),
            )
    outcome.count("tickets", n_rows)
    (n_used,) = state.first("SELECT count(*) FROM arrivals WHERE ticket IS NOT NULL")
    if n_rows != n_used:
        outcome.differs(
            "JM-REPLAY-TICKET",
            "tickets",
            _("The table of tickets has {count} tickets; by the log {expected} were used.").format(
                count=n_rows, expected=n_used
            ),
        )


def _compare_rules(release: OpenRelease, _state: StateFile, outcome: PartOutcome) -> None:
    if release.manifest.versions.rules != RULES_VERSION:
        outcome.count("rules_of_another_version")
        return
    ours = {rule.code: _published_of(rule) for rule in RULES}
    published = {row["code"]: row for row in rows_of(release, "rules")}
    outcome.count("rules", len(published))
    for code in sorted(ours.keys() ^ published.keys()):
        outcome.differs(
            "JM-REPLAY-RULE",
            code,
            _("The rule {rule} is published or in version {version} of the rules, and not both.").format(
                rule=code, version=RULES_VERSION
            ),
        )
    for code in sorted(ours.keys() & published.keys()):
        for name, expected in ours[code].items():
            if published[code][name] != expected:
                words, own_words = unlike(published[code][name], expected)
                outcome.differs(
                    "JM-REPLAY-RULE",
                    code,
                    _(
                        "{rule}: its {name} is published as {published}; version {version} has {derived}."
                    ).format(rule=code, name=name, published=words, version=RULES_VERSION, derived=own_words),
                )


def _published_of(rule: Rule) -> dict[str, str | None]:
    """The columns of the table of rules."""
    return {
        "severity": rule.severity.value,
        "title": rule.title,
        "condition": rule.condition,
        "mend": rule.mend,
        "since_version": rule.version,
        "where": rule.where,
    }


def _compare_suites(release: OpenRelease, suites: ReleaseSuites, outcome: PartOutcome) -> None:
    for file in release.manifest.suites:
        suites.find(file.digest)
        outcome.count("suites")
    for digest, why in suites.faults.items():
        outcome.differs(
            "JM-REPLAY-SUITE",
            digest,
            _("The suite {digest} cannot be read: {why}").format(digest=digest[:12], why=why),
        )


STORED = ("cells", "ranks", "comparisons")
COMPARED: dict[str, Callable[[OpenRelease, StateFile, PartOutcome], None]] = {
    "keys": _compare_keys,
    "rules": _compare_rules,
    "states": _compare_states,
    "tickets": _compare_tickets,
}
