"""The comparison of what the platform shows with what its log records."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.audit.findings import AuditFinding, LogGap
from joulemark.leaderboard.eligibility import KEEPS_DECISIONS
from joulemark.log.leaf import is_same_fact
from joulemark.log.proofs import RECEIVED
from joulemark.record import bundle as bundles
from joulemark.record.errors import RecordError
from joulemark.record.messages import UNJUDGED
from joulemark.suite.archive import decode_archive
from joulemark.suite.errors import BrokenArchive
from joulemark.suite.loader import digest_of
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from joulemark.audit.client import LogRow, Platform, PublicResult
    from joulemark.log.leaf import Facts, LogLeaf

MODERATION = "moderation"
SUITE_PINNED = "suite-pinned"
RESUMED = "log-resumed"
DECIDING = {"verdict", MODERATION, "withdrawal"}
"""Kinds of entries that say in which state a result is from then on."""


def gap_of(index: int, leaf: LogLeaf) -> LogGap | None:
    """The gap that an entry names; None for one of another kind, or that names entries behind itself."""
    start, end = leaf.facts.get("start"), leaf.facts.get("end")
    if leaf.kind != RESUMED or not isinstance(start, int) or not isinstance(end, int):
        return None
    return LogGap(index=index, start=start, end=min(end, index), at=str(leaf.facts.get("at", "")))


def row_finding(index: int, leaf: LogLeaf, row: LogRow | None) -> AuditFinding | None:
    """What the tables have otherwise than entry `index`, if anything."""
    if row is None or row.facts is None:
        return AuditFinding(
            code="JM-LOG-ROW-GONE",
            index=index,
            is_missing=True,
            sentence=_(
                "Entry {index} records {kind} of {subject}, but the platform no longer has its row."
            ).format(index=index, kind=leaf.kind, subject=leaf.subject[:16]),
        )
    if (row.kind, row.subject) == (leaf.kind, leaf.subject) and not _other_facts(leaf, row.facts):
        return None
    return AuditFinding(
        code="JM-LOG-ROW-OTHER",
        index=index,
        sentence=_(
            "Entry {index} records {kind} of {subject} with other facts than the platform shows: "
            "{difference}."
        ).format(index=index, kind=leaf.kind, subject=leaf.subject[:16], difference=_difference(leaf, row)),
    )


def _difference(leaf: LogLeaf, row: LogRow) -> str:
    if (leaf.kind, leaf.subject) != (row.kind, row.subject):
        return _("it shows {kind} of {subject}").format(kind=row.kind, subject=row.subject[:16])
    facts = row.facts or {}
    names = _other_facts(leaf, facts)
    return "; ".join(
        _("{name} is {logged!r} in the log, but shown as {shown!r}").format(
            name=name, logged=leaf.facts.get(name), shown=facts.get(name)
        )
        for name in names
    )


def _other_facts(leaf: LogLeaf, facts: Facts) -> list[str]:
    """The names of the facts that are not the same; a moment may be spelled in another zone."""
    return [
        name
        for name in sorted({*leaf.facts, *facts})
        if not is_same_fact(leaf.facts.get(name), facts.get(name))
    ]


def bundle_finding(index: int, leaf: LogLeaf, data: bytes | None) -> AuditFinding | None:
    """Why the bytes given for a received result are not those that the log names, if so."""
    if data is not None and hashlib.sha256(data).hexdigest() == leaf.subject:
        return None
    sentence = (
        _("The platform no longer serves the bundle of result {subject}, received as entry {index}.")
        if data is None
        else _("The bundle of result {subject}, received as entry {index}, has changed.")
    )
    return AuditFinding(
        code="JM-LOG-BUNDLE",
        index=index,
        result_id=leaf.subject,
        is_missing=data is None,
        sentence=sentence.format(subject=leaf.subject[:16], index=index),
    )


def suite_finding(index: int, leaf: LogLeaf, archive: bytes | None) -> AuditFinding | None:
    """Why the archive given for a pinned suite does not hold the files that the log names, if so."""
    if archive is None:
        sentence = _("The platform no longer serves the files of suite {subject}, pinned as entry {index}.")
        fault = ""
    else:
        try:
            if digest_of(decode_archive(archive)) == leaf.subject:
                return None
            sentence = _("The files of suite {subject}, pinned as entry {index}, have changed.")
            fault = ""
        except BrokenArchive as error:
            sentence = _("The files of suite {subject}, pinned as entry {index}, cannot be read: {fault}")
            fault = str(error)
    return AuditFinding(
        code="JM-LOG-SUITE",
        index=index,
        is_missing=archive is None,
        sentence=sentence.format(subject=leaf.subject[:16], index=index, fault=fault),
    )


Numbers = dict[str, float | int | str]
"""What a result's statement says, by the names that the public list has for it."""


def measured(data: bytes | None) -> Numbers | None:
    """The numbers of a bundle; None where this version cannot read it."""
    if data is None:
        return None
    try:
        predicate = bundles.parse(data).statement().predicate
    except RecordError:
        return None
    return {
        "energy_per_query_j": predicate.totals.energy_per_query_j,
        "queries": predicate.totals.queries,
        "task": predicate.workload.task,
        "dataset": predicate.workload.dataset,
        "model": predicate.workload.model,
    }


def numbers_finding(index: int, numbers: Numbers, listed: PublicResult) -> AuditFinding | None:
    """What the public list says otherwise of a result than its bundle, received as entry `index`, if anything.

    Numbers that the list lacks are no fault until the result is accepted: rules may have found none.
    """
    counts = listed.state == "accepted"
    other = [
        _("{name} is {right!r}, but listed as {shown!r}").format(name=name, right=right, shown=value)
        for name, right in numbers.items()
        if (value := getattr(listed, name)) != right and (counts or value is not None)
    ]
    if not other:
        return None
    return AuditFinding(
        code="JM-LOG-NUMBERS",
        index=index,
        result_id=listed.result_id,
        sentence=_(
            "The platform lists result {result_id} with other numbers than those in its bundle, "
            "received as entry {index}: {other}."
        ).format(result_id=listed.result_id[:16], index=index, other="; ".join(other)),
    )


def said_state(leaf: LogLeaf, *, moderated: bool) -> str | None:
    """The state that an entry gives its result; None where it gives none.

    `moderated`: an earlier entry is a person's decision about the result, which these causes do not undo.
    """
    if leaf.kind == RECEIVED:
        return "received"
    if leaf.kind not in DECIDING:
        return None
    if moderated and leaf.kind == "verdict" and leaf.facts.get("cause") in KEEPS_DECISIONS:
        return None
    state = leaf.facts.get("state", "withdrawn" if leaf.kind == "withdrawal" else None)
    return state if isinstance(state, str) else None


def state_findings(
    states: Mapping[str, tuple[int, str]], platform: Platform
) -> tuple[list[AuditFinding], int]:
    """The results whose state is not what the log said last, and how many of the others are being judged.

    A result that is being judged (again) does not count, whatever was said of it before: it waits.
    """
    findings, waiting = [], 0
    for result_id, (index, state) in states.items():
        status = platform.status(result_id)
        if status is not None and status.state in UNJUDGED:
            waiting += 1
        elif status is None or status.state != state:
            listed_state = None if status is None else status.state
            sentence = (
                _("Result {result_id} is {state} by entry {index}, but the platform does not know it.")
                if listed_state is None
                else _(
                    "Result {result_id} is {state} by entry {index}, but the platform shows it as {shown}."
                )
            )
            findings.append(
                AuditFinding(
                    code="JM-LOG-STATE",
                    index=index,
                    result_id=result_id,
                    is_missing=listed_state is None,
                    sentence=sentence.format(
                        result_id=result_id[:16], state=state, index=index, shown=listed_state
                    ),
                )
            )
    return findings, waiting


def unlogged(result_id: str) -> AuditFinding:
    """A result is shown whose receipt was never logged."""
    return AuditFinding(
        code="JM-LOG-UNLOGGED",
        result_id=result_id,
        sentence=_(
            "The platform lists result {result_id}, but no entry of its log says that it was received."
        ).format(result_id=result_id[:16]),
    )


def vanished(received: Iterable[str], platform: Platform) -> list[AuditFinding]:
    """Those of `received`, which the public list lacks, that the platform does not know at all any more."""
    return [
        AuditFinding(
            code="JM-LOG-STATE",
            result_id=result_id,
            is_missing=True,
            sentence=_(
                "The log records that result {result_id} was received, but the platform no longer knows it."
            ).format(result_id=result_id[:16]),
        )
        for result_id in sorted(received)
        if platform.status(result_id) is None
    ]
