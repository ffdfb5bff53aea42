"""Deliver results from the outbox to the platform: send, check the receipt, note a refusal. No result is ever lost."""

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
from joulemark.outbox import Outbox, OutboxResult, Refusal
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
"""A result that failed so often, while the platform took others, is left for a later run."""
MAX_FAILURES_IN_A_ROW = 5
"""After so many failures in a row the platform is sent no further results in this round."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The outcome of an attempt to send. `code` and `sentence` are the refusal's or the failure's.

    `failure`: the error behind it, where another attempt may succeed.
    """

    result: OutboxResult
    how: SendState
    code: str | None = None
    sentence: str | None = None
    receipt: Receipt | None = None
    failure: NoConnection | ServerFailed | None = None


def deliver(outbox: Outbox, result: OutboxResult, client: PlatformClient, key: PlatformKey) -> Delivery:
    """Send one result, once.

    A refusal is noted beside it. It stays waiting where the platform cannot be reached, answers with what is not a
    receipt by the stored key for this very result, or does not know the key that signed it.
    """
    try:
        answer = client.submit(result.bundle.as_sent())
        receipt = checked_receipt(answer, result.digest, key)
    except Refused as refused:
        if refused.code == KEY_UNKNOWN:
            return Delivery(result=result, how="waiting", code=refused.code, sentence=refused.sentence)
        refusal = Refusal(code=refused.code, sentence=refused.sentence, at=datetime.now(UTC))
        noted = outbox.annotate(result, replace(result.note, refusal=refusal))
        return Delivery(result=noted, how="refused", code=refused.code, sentence=refused.sentence)
    except (NoConnection, ServerFailed) as failure:
        if not _is_of_all(failure):
            result = outbox.annotate(result, replace(result.note, failures=result.note.failures + 1))
        return Delivery(
            result=result, how="waiting", code=failure.code, sentence=str(failure), failure=failure
        )
    except (Unreachable, BadReceipt) as error:
        result = outbox.annotate(result, replace(result.note, failures=result.note.failures + 1))
        return Delivery(result=result, how="waiting", code=error.code, sentence=str(error))
    return Delivery(result=outbox.add_receipt(result, answer), how="sent", receipt=receipt)


def deliver_all(
    outbox: Outbox,
    results: Iterable[OutboxResult],
    client: PlatformClient,
    key: PlatformKey,
    *,
    waiting: Waiting | None = None,
) -> Iterator[Delivery]:
    """Send each; one that fails is tried again behind the others, as long as `waiting`, else the client's, says.

    Each result that was tried is yielded once, with its outcome. None keeps the others back; but a platform that
    is away, or of whose answers none can be used, is not asked for all of them: the rest stays waiting.
    """
    waiting = waiting or client.waiting
    queue, attempts, last = deque(results), Counter[str](), dict[str, Delivery]()
    is_any_taken, in_a_row = False, 0
    while queue:
        delivery = deliver(outbox, queue.popleft(), client, key)
        digest, failure = delivery.result.digest, delivery.failure
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
        queue.append(delivery.result)
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


def unsent(outbox: Outbox, origin: str, *, retry_refused: bool = False) -> list[OutboxResult]:
    """The results still to be sent to this platform, oldest first, those that failed before last."""
    states = {"waiting", "refused"} if retry_refused else {"waiting"}
    pending = [
        result
        for result in outbox.results()
        if result.state in states and result.bundle.statement().predicate.audience == origin
    ]
    return sorted(pending, key=lambda result: result.note.failures)


def checked_receipt(answer: Envelope, result_id: str, key: PlatformKey) -> Receipt:
    """The receipt, once it is shown to be by `key` and for `result_id`. Raises BadReceipt."""
    try:
        receipt = verified_receipt(answer, result_id=result_id, public_key=key.public_key)
        check_leaf(receipt)
    except RecordError as error:
        raise BadReceipt(
            _(
                "The receipt does not match the key stored for {origin} or this result: {error} The "
                "result is stored; ask the platform's operator before you send it again."
            ).format(origin=key.origin, error=error)
        ) from error
    if receipt.audience != key.origin:
        raise BadReceipt(
            _(
                "The receipt is from {audience}, not from {origin}. The result is stored; send it "
                "again with `joulemark submit`."
            ).format(audience=receipt.audience, origin=key.origin)
        )
    return receipt


def complete(outbox: Outbox, result: OutboxResult, client: PlatformClient, key: PlatformKey) -> OutboxResult:
    """The result with the proof that it is in the platform's log, once the platform has one; checked, then kept.

    Raises BadProof when what it answers proves nothing, BadReceipt, Refused or Unreachable.
    """
    sent = result.bundle
    if sent.receipt is None or sent.proof is not None or key.log_key is UNSET:
        return result
    proof = client.proof(result.digest)
    if proof is None:
        return result
    receipt = checked_receipt(sent.receipt, result.digest, key)
    try:
        verified_proof(proof, receipt=receipt, key=VerifierKey.parse(key.log_key))
    except RecordError as error:
        raise BadProof(
            _(
                "{origin} does not prove that its log includes result {digest} ({code}): {error} The "
                "result and its receipt are stored: show them to others, and ask the operator."
            ).format(origin=key.origin, digest=result.digest[:16], code=error.code, error=error),
            code=error.code,
        ) from error
    return outbox.add_proof(result, proof)


def ask_status(
    outbox: Outbox, result: OutboxResult, client: PlatformClient, key: PlatformKey
) -> tuple[OutboxResult, ResultStatus]:
    """Where a result stands.

    One that the platform has and that has no receipt here gets it (sending is idempotent), and the proof of its place
    in the log when there is one. Raises as `complete` does.
    """
    status = client.result(result.digest)
    if result.bundle.receipt is None:
        delivery = deliver(outbox, result, client, key)
        if delivery.code == BadReceipt.code:
            raise BadReceipt(str(delivery.sentence))
        result = delivery.result
    result = complete(outbox, result, client, key)
    return outbox.annotate(result, replace(result.note, verdict=status.state)), status
