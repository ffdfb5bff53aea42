"""From the outbox to the platform and back: send, check the receipt, note a refusal.

Nothing is ever lost on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET
from msgspec.structs import replace

from joulemark.errors import BadProof, BadReceipt, Refused, Unreachable
from joulemark.log.notes import VerifierKey
from joulemark.log.proofs import check_leaf, verified_proof
from joulemark.outbox import Kept, Outbox, Refusal
from joulemark.record.errors import RecordError
from joulemark.record.messages import PlatformKey, Receipt, ResultStatus
from joulemark.record.receipts import verified_receipt
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from joulemark.platform_client import PlatformClient
    from joulemark.record.envelope import Envelope

How = Literal["sent", "refused", "waiting"]
KEY_UNKNOWN = "JM-KEY-UNKNOWN"
"""A refusal of the key, not of the result: it waits until the key is enrolled."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of one attempt to send. `code` and `sentence` are the refusal's or the failure's."""

    kept: Kept
    how: How
    code: str | None = None
    sentence: str | None = None
    receipt: Receipt | None = None


def deliver(outbox: Outbox, kept: Kept, client: PlatformClient, key: PlatformKey) -> Delivery:
    """Send one result. A refusal is noted beside it; it stays waiting where the platform cannot be reached, or does not
    know the key that signed it.

    Raises BadReceipt when the answer is not a receipt by the stored key for this very result.
    """
    try:
        answer = client.submit(kept.bundle.as_sent())
    except Refused as refused:
        if refused.code == KEY_UNKNOWN:
            return Delivery(kept=kept, how="waiting", code=refused.code, sentence=refused.sentence)
        refusal = Refusal(code=refused.code, sentence=refused.sentence, at=datetime.now(UTC))
        noted = outbox.annotate(kept, replace(kept.note, refusal=refusal))
        return Delivery(kept=noted, how="refused", code=refused.code, sentence=refused.sentence)
    except Unreachable as unreachable:
        return Delivery(kept=kept, how="waiting", code=unreachable.code, sentence=str(unreachable))
    receipt = checked_receipt(answer, kept.digest, key)
    return Delivery(kept=outbox.add_receipt(kept, answer), how="sent", receipt=receipt)


def deliver_all(
    outbox: Outbox, results: Iterable[Kept], client: PlatformClient, key: PlatformKey
) -> Iterator[Delivery]:
    """Send each in turn; the first that finds no platform ends the round, the rest stays waiting."""
    for kept in results:
        delivery = deliver(outbox, kept, client, key)
        yield delivery
        if delivery.how == "waiting" and delivery.code != KEY_UNKNOWN:
            return


def unsent(outbox: Outbox, origin: str, *, retry_refused: bool = False) -> list[Kept]:
    """The results for this platform that are to be sent, oldest first."""
    states = {"waiting", "refused"} if retry_refused else {"waiting"}
    return [
        kept
        for kept in outbox.results()
        if kept.state in states and kept.bundle.statement().predicate.audience == origin
    ]


def checked_receipt(answer: Envelope, result_id: str, key: PlatformKey) -> Receipt:
    """The receipt, once it is shown to be by `key` and for `result_id`. Raises BadReceipt."""
    try:
        receipt = verified_receipt(answer, result_id=result_id, public_key=key.public_key)
        check_leaf(receipt)
    except RecordError as error:
        raise BadReceipt(
            _(
                "The receipt does not fit the key stored for {origin} and this result: {error} The result is "
                "kept; ask the platform's operator before you send it again."
            ).format(origin=key.origin, error=error)
        ) from error
    if receipt.audience != key.origin:
        raise BadReceipt(
            _(
                "The receipt is by {audience}, not by {origin}. The result is kept; send it again with "
                "`joulemark submit`."
            ).format(audience=receipt.audience, origin=key.origin)
        )
    return receipt


def complete(outbox: Outbox, kept: Kept, client: PlatformClient, key: PlatformKey) -> Kept:
    """The result with the proof that it is in the platform's log, once the platform has one; checked, then kept.

    Raises BadProof when what it answers proves nothing, BadReceipt, Refused or Unreachable.
    """
    sent = kept.bundle
    if sent.receipt is None or sent.proof is not None or key.log_key is UNSET:
        return kept
    proof = client.proof(kept.digest)
    if proof is None:
        return kept
    receipt = checked_receipt(sent.receipt, kept.digest, key)
    try:
        verified_proof(proof, receipt=receipt, key=VerifierKey.parse(key.log_key))
    except RecordError as error:
        raise BadProof(
            _(
                "{origin} does not prove that it has result {digest} in its log ({code}): {error} The result "
                "and its receipt are kept: show them to others, and ask the operator."
            ).format(origin=key.origin, digest=kept.digest[:16], code=error.code, error=error),
            code=error.code,
        ) from error
    return outbox.add_proof(kept, proof)


def ask_status(
    outbox: Outbox, kept: Kept, client: PlatformClient, key: PlatformKey
) -> tuple[Kept, ResultStatus]:
    """Where a result stands.

    One that the platform has and that has no receipt here gets it (sending is idempotent), and the proof of its place
    in the log when there is one. Raises as `complete` does.
    """
    status = client.result(kept.digest)
    if kept.bundle.receipt is None:
        kept = deliver(outbox, kept, client, key).kept
    kept = complete(outbox, kept, client, key)
    return outbox.annotate(kept, replace(kept.note, verdict=status.state)), status
