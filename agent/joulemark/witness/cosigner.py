"""The decision of a witness: cosign a checkpoint, or refuse it with the status that the specification names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joulemark.errors import UsageError
from joulemark.log import notes
from joulemark.log.add_checkpoint import SIZE_TYPE, TEXT_TYPE
from joulemark.log.checkpoints import Checkpoint, open_checkpoint, parse
from joulemark.log.merkle import EMPTY_ROOT, NotInLog, verify_consistency
from joulemark.record.errors import RecordError
from joulemark.translation import gettext as _
from joulemark.witness.state import WitnessedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.log.add_checkpoint import AddCheckpoint
    from joulemark.log.notes import VerifierKey
    from joulemark.witness.state import WitnessStore

FORK_CODE, UNPROVEN_CODE, SIZE_CODE = "JM-LOG-FORK", "JM-PROOF-CONSISTENCY", "JM-WITNESS-SIZE"


class NotCosigned(Exception):
    """A checkpoint is not cosigned: `status`, `body` and `content_type` are the answer, `evidence` a file or None."""

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        code: str,
        body: str | None = None,
        content_type: str = TEXT_TYPE,
        evidence: Path | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status, self.code, self.evidence = status, code, evidence
        self.body, self.content_type = f"{sentence}\n" if body is None else body, content_type


@dataclass(frozen=True, kw_only=True)
class Cosigner:
    """A witness called `name`. `logs` has the key of each log that it cosigns, by origin; `now` is its clock."""

    name: str
    key: Ed25519PrivateKey
    store: WitnessStore
    logs: Mapping[str, VerifierKey]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half, as those who rely on the witness name it."""
        return notes.verifier_key(self.key, name=self.name, kind=notes.COSIGNATURE)

    def add_checkpoint(self, request: AddCheckpoint) -> str:
        """The line of the cosignature, with its newline, once the new state and the cosigned note are on disk.

        Raises NotCosigned, StorageError, or UsageError where the state is damaged or the clock went back.
        """
        origin = _origin_of(request.note)
        log_key = self.logs.get(origin)
        if log_key is None:
            raise NotCosigned(404, _("This witness does not cosign that log."), code="JM-LOG-ORIGIN")
        try:
            checkpoint = open_checkpoint(request.note, key=log_key, origin=origin)
        except RecordError as error:
            raise NotCosigned(403, str(error), code=error.code) from error
        if request.old_size > checkpoint.size:
            raise NotCosigned(
                400, _("The old size is larger than the checkpoint's."), code="JM-WITNESS-REQUEST"
            )
        with self.store.locked(origin):
            state = self.store.load(origin)
            self._require_continued(state, checkpoint, request)
            at = self._moment_after(state)
            note = with_log_lines_alone(request.note, log_key)
            line = notes.cosign(note, name=self.name, key=self.key, at=at).removeprefix(note)
            self.store.save(WitnessedLog(origin=origin, log_key=log_key.encode(), checkpoint=note, at=at))
            self.store.keep_note(origin, f"{note}{line}")
        return line

    def _moment_after(self, state: WitnessedLog | None) -> datetime:
        """Now, to the second: no earlier than the last cosignature. Raises UsageError."""
        at = self.now().replace(microsecond=0)
        if state is not None and at < state.at:
            raise UsageError(
                _(
                    "The clock of this machine shows {now}, and the last cosignature of this log is of {last}. Set "
                    "the clock by NTP; no cosignature is dated before an earlier one."
                ).format(now=at.isoformat(), last=state.at.isoformat())
            )
        return at

    def _require_continued(
        self, state: WitnessedLog | None, checkpoint: Checkpoint, request: AddCheckpoint
    ) -> None:
        """The checkpoint continues what was cosigned last. Raises NotCosigned."""
        last = None if state is None else state.latest()
        size, root = (last.size, last.root) if last else (0, EMPTY_ROOT)
        if request.old_size != size:
            raise NotCosigned(
                409,
                _("This witness has cosigned {size} entries.").format(size=size),
                code=SIZE_CODE,
                body=f"{size}\n",
                content_type=SIZE_TYPE,
            )
        try:
            verify_consistency(
                old_size=size,
                old_root=root,
                size=checkpoint.size,
                root=checkpoint.root,
                proof=request.proof,
            )
        except NotInLog as error:
            is_fork = size == checkpoint.size and root != checkpoint.root
            code = FORK_CODE if is_fork else UNPROVEN_CODE
            evidence = None
            if is_fork and state is not None:
                evidence = self.keep_evidence(state, request.note, code=code, sentence=str(error))
            raise NotCosigned(409 if is_fork else 422, str(error), code=code, evidence=evidence) from error

    def keep_evidence(self, state: WitnessedLog, note: str, *, code: str, sentence: str) -> Path | None:
        """Write down that `note`, signed by the log, does not continue `state`: the file, or None where it is full.

        Two roots of one size prove that by themselves. A proof that leads nowhere shows it only if the log itself has
        given it: whoever sends a genuine checkpoint can send rubbish with it. Raises StorageError.
        """
        at = self.now().replace(microsecond=0)
        return self.store.keep_evidence(state, note, code=code, sentence=sentence, at=at)


def _origin_of(note: str) -> str:
    """The log that a note names. Raises NotCosigned (400)."""
    try:
        return parse(notes.claimed_text(note)).origin
    except RecordError as error:
        raise NotCosigned(400, str(error), code=error.code) from error


def with_log_lines_alone(note: str, key: VerifierKey) -> str:
    """The note with the log's own lines alone: other witnesses' may be many, and are theirs to keep."""
    text = notes.claimed_text(note)
    lines = note[len(text) + 1 :].splitlines(keepends=True)
    return f"{text}\n" + "".join(line for line in lines if notes.names_key(line, key))
