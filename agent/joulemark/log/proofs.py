"""What a receipt promises and a proof shows: that a result was received, as an entry of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from joulemark.log import checkpoints, leaf, notes
from joulemark.log.merkle import leaf_hash, verify_inclusion
from joulemark.record.errors import RecordError, Unverified
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.log.checkpoints import Checkpoint
    from joulemark.log.notes import VerifierKey
    from joulemark.record.messages import LogProof, Receipt

RECEIVED = "result-received"
"""The kind of entry that a receipt is about."""


def check_leaf(receipt: Receipt) -> None:
    """The entry in the receipt has the hash that it names and says that its result was received.

    A receipt of before has no entry, only its hash. Raises Unverified (JM-RECEIPT-LEAF).
    """
    if receipt.leaf is UNSET:
        return
    if leaf_hash(receipt.leaf).hex() != receipt.leaf_hash:
        raise Unverified("JM-RECEIPT-LEAF", _("The receipt's log entry is not the one that its hash names."))
    try:
        entry = leaf.decode(receipt.leaf)
    except RecordError as error:
        raise Unverified(
            "JM-RECEIPT-LEAF", _("The receipt's log entry cannot be read: {error}").format(error=error)
        ) from error
    if (entry.kind, entry.subject) != (RECEIVED, receipt.result_id):
        raise Unverified(
            "JM-RECEIPT-LEAF",
            _("The receipt's log entry says {kind} of {subject}, not that this result was received.").format(
                kind=entry.kind, subject=entry.subject[:16]
            ),
        )


def verified_proof(proof: LogProof, *, receipt: Receipt, key: VerifierKey | None) -> Checkpoint:
    """The checkpoint in whose log the receipt's entry is, once the proof leads there.

    `receipt` is verified already. `key` is the log's that the reader trusts; without it the entry is shown to be in the
    tree that the checkpoint names, and not whose checkpoint that is. Raises Malformed, NotInLog or Unverified
    (JM-NOTE-SIGNATURE, JM-LOG-ORIGIN, JM-PROOF-OTHER, JM-RECEIPT-LEAF).
    """
    check_leaf(receipt)
    if receipt.leaf_index is not None and receipt.leaf_index != proof.index:
        raise Unverified(
            "JM-PROOF-OTHER",
            _("The proof is of entry {index}, and the receipt is for entry {leaf_index}.").format(
                index=proof.index, leaf_index=receipt.leaf_index
            ),
        )
    origin = checkpoints.log_name(receipt.audience)
    if key is None:
        checkpoint = checkpoints.parse(notes.claimed_text(proof.checkpoint))
    else:
        checkpoint = checkpoints.open_checkpoint(proof.checkpoint, key=key, origin=origin)
    if checkpoint.origin != origin:
        raise Unverified(
            "JM-LOG-ORIGIN",
            _("The proof is of the log {origin}, not of {expected}.").format(
                origin=checkpoint.origin, expected=origin
            ),
        )
    verify_inclusion(
        leaf=bytes.fromhex(receipt.leaf_hash),
        index=proof.index,
        size=checkpoint.size,
        proof=proof.proof,
        root=checkpoint.root,
    )
    return checkpoint
