"""Signed notes: a text and, behind a blank line, one line for each signature (C2SP signed-note).

Two kinds of keys: the one of a log signs the text itself; that of a witness signs the text and the time at which it
was seen (C2SP tlog-cosignature, Ed25519).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from joulemark.record.errors import Malformed, TooLarge, Unverified
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = 0x01
"""Type of a key that signs the text."""
COSIGNATURE = 0x04
"""Type of a witness's key, which signs text and time."""
MOST_NOTE_BYTES = 64 * 1024
MOST_SIGNATURES = 64
DASH = "\N{EM DASH} "
"""How a line of a signature begins."""


@dataclass(frozen=True, kw_only=True)
class VerifierKey:
    """A public key under its name. `kind` is ED25519 or COSIGNATURE; `public_key` has 32 bytes."""

    name: str
    public_key: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        """The name can stand in a note. Raises Malformed (JM-LOG-KEY)."""
        if not _is_name(self.name):
            raise Malformed(
                "JM-LOG-KEY",
                _("{name!r} is no name of a key: no spaces, no plus, not empty.").format(name=self.name),
            )
        if self.kind not in {ED25519, COSIGNATURE} or len(self.public_key) != 32:
            raise Malformed(
                "JM-LOG-KEY",
                _("The key {name} is not an Ed25519 key of a log or a witness.").format(name=self.name),
            )

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names its key; an identifier, not a proof."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key).digest()[:4]

    def encode(self) -> str:
        """The key as a line of text: `NAME+KEYID+BASE64`."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.kind]) + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """The key in `text`. Raises Malformed (JM-LOG-KEY)."""
        parts = text.split("+", 2)
        data = _unbase64(parts[2]) if len(parts) == 3 else None
        if not data:
            raise Malformed(
                "JM-LOG-KEY", _("A key of a log is written NAME+KEYID+BASE64; copy it once more.")
            )
        key = cls(name=parts[0], public_key=data[1:], kind=data[0])
        if key.encode() != text:
            raise Malformed(
                "JM-LOG-KEY",
                _("The id of the key {name} does not fit it; copy it once more.").format(name=key.name),
            )
        return key


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A known key whose signature fits. `at` is when a witness saw the text; None for a log's own key."""

    key: VerifierKey
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OpenedNote:
    """A note whose text may be used. `unverified` names the signers whose keys the reader does not know."""

    text: str
    signers: tuple[Signer, ...]
    unverified: tuple[str, ...]


def verifier_key(key: Ed25519PrivateKey, *, name: str, kind: int = ED25519) -> VerifierKey:
    """The public half of `key` under `name`. Raises Malformed (JM-LOG-KEY) for a name that no note can hold."""
    return VerifierKey(name=name, public_key=key.public_key().public_bytes_raw(), kind=kind)


def sign(text: str, *, name: str, key: Ed25519PrivateKey) -> str:
    """A note: `text`, which ends in a newline, with one signature. Raises Malformed (JM-NOTE, JM-LOG-KEY)."""
    _require_text(text)
    return f"{text}\n{_line(verifier_key(key, name=name), key.sign(text.encode()))}"


def cosign(note: str, *, name: str, key: Ed25519PrivateKey, at: datetime) -> str:
    """`note` with a witness's line below the others. Raises Malformed (JM-NOTE, JM-LOG-KEY).

    Whoever cosigns has verified the note before, and that it continues what was cosigned last.
    """
    text = _split(note)[0]
    seconds = int(at.timestamp())
    signature = seconds.to_bytes(8, "big") + key.sign(_witnessed(text, seconds))
    return note + _line(verifier_key(key, name=name, kind=COSIGNATURE), signature)


def open_note(note: str, *, keys: Sequence[VerifierKey]) -> OpenedNote:
    """The text, once a key of `keys` is shown to have signed it; signatures of other keys are passed over.

    Raises Malformed (JM-NOTE), TooLarge, or Unverified (JM-NOTE-SIGNATURE) when no key of `keys` signed, or when what
    is said to be by one of them is not.
    """
    text, lines = _split(note)
    trusted = {(key.name, key.key_id): key for key in keys}
    signers: dict[VerifierKey, Signer] = {}
    unverified: list[str] = []
    for name, data in lines:
        key = trusted.get((name, data[:4]))
        if key is None:
            unverified.append(name)
            continue
        signer = _signer(key, text, data[4:])
        signers.setdefault(key, signer)
    if not signers:
        names = ", ".join(key.name for key in keys) or "anybody"
        raise Unverified(
            "JM-NOTE-SIGNATURE",
            _("The note is not signed by the key that is trusted for {wanted}.").format(wanted=names),
        )
    return OpenedNote(text=text, signers=tuple(signers.values()), unverified=tuple(unverified))


def claimed_text(note: str) -> str:
    """The text of a note, unverified: nobody is shown to have signed it. Raises Malformed (JM-NOTE) or TooLarge."""
    return _split(note)[0]


def names_key(line: str, key: VerifierKey) -> bool:
    """Whether a line of a signature names `key` by name and id; its signature is not verified.

    Raises Malformed (JM-NOTE) for anything that is no such line.
    """
    name, data = _signature(line.removesuffix("\n"))
    return name == key.name and data[:4] == key.key_id


def _signer(key: VerifierKey, text: str, signature: bytes) -> Signer:
    at, message = None, text.encode()
    try:
        if key.kind == COSIGNATURE:
            seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            at, message = datetime.fromtimestamp(seconds, UTC), _witnessed(text, seconds)
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError, OverflowError) as error:
        raise Unverified(
            "JM-NOTE-SIGNATURE",
            _("The signature of {name} does not fit the text of the note.").format(name=key.name),
        ) from error
    return Signer(key=key, at=at)


def _witnessed(text: str, seconds: int) -> bytes:
    """What a witness signs: a header for its own kind, the time, the text."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text with its newline, and (name, key id and signature) of each line behind the last blank line."""
    if len(note) > MOST_NOTE_BYTES:
        raise TooLarge(
            "JM-NOTE",
            _("A note has at most {most_note_bytes} characters.").format(most_note_bytes=MOST_NOTE_BYTES),
        )
    text, blank, rest = note.rpartition("\n\n")
    text += "\n"
    lines = rest.split("\n")
    if not blank or lines.pop() != "" or not 0 < len(lines) <= MOST_SIGNATURES:
        raise Malformed("JM-NOTE", _("The note is not a text, a blank line and the lines of its signatures."))
    _require_text(text)
    return text, [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    words = line.split(" ")
    data = _unbase64(words[2]) if len(words) == 3 and line.startswith(DASH) else None
    if data is None or len(data) < 5 or not _is_name(words[1]):
        raise Malformed(
            "JM-NOTE", _("A line of the note's signatures is not a dash, a name and a signature.")
        )
    return words[1], data


def _is_name(text: str) -> bool:
    return bool(text) and "+" not in text and not any(c.isspace() or c < " " for c in text)


def _line(key: VerifierKey, signature: bytes) -> str:
    return f"{DASH}{key.name} {_base64(key.key_id + signature)}\n"


def _require_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("JM-NOTE", _("The note is not text that can be written as UTF-8.")) from error
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise Malformed(
            "JM-NOTE", _("The text of a note ends in a newline and holds no other control characters.")
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str) -> bytes | None:
    """The bytes, or None for anything but their one encoding."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _base64(data) == text else None
