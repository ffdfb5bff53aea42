"""What a log sends to a witness, and what the witness answers (C2SP tlog-witness, `add-checkpoint`)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from joulemark.log import notes
from joulemark.log.merkle import HASH_BYTES
from joulemark.record.errors import Malformed, TooLarge
from joulemark.translation import gettext as _

MAX_PROOF_HASHES = 63
MAX_REQUEST_BYTES = 128 * 1024
"""Of a request: the largest note in UTF-8, and a proof."""
SIZE_TYPE = "text/x.tlog.size"
"""Content type of a 409 whose body is the size that the witness has cosigned last."""
TEXT_TYPE = "text/plain; charset=utf-8"
PATH = "add-checkpoint"
"""Below the witness's submission prefix."""
_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,15})\n")


@dataclass(frozen=True, kw_only=True)
class AddCheckpoint:
    """`note` is a signed checkpoint; `proof` leads from a tree of `old_size` entries to it, hashes of 32 bytes."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    def encode(self) -> bytes:
        """The body of the request."""
        hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in self.proof)
        return f"old {self.old_size}\n{hashes}\n{self.note}".encode()


def parse_request(data: bytes) -> AddCheckpoint:
    """The request in a body; its note is not verified. Raises Malformed (JM-WITNESS-REQUEST, JM-NOTE) or TooLarge."""
    if len(data) > MAX_REQUEST_BYTES:
        raise TooLarge(
            "JM-WITNESS-REQUEST", _("A request has at most {limit} bytes.").format(limit=MAX_REQUEST_BYTES)
        )
    try:
        head, blank, note = data.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise _malformed() from error
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    hashes = [_hash_of(line) for line in lines]
    if not blank or old is None or len(hashes) > MAX_PROOF_HASHES or None in hashes:
        raise _malformed()
    notes.claimed_text(note)
    return AddCheckpoint(
        old_size=int(old[1]), proof=tuple(node for node in hashes if node is not None), note=note
    )


def parse_size(data: bytes) -> int | None:
    """The size in the body of a 409; None where there is none."""
    match = _SIZE.fullmatch(data)
    return int(match[1]) if match else None


def own_line(note: str, lines: str, *, key: notes.VerifierKey) -> tuple[str, notes.Signer]:
    """The one of `lines` by which `key` has signed the text of `note`, with its newline, and who signed when.

    Lines of other keys are passed over, as the specification wants it. Raises Malformed (JM-NOTE) or Unverified
    (JM-NOTE-SIGNATURE).
    """
    text = notes.claimed_text(note)
    start = f"{notes.DASH}{key.name} "
    for line in lines.splitlines(keepends=True):
        if line.startswith(start) and notes.names_key(line, key):
            return line, notes.open_note(f"{text}\n{line}", keys=[key]).signers[0]
    raise Malformed(
        "JM-NOTE", _("No line of the answer is a signature of the witness {name}.").format(name=key.name)
    )


def _hash_of(line: str) -> bytes | None:
    try:
        node = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return None
    return node if len(node) == HASH_BYTES and base64.b64encode(node).decode() == line else None


def _malformed() -> Malformed:
    return Malformed(
        "JM-WITNESS-REQUEST",
        _("The request is not the old size, a proof, an empty line and a signed checkpoint."),
    )
