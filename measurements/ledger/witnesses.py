"""Witnesses: independent parties that co-sign a checkpoint once they have seen that it continues the last one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from joulemark.log import notes
from joulemark.log.add_checkpoint import own_line
from joulemark.record.errors import RecordError
from measurements.ledger import sequencer
from measurements.ledger.errors import LogBroken, NotAWitness, OtherCheckpoint
from measurements.ledger.models import Checkpoint, Cosignature

if TYPE_CHECKING:
    from collections.abc import Mapping

RECENT = 100
"""Checkpoints that may still be cosigned: a witness that comes by cron is behind by a few."""


def add_cosignature(*, note: str) -> list[Cosignature]:
    """Store the lines of known witnesses in `note` and publish them with the checkpoint; the new ones.

    `note` is a checkpoint of this log with the witness's line, as `cosign` makes it. Raises NotAWitness, or
    OtherCheckpoint where the note is none of this log's recent ones.
    """
    witnesses: list[notes.VerifierKey] = list(settings.LOG_WITNESSES)
    try:
        opened = notes.open_note(note, keys=witnesses)
    except RecordError as error:
        raise NotAWitness(f"{error} Name the witness's key in JOULEMARK_LOG_WITNESSES first.") from error
    own = next((row for row in Checkpoint.objects.reverse()[:RECENT] if _text(row) == opened.text), None)
    if own is None:
        raise OtherCheckpoint(
            "The note is of no recent checkpoint of this log: let the witness fetch /log/checkpoint once more."
        )
    return store_lines(own, {signer.key: _line(note, signer.key) for signer in opened.signers})


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
        with suppress(
            LogBroken
        ):  # which is written down and an alarm; the lines are stored and published after it
            sequencer.sequence()
    return added


def _text(checkpoint: Checkpoint) -> str:
    return checkpoint.note.rpartition("\n\n")[0] + "\n"


def _line(note: str, key: notes.VerifierKey) -> str:
    """The one line of `note` under which `key` signed, once that line alone is enough to open the note."""
    text, _, lines = note.rpartition("\n\n")
    try:
        return own_line(f"{text}\n\n{lines}", lines, key=key)[0]
    except RecordError as error:
        raise NotAWitness(
            f"No line of the note is a signature of {key.name}; let the witness sign once more."
        ) from error
