"""What a contributor asks of a platform about keys and results that it has already: rotate, revoke, withdraw, appeal.

Each names its audience, a time and a nonce as every signed message does (see `messages`), and is signed by a key that
the platform knows.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from joulemark.record.codec import Answer, Record
from joulemark.record.envelope import Envelope
from joulemark.record.field_types import Nonce, Sha256, Word
from joulemark.record.messages import Problem
from joulemark.record.statement import Count, Time, refuse_strange_times, refuse_times_beyond_utc
from joulemark.record.text import hidden_characters

ROTATION_TYPE = "application/vnd.joulemark.rotation.v1+json"
REVOCATION_TYPE = "application/vnd.joulemark.revocation.v1+json"
WITHDRAWAL_TYPE = "application/vnd.joulemark.withdrawal.v1+json"
APPEAL_TYPE = "application/vnd.joulemark.appeal.v1+json"

RevocationReason = Literal["lost", "stolen", "retired"]
WithdrawalReason = Literal["measured-wrongly", "wrong-machine", "private", "other"]


class Request(Record, frozen=True, kw_only=True):
    """What all of them say."""

    audience: Word
    issued_at: Time
    nonce: Nonce

    def __post_init__(self) -> None:
        """The time is possible. Raises ValueError, which decoding reports as a schema fault."""
        refuse_strange_times(self.issued_at)


class Rotation(Request, frozen=True, kw_only=True):
    """A key gives way to another one of the same contributor. Signed by the old key.

    `new_key` is an enrolment signed by the new one: both are in the same hands.
    """

    new_key: Envelope


class Revocation(Request, frozen=True, kw_only=True):
    """A key must no longer be believed. Signed by that key or by another active one of the same contributor.

    What the key has signed and the platform has received at or after `since` is judged again; None: nothing is.
    """

    key_id: Sha256
    reason: RevocationReason
    since: Time | None

    def __post_init__(self) -> None:
        """Both times are possible; else ValueError, which decoding reports as a schema fault."""
        super().__post_init__()
        if self.since is not None:
            refuse_times_beyond_utc(self.since)


class Revoked(Answer, frozen=True, kw_only=True):
    """A platform's answer to a revocation. `judged_again` counts the results that are."""

    key_id: Sha256
    revoked_at: Time
    judged_again: Count


class Withdrawal(Request, frozen=True, kw_only=True):
    """A result must no longer count. Its bytes and its leaves stay."""

    result_id: Sha256
    reason: WithdrawalReason


class Appeal(Request, frozen=True, kw_only=True):
    """A person should look at a verdict again. `words` are public."""

    result_id: Sha256
    words: Annotated[str, Meta(min_length=1, max_length=1000)]

    def __post_init__(self) -> None:
        """The time is possible and the words can be seen; else ValueError, which decoding reports as a schema fault."""
        super().__post_init__()
        if hidden := hidden_characters(self.words.replace("\n", " ")):
            raise ValueError(f"the words hold characters that cannot be seen: {hidden}")


class Appealed(Answer, frozen=True, kw_only=True):
    """A platform's answer to an appeal: until when somebody decides."""

    result_id: Sha256
    filed_at: Time
    decide_by: Time


class BatchItem(Answer, frozen=True, kw_only=True):
    """What became of one bundle of a batch: `status` is that of the door for one, with a receipt or a problem."""

    status: Count
    result_id: Sha256 | None
    receipt: Envelope | None
    problem: Problem | None


class BatchAnswer(Answer, frozen=True, kw_only=True):
    """A platform's answer to a batch, in the order in which the bundles came."""

    items: tuple[BatchItem, ...]
