"""From the outbox to the platform and back: send, check the receipt, note a refusal.

Nothing is ever lost on the way.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from joulemark.errors import BadProof, BadReceipt, NoConnection, Refused, ServerFailed, Unreachable
from joulemark.log.notes import VerifierKey
from joulemark.log.proofs import check_leaf, verified_proof
from joulemark.outbox import Kept, Outbox, Refusal
from joulemark.record.errors import RecordError
from joulemark.record.messages import PlatformKey, Receipt, ResultStatus
from joulemark.record.receipts import verified_receipt
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from joulemark.outbox import SendState
    from joulemark.platform_client import PlatformClient
    from joulemark.record.envelope import Envelope
    from joulemark.waiting import Waiting

KEY_UNKNOWN = "JM-KEY-UNKNOWN"
"""A refusal of the key, not of the result: it waits until the key is enrolled."""
MAX_ATTEMPTS = 3
"""A result over which the platform failed so often, while it took others, waits for another day."""
MAX_FAILURES_IN_A_ROW = 5
"""With so many results in a row that nothing came of, it is not asked for more of them."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of an attempt to send. `code` and `sentence` are the refusal's or the failure's.

    `failure`: why nothing came of it, where another attempt may fare better.
    """

    kept: Kept
    how: SendState
    code: str | None = None
    sentence: str | None = None
    receipt: Receipt | None = None
    failure: NoConnection | ServerFailed | None = None


def deliver(outbox: Outbox, kept: Kept, client: PlatformClient, key: PlatformKey) -> Delivery:
    """Send one result, once.

    A refusal is noted beside it. It stays waiting where the platform cannot be reached, answers with what is not a
    receipt by the stored key for this very result, or does not know the key that signed it.
    """
    try:
        answer = client.submit(kept.bundle.as_sent())
        receipt = checked_receipt(answer, kept.digest, key)
    except Refused as refused:
        if refused.code == KEY_UNKNOWN:
            return Delivery(kept=kept, how="waiting", code=refused.code, sentence=refused.sentence)
        refusal = Refusal(code=refused.code, sentence=refused.sentence, at=datetime.now(UTC))
        noted = outbox.annotate(kept, replace(kept.note, refusal=refusal))
        return Delivery(kept=noted, how="refused", code=refused.code, sentence=refused.sentence)
    except (NoConnection, ServerFailed) as failure:
        if not _is_of_all(failure):
            kept = outbox.annotate(kept, replace(kept.note, failures=kept.note.failures + 1))
        return Delivery(kept=kept, how="waiting", code=failure.code, sentence=str(failure), failure=failure)
    except (Unreachable, BadReceipt) as error:
        kept = outbox.annotate(kept, replace(kept.note, failures=kept.note.failures + 1))
        return Delivery(kept=kept, how="waiting", code=error.code, sentence=str(error))
    return Delivery(kept=outbox.add_receipt(kept, answer), how="sent", receipt=receipt)


def deliver_all(
    outbox: Outbox,
    results: Iterable[Kept],
    client: PlatformClient,
    key: PlatformKey,
    *,
    waiting: Waiting | None = None,
) -> Iterator[Delivery]:
    """Send each; one that fails is tried again behind the others, as long as `waiting`, else the client's, says.

    Each result that was tried is yielded once, with what became of it. None keeps the others back; but a platform that
    is away, or of whose answers none can be used, is not asked for all of them: the rest stays waiting.
    """
    waiting = waiting or client.waiting
    queue, attempts, last = deque(results), Counter[str](), dict[str, Delivery]()
    is_any_taken, in_a_row = False, 0
    while queue:
        delivery = deliver(outbox, queue.popleft(), client, key)
        digest, failure = delivery.kept.digest, delivery.failure
        if delivery.how != "waiting" or delivery.code == KEY_UNKNOWN:
            _note_answer(client, waiting)
            is_any_taken, in_a_row = True, 0
            last.pop(digest, None)
            yield delivery
            continue
        in_a_row += 1
        if failure is None:
            yield delivery
            if in_a_row >= MAX_FAILURES_IN_A_ROW:
                break
            continue
        attempts[digest] += 1
        last[digest] = delivery
        if is_any_taken and attempts[digest] >= MAX_ATTEMPTS and not _is_of_all(failure):
            continue
        queue.append(delivery.kept)
        is_stuck = in_a_row >= min(len(queue), MAX_FAILURES_IN_A_ROW)
        if _is_of_all(failure) or is_stuck:
            in_a_row = 0
            if not waiting.wait(failure.cause, failure.retry_after_s):
                break
    yield from last.values()


def _note_answer(client: PlatformClient, waiting: Waiting) -> None:
    """The platform is there: for this round, and for all else that is asked of it."""
    waiting.answered()
    if client.waiting is not waiting:
        client.waiting.answered()


BUSY = frozenset({429, 502, 503, 504})
"""Statuses of a platform that is restarting, overrun or behind a proxy that does not reach it."""


def _is_of_all(failure: NoConnection | ServerFailed) -> bool:
    """Whether another result would fare as this one did: nobody answers, or somebody says that there is too much."""
    return isinstance(failure, NoConnection) or failure.status in BUSY


def unsent(outbox: Outbox, origin: str, *, retry_refused: bool = False) -> list[Kept]:
    """The results for this platform that are to be sent, oldest first, but last those over which it has failed."""
    states = {"waiting", "refused"} if retry_refused else {"waiting"}
    pending = [
        kept
        for kept in outbox.results()
        if kept.state in states and kept.bundle.statement().predicate.audience == origin
    ]
    return sorted(pending, key=lambda kept: kept.note.failures)


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
        delivery = deliver(outbox, kept, client, key)
        if delivery.code == BadReceipt.code:
            raise BadReceipt(str(delivery.sentence))
        kept = delivery.kept
    kept = complete(outbox, kept, client, key)
    return outbox.annotate(kept, replace(kept.note, verdict=status.state)), status
