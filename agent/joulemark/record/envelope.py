"""DSSE envelopes: the one way in which anything is signed. Signed over the exact payload bytes; no canonical JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, field

from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import Malformed, TooLarge, Unverified
from joulemark.record.field_types import Sha256
from joulemark.record.keys import key_id, signer
from joulemark.record.limits import MAX_BUNDLE_BYTES
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signature(Record, frozen=True, kw_only=True):
    """One Ed25519 signature (64 bytes) and the id of its key."""

    keyid: Sha256
    sig: Annotated[bytes, Meta(min_length=64, max_length=64)]


class Envelope(Record, frozen=True, kw_only=True):
    """A DSSE envelope with exactly one signature; bytes are base64 on the wire."""

    payload: bytes
    payload_type: Annotated[str, Meta(min_length=1, max_length=200)] = field(name="payloadType")
    signatures: Annotated[tuple[Signature, ...], Meta(min_length=1, max_length=1)]

    @property
    def key_id(self) -> str:
        """The key that the envelope names; not yet a proof of anything."""
        return self.signatures[0].keyid


def seal(payload: bytes, *, payload_type: str, key: Ed25519PrivateKey) -> Envelope:
    """Sign `payload` with `key`."""
    from securesystemslib.dsse import Envelope as DsseEnvelope

    signed = DsseEnvelope(payload, payload_type, {}).sign(signer(key))
    signature = Signature(keyid=signed.keyid, sig=bytes.fromhex(signed.signature))
    return Envelope(payload=payload, payload_type=payload_type, signatures=(signature,))


def verify(envelope: Envelope, *, public_key: str, payload_type: str) -> bytes:
    """The payload, once its one signature is shown to be by `public_key` (hex) over exactly these bytes.

    Raises Unverified (JM-PAYLOAD-TYPE or JM-SIGNATURE).
    """
    if envelope.payload_type != payload_type:
        raise Unverified(
            "JM-PAYLOAD-TYPE",
            _("The envelope holds {payload_type!r}, expected {expected!r}.").format(
                payload_type=envelope.payload_type, expected=payload_type
            ),
        )
    if envelope.key_id != key_id(public_key):
        raise Unverified("JM-SIGNATURE", _("The envelope is signed by another key than the one expected."))
    try:
        raw_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        raw_key.verify(envelope.signatures[0].sig, _signed_bytes(envelope))
    except (InvalidSignature, ValueError) as error:
        raise Unverified(
            "JM-SIGNATURE", _("The signature does not fit the payload and the key it names.")
        ) from error
    return envelope.payload


def parse(data: bytes) -> Envelope:
    """Decode the JSON of an envelope that stands alone. Raises TooLarge or Malformed."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise TooLarge(
            "JM-BODY-SIZE",
            _("The body has {count} bytes; the limit is {max_bundle_bytes}.").format(
                count=len(data), max_bundle_bytes=MAX_BUNDLE_BYTES
            ),
        )
    envelope = decode(data, Envelope, what="envelope")
    if encode(envelope) != data:
        raise Malformed(
            "JM-CANONICAL", _("The envelope is not in its one compact encoding; send it as it was signed.")
        )
    return envelope


def _signed_bytes(envelope: Envelope) -> bytes:
    """What is signed: DSSE's pre-authentication encoding (DSSE protocol, version 1.0.2).

    securesystemslib has it too, but importing its signers doubles the start-up of `joulemark verify`; a test holds the
    two against each other.
    """
    kind = envelope.payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(envelope.payload), envelope.payload)
