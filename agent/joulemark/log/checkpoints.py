"""Checkpoints: a log's signed word on how many entries it has and under which root (C2SP tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.log.merkle import EMPTY_ROOT, HASH_BYTES
from joulemark.log.notes import ED25519, open_note
from joulemark.record.errors import Malformed, Unverified
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.log.notes import OpenedNote, VerifierKey

MOST_ENTRIES = 2**53
_SIZE = re.compile("0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A tree of `size` entries with this `root` (32 bytes), of the log that calls itself `origin`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text that is signed, with its last newline."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))


def parse(text: str) -> Checkpoint:
    """The checkpoint that `text` says. Raises Malformed (JM-CHECKPOINT)."""
    lines = text.split("\n")
    fit = len(lines) >= 4 and lines.pop() == "" and all(lines) and _SIZE.fullmatch(lines[1])
    root = _root(lines[2]) if fit else None
    if root is None or int(lines[1]) > MOST_ENTRIES or (lines[1] == "0" and root != EMPTY_ROOT):
        raise Malformed(
            "JM-CHECKPOINT", _("The text is not a checkpoint: the log's name, its size and its root.")
        )
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root, extensions=tuple(lines[3:]))


def open_checkpoint(
    note: str, *, key: VerifierKey, origin: str, witnesses: Sequence[VerifierKey] = ()
) -> Checkpoint:
    """The checkpoint in `note`, once it is signed by `key` and each of `witnesses` and is of the log `origin`.

    Raises Malformed (JM-LOG-KEY for a witness's key in place of the log's), or Unverified (JM-NOTE-SIGNATURE,
    JM-LOG-ORIGIN, JM-WITNESS).
    """
    return opened(note, key=key, origin=origin, witnesses=witnesses)[0]


def opened(
    note: str, *, key: VerifierKey, origin: str, witnesses: Sequence[VerifierKey] = ()
) -> tuple[Checkpoint, OpenedNote]:
    """As `open_checkpoint`, with the note: who signed, and when each witness saw it."""
    if key.kind != ED25519:
        raise Malformed(
            "JM-LOG-KEY",
            _("{name} is the key of a witness; a log's own key is needed.").format(name=key.name),
        )
    opened_note = open_note(note, keys=[key, *witnesses])
    signed = {signer.key for signer in opened_note.signers}
    if key not in signed:
        raise Unverified(
            "JM-NOTE-SIGNATURE",
            _("The checkpoint is not signed by the log's own key {name}.").format(name=key.name),
        )
    if missing := [witness.name for witness in witnesses if witness not in signed]:
        raise Unverified(
            "JM-WITNESS",
            _("The checkpoint is not co-signed by {missing}; try again later.").format(
                missing=", ".join(missing)
            ),
        )
    checkpoint = parse(opened_note.text)
    if checkpoint.origin != origin:
        raise Unverified(
            "JM-LOG-ORIGIN",
            _("The checkpoint is of the log {origin}, not of {expected}.").format(
                origin=checkpoint.origin, expected=origin
            ),
        )
    return checkpoint, opened_note


def log_name(platform: str) -> str:
    """The name of a platform's log and of the key that signs its checkpoints: its origin without scheme, `/log`."""
    return platform.partition("://")[2] + "/log"


def _root(text: str) -> bytes | None:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return root if len(root) == HASH_BYTES and base64.b64encode(root).decode() == text else None
