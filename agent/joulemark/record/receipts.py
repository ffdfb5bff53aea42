"""Receipts: a platform's signed word that it has a result, and under which leaf of its log."""

from __future__ import annotations

from joulemark.record.codec import decode
from joulemark.record.envelope import Envelope, verify
from joulemark.record.errors import Unverified
from joulemark.record.keys import key_id
from joulemark.record.messages import RECEIPT_TYPE, Receipt
from joulemark.translation import gettext as _


def verified_receipt(envelope: Envelope, *, result_id: str, public_key: str | None = None) -> Receipt:
    """The receipt, once it is signed and for `result_id`.

    `public_key` (hex) is the platform's key that the reader trusts; without it the key inside the receipt is used,
    which proves that nothing was changed since signing but not by which platform. Raises Malformed or Unverified.
    """
    claimed = decode(envelope.payload, Receipt, what="receipt")
    signer = public_key or claimed.public_key
    verify(envelope, public_key=signer, payload_type=RECEIPT_TYPE)
    if not envelope.key_id == key_id(signer) == key_id(claimed.public_key):
        raise Unverified("JM-KEY-ID", _("The receipt names another key than the one that signed it."))
    if claimed.result_id != result_id:
        raise Unverified(
            "JM-RECEIPT-OTHER",
            _("The receipt is for another result ({result_id}).").format(result_id=claimed.result_id[:16]),
        )
    return claimed
