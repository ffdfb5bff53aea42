"""Results that a platform gave a receipt for and no longer knows: it was restored from a backup. They are sent again.

The receipt goes with them. It is the platform's own signature over its log's entry, so the platform takes the result
back under that entry and the time in it; a result that it still has changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark.errors import Refused
from joulemark.session.delivery import Delivery, checked_receipt
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from joulemark.outbox import Outbox, OutboxResult
    from joulemark.platform_client import PlatformClient
    from joulemark.record.messages import PlatformKey

NOT_FOUND = 404


def receipted_since(results: Iterable[OutboxResult], key: PlatformKey, since: datetime) -> list[OutboxResult]:
    """The results with a receipt of this platform of `since` or later, as the receipts have it. Raises BadReceipt."""
    of_platform = [result for result in results if result.bundle.statement().predicate.audience == key.origin]
    return [
        result
        for result in of_platform
        if result.bundle.receipt is not None
        and checked_receipt(result.bundle.receipt, result.digest, key).received_at >= since
    ]


def is_lost(result: OutboxResult, client: PlatformClient) -> bool:
    """Whether the platform no longer knows a result. Raises Unreachable or Refused."""
    try:
        client.result(result.digest)
    except Refused as refused:
        if refused.status == NOT_FOUND:
            return True
        raise
    return False


def lost_in_words(result: OutboxResult, key: PlatformKey) -> str:
    """What to do about a result that the platform gave a receipt for and does not know.

    Raises BadReceipt, or LookupError without a receipt.
    """
    if result.bundle.receipt is None:
        raise LookupError(result.digest)
    received_at = checked_receipt(result.bundle.receipt, result.digest, key).received_at
    return _(
        "The platform gave a receipt for it on {date} and no longer knows it, as after a restore from a backup. "
        "Send it again: joulemark submit --since {date}"
    ).format(date=received_at.date().isoformat())


def send_again(outbox: Outbox, result: OutboxResult, client: PlatformClient, key: PlatformKey) -> Delivery:
    """Send a lost result with its receipt; the receipt that comes back is checked like the first.

    A refusal is reported and not noted: the result stays sent. Raises Unreachable or BadReceipt.
    """
    try:
        answer = client.submit_receipted(replace(result.bundle, proof=None).to_bytes())
    except Refused as refused:
        return Delivery(result=result, how="refused", code=refused.code, sentence=refused.sentence)
    receipt = checked_receipt(answer, result.digest, key)
    if answer != result.bundle.receipt:
        result = outbox.add_receipt(result, answer)
    return Delivery(result=result, how="sent", receipt=receipt)
