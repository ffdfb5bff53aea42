"""The bundle: one file `*.joulemark.json` with the envelope, the compressed trace and, once sent, receipt and proof.

A bundle has exactly one encoding: compact JSON, fields in order, one newline at the end. `parse` refuses any other, so
no byte of the file lies outside of what is checked.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from msgspec.structs import replace

from joulemark.record import trace as traces
from joulemark.record.codec import Record, decode, encode
from joulemark.record.envelope import Envelope, verify
from joulemark.record.errors import Malformed, TooLarge, Unverified
from joulemark.record.keys import key_id
from joulemark.record.limits import MAX_BUNDLE_BYTES
from joulemark.record.messages import LogProof
from joulemark.record.statement import PAYLOAD_TYPE, Statement
from joulemark.translation import gettext as _


class Bundle(Record, frozen=True, kw_only=True):
    """Envelope around the statement, zlib-compressed trace, and the platform's receipt and log proof when there are."""

    format: Literal["joulemark-bundle/1"]
    envelope: Envelope
    trace: bytes
    receipt: Envelope | None = None
    proof: LogProof | None = None

    def __post_init__(self) -> None:
        """A proof is of the entry that a receipt names. Raises ValueError, which decoding reports as a schema fault."""
        if self.proof is not None and self.receipt is None:
            raise ValueError(_("a bundle with a proof has a receipt"))

    def to_bytes(self) -> bytes:
        """The file's bytes. With a receipt these differ from the bytes that were sent; see `as_sent`."""
        return encode(self) + b"\n"

    def as_sent(self) -> bytes:
        """The bytes that were sent: the bundle without its receipt and proof."""
        if self.receipt is None and self.proof is None:
            return self.to_bytes()
        return replace(self, receipt=None, proof=None).to_bytes()

    def digest(self) -> str:
        """SHA-256 (hex) of the bytes as sent: the identity of the result everywhere."""
        return hashlib.sha256(self.as_sent()).hexdigest()

    def statement(self) -> Statement:
        """The statement as claimed, unverified. Raises Malformed."""
        return decode(self.envelope.payload, Statement, what="statement")


def parse(data: bytes) -> Bundle:
    """Decode a bundle file. Raises TooLarge (JM-BODY-SIZE) or Malformed (JM-UTF8, JM-JSON, JM-SCHEMA, JM-CANONICAL)."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise TooLarge(
            "JM-BODY-SIZE",
            _("The bundle has {count} bytes; the limit is {max_bundle_bytes}.").format(
                count=len(data), max_bundle_bytes=MAX_BUNDLE_BYTES
            ),
        )
    bundle = decode(data, Bundle, what="bundle")
    if bundle.to_bytes() != data:
        raise Malformed(
            "JM-CANONICAL", _("The bundle is not in its one compact encoding: the file was edited.")
        )
    return bundle


class _SignedPart(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Of a bundle the envelope alone."""

    envelope: Envelope


def statement_in(data: bytes) -> Statement:
    """The statement in a bundle that was verified before: the rest is not decoded. Raises Malformed."""
    return decode(decode(data, _SignedPart, what="bundle").envelope.payload, Statement, what="statement")


def verified_statement(bundle: Bundle, *, public_key: str | None = None) -> Statement:
    """The statement, once all of the bundle fits together; see `verified`."""
    return verified(bundle, public_key=public_key)[0]


def verified(bundle: Bundle, *, public_key: str | None = None) -> tuple[Statement, bytes]:
    """(statement, raw trace), once signature, key id and subject digests fit.

    `public_key` (hex) is the key the reader trusts; without it the key inside the statement is used, which proves that
    nothing was changed since signing but not who signed. Raises Malformed or Unverified.
    """
    statement = bundle.statement()
    contributor = statement.predicate.contributor
    if not contributor.key_id == key_id(contributor.public_key) == bundle.envelope.key_id:
        raise Unverified("JM-KEY-ID", _("The key id is not the digest of the key that the statement names."))
    verify(bundle.envelope, public_key=public_key or contributor.public_key, payload_type=PAYLOAD_TYPE)
    return statement, _verified_trace(bundle, statement)


def _verified_trace(bundle: Bundle, statement: Statement) -> bytes:
    info = statement.predicate.trace
    if traces.sha256(bundle.trace) != info.encoded_sha256:
        raise Unverified("JM-TRACE-DIGEST", _("The compressed trace is not the one that was signed."))
    raw = traces.unpack(bundle.trace)
    if len(raw) != info.raw_bytes or traces.sha256(raw) != statement.digest_of("trace"):
        raise Unverified("JM-TRACE-DIGEST", _("The trace is not the one that was signed."))
    return raw
