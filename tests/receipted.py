"""Results with the receipts that a platform gave before it was restored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark.log.leaf import Fact, LogLeaf
from joulemark.log.merkle import leaf_hash
from joulemark.record import keys
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark.record.messages import RECEIPT_TYPE, Receipt
from joulemark_simulation import records
from joulemark_simulation.result_rows import private_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.record.bundle import Bundle

BEFORE = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


def with_receipt(
    bundle: Bundle, *, at: datetime = BEFORE, key: Ed25519PrivateKey | None = None, result_id: str = ""
) -> Bundle:
    """The bundle with the receipt that the platform of tests signed at `at`, or whoever has `key`."""
    key = key or private_key("platform")
    statement = bundle.statement().predicate
    facts: dict[str, Fact] = {
        "key": statement.contributor.key_id,
        "ticket": statement.ticket.id if statement.ticket else "",
        "trace_sha256": bundle.statement().digest_of("trace"),
        "at": at.isoformat(),
    }
    subject = result_id or bundle.digest()
    body = LogLeaf(kind="result-received", subject=subject, at=at, facts=facts).encode()
    receipt = Receipt(
        audience=records.ORIGIN,
        public_key=keys.public_hex(key),
        result_id=subject,
        leaf_index=None,
        leaf_hash=leaf_hash(body).hex(),
        received_at=at,
        leaf=body,
    )
    return replace(bundle, receipt=seal(encode(receipt), payload_type=RECEIPT_TYPE, key=key))
