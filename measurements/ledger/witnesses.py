"""Witnesses: independent parties that co-sign a checkpoint once they have seen that it continues the last one."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from joulemark.log import notes
from joulemark.record.errors import RecordError
from measurements.ledger import sequencer
from measurements.ledger.errors import NotAWitness
from measurements.ledger.models import Checkpoint, Cosignature


def add_cosignature(*, note: str) -> list[Cosignature]:
    """Keep the lines of known witnesses in `note` and publish them with the checkpoint; the new ones.

    `note` is a checkpoint of this log with the witness's line, as `cosign` makes it. Raises NotAWitness.
    """
    witnesses: list[notes.VerifierKey] = list(settings.LOG_WITNESSES)
    try:
        opened = notes.open_note(note, keys=witnesses)
    except RecordError as error:
        raise NotAWitness(f"{error} Name the witness's key in JOULEMARK_LOG_WITNESSES first.") from error
    own = next((row for row in Checkpoint.objects.reverse()[:100] if _text(row) == opened.text), None)
    if own is None:
        raise NotAWitness(
            "The note is of no recent checkpoint of this log: let the witness fetch /log/checkpoint once more."
        )
    with transaction.atomic():
        added = [
            cosignature
            for signer in opened.signers
            for cosignature, new in [
                Cosignature.objects.get_or_create(
                    checkpoint=own, witness=signer.key.encode(), defaults={"line": _line(note, signer.key)}
                )
            ]
            if new
        ]
    sequencer.sequence()
    return added


def _text(checkpoint: Checkpoint) -> str:
    return checkpoint.note.rpartition("\n\n")[0] + "\n"


def _line(note: str, key: notes.VerifierKey) -> str:
    """The one line of `note` under which `key` signed, once that line alone is enough to open the note."""
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines(keepends=True):
        alone = f"{text}\n\n{line}"
        try:
            notes.open_note(alone, keys=[key])
        except RecordError:
            continue
        return line
    raise NotAWitness(f"No line of the note is a signature of {key.name}; let the witness sign once more.")
