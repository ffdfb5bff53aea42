"""Cosignatures that witnesses bring by themselves: a signature by a key that the settings name is all they need."""

from __future__ import annotations

from django.conf import settings

from joulemark.log import checkpoints, notes
from joulemark.record.errors import Malformed
from joulemark.record.messages import Cosigned
from measurements.intake.refusals import BadRequest, Conflict, Forbidden
from measurements.ledger.errors import NotAWitness, OtherCheckpoint, WrongClock
from measurements.ledger.witnesses import add_cosignature


def accept_cosignatures(*, data: bytes) -> Cosigned:
    """Store and publish the lines of known witnesses in a note of this log. Idempotent.

    Raises RecordError (JM-NOTE, JM-CHECKPOINT), BadRequest (JM-WITNESS-CLOCK), Forbidden (JM-WITNESS-UNKNOWN) or
    Conflict (JM-CHECKPOINT-OTHER).
    """
    try:
        note = data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("JM-NOTE", "The body is not a signed note in UTF-8.") from error
    checkpoint = checkpoints.parse(notes.claimed_text(note))
    try:
        add_cosignature(note=note)
    except OtherCheckpoint as error:
        raise Conflict("JM-CHECKPOINT-OTHER", str(error)) from error
    except WrongClock as error:
        raise BadRequest("JM-WITNESS-CLOCK", str(error)) from error
    except NotAWitness as error:
        raise Forbidden(
            "JM-WITNESS-UNKNOWN",
            "No line of the note is a valid signature of a witness that this platform knows; send the witness's public "
            "key to its operator.",
        ) from error
    signers = notes.open_note(note, keys=settings.LOG_WITNESSES).signers
    return Cosigned(size=checkpoint.size, witnesses=tuple(signer.key.name for signer in signers))
