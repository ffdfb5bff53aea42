"""Does every published verdict follow from the evidence, by the rules, as the log stood when it was given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from joulemark.replay.faults import UNREADABLE
from joulemark.replay.own_facts import arrival_of
from joulemark.replay.past import PastContexts
from joulemark.replay.reading import OF_ALL, placed
from joulemark.replay.rules_apart import rules_apart
from joulemark.replay.state_file import PartOutcome
from joulemark.replay.table_rows import files_of, rows_in
from joulemark.rules.finding import Finding, Severity
from joulemark.rules.findings_digest import findings_digest, is_former_digest
from joulemark.rules.judge import RULES_VERSION, state_of
from joulemark.rules.verdicts import LOST, TRIPS, failed, plain_findings
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.reader.release import OpenRelease
    from joulemark.release.manifest import TableFile
    from joulemark.replay.own_facts import Arrival
    from joulemark.replay.state_file import StateFile
    from joulemark.replay.suites import ReleaseSuites

Findings = list[dict[str, Any]]
EVIDENCE = (
    "result_id", "written", "archive", "offset", "size", "job", "suite", "dataset", "device", "times", "answers",
    "noise", "n_measured", "design", "own", "alone", "fault",
)  # fmt: skip
GIVEN_UP = failed(LOST)


def parts(release: OpenRelease) -> list[str]:
    """The ranges of the table of verdicts."""
    return [file.path for file in files_of(release, "verdicts")]


class VerdictReader:
    """Judges again what the verdicts of a range are about."""

    def __init__(self, release: OpenRelease, state: StateFile, suites: ReleaseSuites) -> None:
        self._release, self._state = release, state
        self._past = PastContexts(release, state, suites)
        self._ranges = {file.path: file for file in files_of(release, "verdicts")}

    def run(self, part: str) -> PartOutcome:
        """Compare the verdicts of one range with those that follow."""
        outcome, file = PartOutcome(), self._ranges[part]
        published = self._published(file, outcome)
        leaves = file.leaf_range
        logged = self._state.all(
            "SELECT written, leaf, result_id, state, cause, rules, findings_sha256, batch FROM verdicts "
            "WHERE leaf >= ? AND leaf < ? ORDER BY written",
            leaves.start if leaves else 0, leaves.end if leaves else 0,
        )  # fmt: skip
        for written, leaf, result_id, state, cause, rules, digest, batch in logged:
            row = published.pop(leaf, None)
            entry = {"result_id": result_id, "state": state, "cause": cause, "rules_version": rules}
            if row is None or not _is_logged(row, entry, digest):
                outcome.differs(
                    "JM-REPLAY-VERDICT",
                    result_id,
                    _("The verdict at entry {index} is not the one that the log has.").format(index=leaf),
                )
                continue
            if rules != RULES_VERSION:
                outcome.count("verdicts_of_other_rules")
                continue
            self._compare(row, result_id, min(batch, written), outcome)
        for leaf, row in published.items():
            outcome.differs(
                "JM-REPLAY-VERDICT",
                row["result_id"],
                _("The log has no verdict at entry {index}.").format(index=leaf),
            )
        return outcome

    def _published(self, file: TableFile, outcome: PartOutcome) -> dict[int, dict[str, Any]]:
        try:
            return {row["leaf_index"]: row for row in rows_in(self._release, "verdicts", file)}
        except UNREADABLE as error:
            outcome.differs(
                "JM-REPLAY-VERDICT", file.path, _("The verdicts cannot be read: {why}").format(why=error)
            )
            return {}

    def _compare(self, row: dict[str, Any], result_id: str, before: int, outcome: PartOutcome) -> None:
        values = self._state.first(
            f"SELECT {', '.join(EVIDENCE)} FROM evidence WHERE result_id = ?",  # noqa: S608 - our own words
            result_id,
        )
        arrival = arrival_of(self._state, result_id)
        if values is None or arrival is None:
            outcome.count("verdicts_without_a_bundle")
            return
        if (row["state"], row["findings"]) == (GIVEN_UP.state, plain_findings(GIVEN_UP.findings)):
            outcome.count("verdicts_given_up")  # a process was lost: nothing in the evidence says so
            return
        outcome.count("verdicts")
        evidence = dict(zip(EVIDENCE, values, strict=True))
        expected = findings_digest(row["findings"])
        first: Findings | None = None
        for moment in self._past.moments(evidence, before):
            findings = self._judge(evidence, arrival, moment)
            if findings_digest(findings) == expected and state_of_plain(findings) == row["state"]:
                return
            first = findings if first is None else first
        outcome.differs(
            "JM-REPLAY-VERDICT",
            result_id,
            _(
                "Result {result} was {published} by {published_codes}; the rules of version {version} say {derived} "
                "by {derived_codes}. {rules}"
            ).format(
                result=result_id[:12],
                published=row["state"],
                published_codes=_codes(row["findings"]),
                version=RULES_VERSION,
                derived=state_of_plain(first or []),
                derived_codes=_codes(first or []),
                rules=" ".join(rules_apart(row["findings"], first or [])),
            ),
        )

    def _judge(self, evidence: dict[str, Any], arrival: Arrival, before: int) -> Findings:
        """The findings about a result as the log stood before an entry was written."""
        if evidence["fault"] is not None:
            code, sentence = json.loads(evidence["fault"])
            return plain_findings([Finding(code, Severity.REJECT, sentence)])
        own, tripped = json.loads(evidence["own"])
        if tripped is not None:
            return plain_findings(failed(tripped).findings)
        others = json.loads(evidence["alone"])
        facts = None if evidence["job"] is None else self._past.of_others(evidence, arrival, before)
        if facts is not None or self._past.is_revoked(arrival, before):
            try:
                others = placed(OF_ALL, self._past.case(evidence, arrival, facts or {}, before))
            except TRIPS as error:
                return plain_findings(failed(type(error).__name__).findings)
        return [finding for _place, finding in sorted([*own, *others], key=lambda entry: entry[0])]


def state_of_plain(findings: Findings) -> str:
    """The state that follows from published findings."""
    return state_of({Severity(finding["severity"]) for finding in findings})


def _is_logged(row: dict[str, Any], entry: dict[str, str], digest: str) -> bool:
    """Whether the log commits to a published verdict."""
    findings = row["findings"]
    return (
        all(row[name] == value for name, value in entry.items())
        and row["codes"] == [finding["code"] for finding in findings]
        and (findings_digest(findings) == digest or is_former_digest(digest, findings))
    )


def _codes(findings: Findings) -> str:
    return " ".join(str(finding["code"]) for finding in findings) or _("no finding")
