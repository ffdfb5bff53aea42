"""A witness that anybody can run from cron: fetch the checkpoint, cosign it if it continues the last, hand it over."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from joulemark.audit import store as audits
from joulemark.audit.client import Platform
from joulemark.audit.findings import InvalidLog
from joulemark.audit.trust import trusted_key
from joulemark.errors import NotVerified, UsageError
from joulemark.log.add_checkpoint import AddCheckpoint
from joulemark.log.checkpoints import log_name, open_checkpoint
from joulemark.log.tiles import consistency_proof
from joulemark.platform_client import PlatformClient
from joulemark.record.errors import RecordError
from joulemark.translation import gettext as _
from joulemark.translation import marked
from joulemark.waiting import Waiting
from joulemark.witness.cosigner import (
    SIZE_CODE,
    UNPROVEN_CODE,
    Cosigner,
    NotCosigned,
    with_log_lines_alone,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from joulemark.config import Folders
    from joulemark.log.checkpoints import Checkpoint
    from joulemark.log.notes import VerifierKey
    from joulemark.witness.state import WitnessStore

PAUSES_S = (2.0, 5.0, 10.0)
"""A cache may show an older checkpoint for a moment: so long is waited before that is called a fault."""
PATIENCE_S = 300.0
MAX_TRIES = 5
"""Each after the first one follows a cosignature by another process of this witness."""
ADVICE = marked("Check the address and the network; the next run resumes where this one stopped.")


@dataclass(frozen=True, kw_only=True)
class WitnessReport:
    """What became of one run. `old_size` is what was cosigned before, None for the first time.

    `file` has the checkpoint with the cosignature; `is_sent` is whether the platform has it.
    """

    origin: str
    log_key: VerifierKey
    trust: str
    checkpoint: Checkpoint
    old_size: int | None
    file: Path
    is_sent: bool


@dataclass(frozen=True, kw_only=True)
class _Cosigned:
    """A checkpoint, its note with the log's own line and the witness's, and the size that was cosigned before."""

    note: str
    checkpoint: Checkpoint
    old_size: int | None


def trust_log(
    folders: Folders, store: WitnessStore, origin: str, *, given: VerifierKey | None
) -> tuple[VerifierKey, str]:
    """The key of a platform's log and why it is trusted, as an audit has it; that of the last cosignature must agree.

    `given` replaces it after a rotation. Raises PlatformKeyChanged, NotVerified, UsageError, Unreachable or Refused.
    """
    log = log_name(origin)
    with _client(origin) as client:
        key, why = trusted_key(
            folders,
            client.platform_key(),
            origin=origin,
            given=given,
            before=audits.load(folders, origin, log),
        )
    state = store.load(log)
    if given is None and state is not None and state.log_key != key.encode():
        raise NotVerified(
            _(
                "The log key of {origin} is {shown}, and the last checkpoint was signed by {stored}. Nothing was "
                "cosigned. If its operator confirms the change over another channel, pass the new key with --log-key."
            ).format(origin=origin, shown=key.encode(), stored=state.log_key),
            code="JM-LOG-KEY",
        )
    return key, why


def witness_once(
    cosigner: Cosigner,
    origin: str,
    *,
    trust: str,
    sends: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> WitnessReport:
    """Cosign the newest checkpoint of a platform, write it down, and hand it over if `sends`.

    A run that ends before it has sent anything is made up for by the next, which cosigns the checkpoint that is newest
    then. Raises NotVerified for a log that does not continue what was cosigned, Unreachable, Refused, StorageError, or
    UsageError, also where others of this witness are faster each time.
    """
    log = log_name(origin)
    with _client(origin) as client:
        platform = Platform(client)
        for _attempt in range(MAX_TRIES):
            cosigned = _cosign_newest(platform, cosigner, origin, sleep)
            if cosigned is not None:
                break
        else:
            raise UsageError(
                _("Another process of this witness cosigns {origin} all the time; run one at a time.").format(
                    origin=origin
                )
            )
        report = WitnessReport(
            origin=origin,
            log_key=cosigner.logs[log],
            trust=trust,
            checkpoint=cosigned.checkpoint,
            old_size=cosigned.old_size,
            file=cosigner.store.note_path(log),
            is_sent=False,
        )
        if not sends:
            return report
        client.cosign(cosigned.note)
        return replace(report, is_sent=True)


def _cosign_newest(
    platform: Platform, cosigner: Cosigner, origin: str, sleep: Callable[[float], None]
) -> _Cosigned | None:
    """Cosign the newest checkpoint; None where another process has cosigned a later one meanwhile.

    Raises as `witness_once` does.
    """
    log = log_name(origin)
    state = cosigner.store.load(log)
    last = None if state is None else state.latest()
    note, checkpoint = _newest(platform, cosigner, log, last, sleep)
    try:
        proof = consistency_proof(last.size, checkpoint.size, platform.tile) if last else []
        request = AddCheckpoint(old_size=last.size if last else 0, proof=tuple(proof), note=note)
        line = cosigner.add_checkpoint(request)
    except NotCosigned as refusal:
        if refusal.code == SIZE_CODE:
            return None
        evidence = refusal.evidence
        if refusal.code == UNPROVEN_CODE and state is not None:  # the proof is of the log's own tiles
            evidence = cosigner.keep_evidence(state, note, code=refusal.code, sentence=str(refusal))
        raise _not_verified(refusal, evidence) from refusal
    except (InvalidLog, RecordError) as error:
        code = error.finding.code if isinstance(error, InvalidLog) else error.code
        raise NotVerified(
            _("The checkpoint of {origin} cannot be cosigned: {error}").format(origin=origin, error=error),
            code=code,
        ) from error
    return _Cosigned(
        note=f"{with_log_lines_alone(note, cosigner.logs[log])}{line}",
        checkpoint=checkpoint,
        old_size=last.size if last else None,
    )


def _newest(
    platform: Platform,
    cosigner: Cosigner,
    log: str,
    last: Checkpoint | None,
    sleep: Callable[[float], None],
) -> tuple[str, Checkpoint]:
    """The published note and its checkpoint; one that is older than what was cosigned is asked for again."""
    size = last.size if last else 0
    for pause_s in (*PAUSES_S, None):
        try:
            note = platform.checkpoint()
            checkpoint = open_checkpoint(note, key=cosigner.logs[log], origin=log)
        except (InvalidLog, RecordError) as error:
            code = error.finding.code if isinstance(error, InvalidLog) else error.code
            raise NotVerified(
                _("The checkpoint is not verified ({code}): {error}").format(code=code, error=error),
                code=code,
            ) from error
        if checkpoint.size >= size:
            return note, checkpoint
        if pause_s is not None:
            sleep(pause_s)
    raise NotVerified(
        _(
            "The log shows {shown} entries, and this witness has cosigned {size}: either entries were removed, or "
            "you are shown an old checkpoint. Nothing was cosigned."
        ).format(shown=checkpoint.size, size=size),
        code="JM-LOG-SHRUNK",
    )


def _not_verified(refusal: NotCosigned, evidence: Path | None) -> NotVerified:
    sentence = str(refusal)
    if evidence is not None:
        sentence = _(
            "{sentence} This log cannot be trusted. Evidence: {evidence}. Show it to others."
        ).format(sentence=sentence, evidence=evidence)
    return NotVerified(sentence, code=refusal.code)


def _client(origin: str) -> PlatformClient:
    return PlatformClient(origin, waiting=Waiting(origin, limit_s=PATIENCE_S), advice=_(ADVICE))
