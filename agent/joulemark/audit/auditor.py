"""One audit: the head, what it continues, every entry, what is shown of it, and what is kept of it all."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from joulemark.audit import claims, store
from joulemark.audit.client import Platform
from joulemark.audit.entries import read_entries
from joulemark.audit.findings import AuditFinding, AuditReport, InvalidLog
from joulemark.audit.store import Evidence, StoredAudit
from joulemark.audit.trust import trusted_key
from joulemark.errors import NotVerified
from joulemark.log.checkpoints import log_name, opened
from joulemark.log.frontier import Frontier
from joulemark.log.merkle import NotInLog, verify_consistency
from joulemark.log.proofs import RECEIVED
from joulemark.log.tiles import consistency_proof
from joulemark.platform_client import PlatformClient
from joulemark.record.errors import RecordError
from joulemark.translation import gettext as _
from joulemark.translation import marked
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from joulemark.audit.client import LogRow
    from joulemark.audit.entries import LogEntry
    from joulemark.config import Folders
    from joulemark.log.checkpoints import Checkpoint
    from joulemark.log.leaf import LogLeaf
    from joulemark.log.notes import VerifierKey

PAUSES_S = (2.0, 5.0, 10.0)
"""What is shown may be ahead of the log, and a cache behind it: so long is waited before either is called a fault."""
PATIENCE_S = 2 * 3600.0
"""An audit asks much, and a platform that limits it counts by the hour: so long it is waited for, each time."""
ADVICE = marked(
    "Check the address and the network, then run `joulemark audit` again: it resumes where it stopped."
)


class Tell(Protocol):
    """Told how far an audit is."""

    def __call__(self, done: int, of: int) -> None:
        """`done` of `of` entries are read."""


@dataclass(frozen=True, kw_only=True)
class AuditRequest:
    """What to audit. `everything`: from the first entry on. `bundles`: download results, and suites."""

    origin: str
    everything: bool = False
    bundles: bool = True
    log_key: VerifierKey | None = None
    witnesses: Sequence[VerifierKey] = ()


def audit(
    folders: Folders, request: AuditRequest, *, tell: Tell, sleep: Callable[[float], None] = time.sleep
) -> AuditReport:
    """Audit a platform and keep what was verified; what does not fit is in the report's findings.

    Raises NotVerified when the checkpoint is not signed by the log or lacks a witness, PlatformKeyChanged, UsageError,
    Unreachable or Refused.
    """
    before = store.load(folders, request.origin, log_name(request.origin))
    waiting = Waiting(request.origin, limit_s=PATIENCE_S, pause=sleep)
    with PlatformClient(request.origin, waiting=waiting, advice=_(ADVICE)) as client:
        key, why = trusted_key(
            folders, client.platform_key(), origin=request.origin, given=request.log_key, before=before
        )
        try:
            return _Audit(folders, request, Platform(client), key, before, tell, sleep).run(why)
        except GapBefore:
            whole = replace(request, everything=True)
            return _Audit(folders, whole, Platform(client), key, before, tell, sleep).run(why)


class GapBefore(Exception):
    """The log names a gap in entries that an earlier audit has read: they are read once more."""


class _Audit:
    """One audit on its way: how far the entries are read, which results they received, and what is yet to compare."""

    def __init__(
        self,
        folders: Folders,
        request: AuditRequest,
        platform: Platform,
        key: VerifierKey,
        before: StoredAudit | None,
        tell: Tell,
        sleep: Callable[[float], None],
    ) -> None:
        self._folders, self._request, self._platform, self._key = folders, request, platform, key
        self._tell, self._sleep = tell, sleep
        self._log = log_name(request.origin)
        self._kept_note = before.checkpoint if before else None
        self._old = before.opened(self._log) if before else None
        goes_on = before if before and before.moderated is not None and not request.everything else None
        self._frontier = goes_on.frontier() if goes_on else Frontier()
        self._received = goes_on.results() if goes_on else set()
        self._moderated = (goes_on.decided_by_hand() if goes_on else None) or set()
        self._start = (
            Frontier(self._frontier.size, self._frontier.peaks),
            set(self._received),
            set(self._moderated),
        )
        self._lost = goes_on.lost_results() if goes_on else set()
        self._received_at: dict[str, int] = {}
        self._measured: dict[str, tuple[int, claims.Numbers]] = {}
        self._states: dict[str, tuple[int, str]] = {}
        self._decided: set[str] = set()
        self._strangers: set[str] | None = None
        self._unlisted: set[str] = set()
        self._note = ""

    def run(self, why: str) -> AuditReport:
        """All of it, in its order."""
        head = self._head()
        self._report = report = AuditReport(
            origin=self._request.origin, log_key=self._key, trust=why, checkpoint=head
        )
        try:
            if self._old is not None:
                report.old_size = self._old.size
                report.checkpoint = head = self._continuing(self._old, head)
            self._read_on(head, self._old)
            doubts = self._compared()
            for pause_s in PAUSES_S:
                if not doubts:
                    break
                self._sleep(pause_s)
                self._follow()
                doubts = self._compared()
            report.findings += doubts
            self._set_lost_aside()
        except InvalidLog as broken:
            report.findings = [broken.finding]
            report.evidence = self._evidence(broken.finding)
            return report
        self._keep()
        return report

    def _head(self) -> Checkpoint:
        """The newest checkpoint, signed by the log and every witness. Raises NotVerified."""
        try:
            self._note = self._platform.checkpoint()
        except InvalidLog as broken:
            raise NotVerified(str(broken), code=broken.finding.code) from broken
        try:
            checkpoint, note = opened(
                self._note, key=self._key, origin=self._log, witnesses=self._request.witnesses
            )
        except RecordError as error:
            raise NotVerified(
                _("The checkpoint of {origin} is not verified ({code}): {error}").format(
                    origin=self._request.origin, code=error.code, error=error
                ),
                code=error.code,
            ) from error
        self._witnesses = [(signer.key.name, signer.at) for signer in note.signers if signer.at is not None]
        return checkpoint

    def _continuing(self, old: Checkpoint, head: Checkpoint) -> Checkpoint:
        """The head, once it continues `old`; one that is smaller is asked for again. Raises Broken."""
        for pause_s in PAUSES_S:
            if head.size >= old.size:
                break
            self._sleep(pause_s)
            head = self._head()
        if head.size < old.size:
            raise InvalidLog(
                "JM-LOG-SHRUNK",
                _(
                    "The log had {size} entries at the last audit and has {shown} now: either "
                    "entries were removed, or you are shown an old checkpoint."
                ).format(size=old.size, shown=head.size),
            )
        try:
            proof = consistency_proof(old.size, head.size, self._platform.tile)
            verify_consistency(
                old_size=old.size, old_root=old.root, size=head.size, root=head.root, proof=proof
            )
        except NotInLog as error:
            raise InvalidLog(
                "JM-LOG-FORK",
                _("{error} The log that is shown now is not the one shown before: it was rewritten.").format(
                    error=error
                ),
            ) from error
        except RecordError as error:
            raise InvalidLog(error.code, str(error)) from error
        return head

    def _follow(self) -> None:
        """Read on to a newer head, where there is one. Raises Broken."""
        current, note = self._report.checkpoint, self._note
        head = self._head()
        if head.size < current.size:
            self._note = note  # a cache that is behind; what is kept is what was read
            return
        self._kept_note = note
        self._report.checkpoint = self._continuing(current, head)
        self._read_on(self._report.checkpoint, current)

    def _read_on(self, head: Checkpoint, passing: Checkpoint | None) -> None:
        for entries in read_entries(self._platform, self._frontier, head, passing=passing):
            rows = self._platform.rows(entries[0].index, entries[-1].index + 1)
            for entry in entries:
                self._take(entry, rows.get(entry.index))
            self._tell(self._frontier.size, head.size)

    def _take(self, entry: LogEntry, row: LogRow | None) -> None:
        """Compare one entry with its row and, where it received a result, with the result's bytes."""
        report, leaf = self._report, entry.leaf
        if leaf is None:
            report.kinds["unreadable"] += 1
            sentence = _("Entry {index} cannot be read as an entry of this log: {fault}").format(
                index=entry.index, fault=entry.fault
            )
            report.findings.append(AuditFinding(code="JM-LOG-LEAF", index=entry.index, sentence=sentence))
            return
        report.kinds[leaf.kind] += 1
        findings = [claims.row_finding(entry.index, leaf, row)]
        if leaf.kind == RECEIVED:
            self._received.add(leaf.subject)
            self._received_at.setdefault(leaf.subject, entry.index)
            if self._request.bundles:
                findings.append(self._look_into(entry.index, leaf))
                report.bundles += 1
        if leaf.kind == claims.SUITE_PINNED and self._request.bundles:
            archive = self._platform.suite(leaf.subject)
            findings.append(claims.suite_finding(entry.index, leaf, archive))
            report.suites += 1
        if gap := claims.gap_of(entry.index, leaf):
            report.gaps.append(gap)
            if gap.start < self._start[0].size:
                raise GapBefore
        if leaf.kind == claims.MODERATION:
            self._moderated.add(leaf.subject)
        if state := claims.said_state(leaf, moderated=leaf.subject in self._moderated):
            self._states[leaf.subject] = (entry.index, state)
        report.findings += [finding for finding in findings if finding is not None]

    def _set_lost_aside(self) -> None:
        """What is missing of entries in a gap that the log names is lost, and no finding; what is otherwise is one."""
        report = self._report
        in_gap = [finding for finding in report.findings if self._is_in_gap(finding)]
        report.findings = [finding for finding in report.findings if finding not in in_gap]
        report.lost = in_gap
        self._lost |= {finding.result_id for finding in in_gap if finding.result_id}

    def _is_in_gap(self, finding: AuditFinding) -> bool:
        if not finding.is_missing:
            return False
        if finding.result_id in self._lost:
            return True
        index = self._received_at.get(finding.result_id or "", finding.index)
        return index is not None and any(gap.start <= index < gap.end for gap in self._report.gaps)

    def _look_into(self, index: int, leaf: LogLeaf) -> AuditFinding | None:
        """Compare a result's bytes with the entry, and remember what they say for when the list is read."""
        data = self._platform.bundle(leaf.subject)
        fault = claims.bundle_finding(index, leaf, data)
        if fault is None and (numbers := claims.measured(data)):
            self._measured[leaf.subject] = index, numbers
        return fault

    def _compared(self) -> list[AuditFinding]:
        """What is shown of results and does not fit the log; it is compared again when the log was read on."""
        report = self._report
        self._decided |= self._states.keys()
        report.states = len(self._decided)
        findings, waiting = claims.state_findings(self._states, self._platform)
        report.waiting += waiting
        self._states = {
            finding.result_id: self._states[finding.result_id] for finding in findings if finding.result_id
        }
        if self._strangers is None:
            self._strangers = set(self._listed())
            self._unlisted = self._received - self._strangers - self._states.keys()
            report.listed = len(self._strangers)
        vanished = claims.vanished(self._unlisted, self._platform)
        self._unlisted = {finding.result_id for finding in vanished if finding.result_id}
        self._strangers -= self._received
        return [*findings, *vanished, *(claims.unlogged(stranger) for stranger in sorted(self._strangers))]

    def _listed(self) -> Iterator[str]:
        """The ids of the public list; what it says of results whose bytes were read is compared on the way."""
        for result in self._platform.listed():
            if measured := self._measured.pop(result.result_id, None):
                finding = claims.numbers_finding(*measured, result)
                self._report.findings += [finding] if finding else []
            yield result.result_id

    def _keep(self) -> None:
        """Keep the head; the entries count as read only when nothing was found."""
        report = self._report
        report.witnesses = self._witnesses
        read = self._frontier, self._received, self._moderated
        frontier, received, moderated = self._start if report.findings else read
        store.save(
            self._folders,
            self._request.origin,
            self._log,
            StoredAudit(
                log_key=self._key.encode(),
                checkpoint=self._note,
                at=store.now(),
                read=frontier.size,
                peaks=frontier.peaks,
                received=bytes.fromhex("".join(sorted(received))),
                moderated=bytes.fromhex("".join(sorted(moderated))),
                lost=bytes.fromhex("".join(sorted(self._lost & received))),
            ),
        )

    def _evidence(self, finding: AuditFinding) -> Path:
        return store.keep_evidence(
            self._folders,
            Evidence(
                origin=self._request.origin,
                log_key=self._key.encode(),
                code=finding.code,
                sentence=finding.sentence,
                found_at=store.now(),
                kept_checkpoint=self._kept_note,
                shown_checkpoint=self._note,
            ),
        )
