"""The least that any door must do with a bundle: verify its signature, inflate its trace, decode both. Nothing else.

The libraries are called as plainly as they can be: cryptography, zlib and msgspec on the bytes of a batch.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks import posting
from joulemark.record.bundle import Bundle
from joulemark.record.statement import Statement
from joulemark.record.trace import Trace

_BUNDLE = msgspec.json.Decoder(Bundle)
_STATEMENT = msgspec.json.Decoder(Statement)
_TRACE = msgspec.json.Decoder(Trace)


def rate(file: Path) -> float:
    """Bundles a second that one process checks, of a file of batches that `posting.write_bodies` has written."""
    bodies = [line for batch in posting.read_bodies(file) for line in batch.splitlines()]
    began = time.perf_counter()
    for body in bodies:
        check(body)
    return len(bodies) / (time.perf_counter() - began)


def check(body: bytes) -> None:
    """Raises when the signature or a digest does not fit."""
    bundle = _BUNDLE.decode(body)
    payload, kind = bundle.envelope.payload, bundle.envelope.payload_type.encode()
    statement = _STATEMENT.decode(payload)
    key = bytes.fromhex(statement.predicate.contributor.public_key)
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    Ed25519PublicKey.from_public_bytes(key).verify(bundle.envelope.signatures[0].sig, signed)
    raw = zlib.decompress(bundle.trace)
    if hashlib.sha256(raw).hexdigest() != statement.digest_of("trace"):
        raise ValueError("The trace is not the one that was signed.")
    _TRACE.decode(raw)
