"""Witnesses: independent parties that co-sign a checkpoint once they have seen that it continues the last one."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from joulemark.log import notes
from joulemark.log.add_checkpoint import own_line
from joulemark.log.checkpoints import parse
from joulemark.record.errors import RecordError
from measurements.ledger import sequencer
from measurements.ledger.errors import LogBroken, NotAWitness, OtherCheckpoint, WrongClock
from measurements.ledger.models import Checkpoint, Cosignature

if TYPE_CHECKING:
    from collections.abc import Mapping

RECENT = 100
"""Checkpoints that may still be cosigned: a witness that comes by cron is behind by a few."""
MAX_SKEW = timedelta(minutes=10)
"""How far a witness's clock may be from this one."""


def add_cosignature(*, note: str) -> list[Cosignature]:
    """Store the lines of known witnesses in `note` and publish them with the checkpoint; the new ones.

    `note` is a checkpoint of this log with the witness's line, as `cosign` makes it. Raises NotAWitness,
    OtherCheckpoint where the note is none of this log's recent ones, or WrongClock.
    """
    witnesses: list[notes.VerifierKey] = list(settings.LOG_WITNESSES)
    try:
        opened = notes.open_note(note, keys=witnesses)
    except RecordError as error:
        raise NotAWitness(f"{error} Name the witness's key in JOULEMARK_LOG_WITNESSES first.") from error
    own = _recent_checkpoint(opened.text)
    if own is None:
        raise OtherCheckpoint(
            "The note is of no recent checkpoint of this log: let the witness fetch /log/checkpoint once more."
        )
    for signer in opened.signers:
        require_plausible_time(signer, own)
    return store_lines(own, {signer.key: _line(note, signer.key) for signer in opened.signers})


def require_plausible_time(signer: notes.Signer, checkpoint: Checkpoint) -> None:
    """A witness saw a checkpoint after it was signed, and not later than now. Raises WrongClock.

    Its first line for a checkpoint stays for ever, so that a wrong time would, too.
    """
    if signer.at is None:  # the key signs without a time
        return
    now = timezone.now()
    if signer.at > now + MAX_SKEW:
        fault = f"is {(signer.at - now).total_seconds():.0f} s ahead"
    elif signer.at < checkpoint.signed_at - MAX_SKEW:
        fault = f"dates it {(checkpoint.signed_at - signer.at).total_seconds():.0f} s before the checkpoint"
    else:
        return
    raise WrongClock(f"The clock of {signer.key.name} {fault}; let it keep its clock by NTP, and sign again.")


def store_lines(checkpoint: Checkpoint, lines: Mapping[notes.VerifierKey, str]) -> list[Cosignature]:
    """Store verified lines of witnesses and publish the checkpoint with them, where it is the last; the new ones.

    A witness's first line for a checkpoint stays; a later one adds nothing to what it states.
    """
    with transaction.atomic():
        added = [
            cosignature
            for key, line in lines.items()
            for cosignature, is_new in [
                Cosignature.objects.get_or_create(
                    checkpoint=checkpoint, witness=key.encode(), defaults={"line": line}
                )
            ]
            if is_new
        ]
    if added:
        # a log that is broken has its alarm already; the lines are stored, and published once it goes on
        with suppress(LogBroken):
            sequencer.sequence()
    return added


def _recent_checkpoint(text: str) -> Checkpoint | None:
    """The one of this log's recent checkpoints that says `text`."""
    try:
        own = Checkpoint.objects.filter(pk=parse(text).size).first()
    except RecordError:
        return None
    if own is None or own.note.rpartition("\n\n")[0] + "\n" != text:
        return None
    is_old = Checkpoint.objects.filter(size__gt=own.size)[RECENT - 1 : RECENT].exists()
    return None if is_old else own


def _line(note: str, key: notes.VerifierKey) -> str:
    """The one line of `note` under which `key` signed, once that line alone is enough to open the note."""
    text, _, lines = note.rpartition("\n\n")
    try:
        return own_line(f"{text}\n\n{lines}", lines, key=key)[0]
    except RecordError as error:
        raise NotAWitness(
            f"No line of the note is a signature of {key.name}; let the witness sign once more."
        ) from error
