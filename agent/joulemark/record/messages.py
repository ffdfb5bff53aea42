"""The other signed messages: enrolment and ticket request from a volunteer, receipt from a platform; and plain answers.

Each signed message names its audience (the platform's origin), a time and a nonce, so that it cannot be replayed or
carried to another platform. A plain answer is an Answer: its reader ignores fields that it does not know.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, UnsetType

from joulemark.record.codec import Answer, Record
from joulemark.record.field_types import Address, DisplayName, Nonce, Sha256, Slug, Word
from joulemark.record.statement import Count, Seed, SuiteRef, Time, refuse_strange_times
from joulemark.record.text import hidden_characters

ENROLMENT_TYPE = "application/vnd.joulemark.enrolment.v1+json"
TICKET_REQUEST_TYPE = "application/vnd.joulemark.ticket-request.v1+json"
RECEIPT_TYPE = "application/vnd.joulemark.receipt.v1+json"


class Enrolment(Record, frozen=True, kw_only=True):
    """A key asks to be known. Signed by that key itself: proof of possession."""

    audience: Word
    issued_at: Time
    nonce: Nonce
    public_key: Sha256
    display_name: DisplayName | None

    def __post_init__(self) -> None:
        """The time is possible and the name can be seen; else ValueError, which decoding reports as a schema fault."""
        refuse_strange_times(self.issued_at)
        if self.display_name is not None and (hidden := hidden_characters(self.display_name)):
            raise ValueError(f"the name holds characters that cannot be seen: {hidden}")


class TicketRequest(Record, frozen=True, kw_only=True):
    """A run is about to start."""

    audience: Word
    issued_at: Time
    nonce: Nonce
    suite: SuiteRef
    task: Slug
    dataset: Slug
    model: Slug
    device_tag: Sha256

    def __post_init__(self) -> None:
        """The time is possible. Raises ValueError, which decoding reports as a schema fault."""
        refuse_strange_times(self.issued_at)


class Ticket(Answer, frozen=True, kw_only=True):
    """A platform's answer: run under this nonce, with queries sampled by this seed, and report before `expires_at`."""

    id: Nonce
    nonce: Nonce
    sample_seed: Seed
    issued_at: Time
    expires_at: Time


class Receipt(Record, frozen=True, kw_only=True):
    """A platform says: I have these bytes, and this is my log's entry on it. Signed by the platform's `public_key`.

    `leaf` is the entry, byte for byte, and `leaf_hash` its RFC 6962 hash. Without `leaf_index` the entry has no place
    in the log yet: the receipt is the promise of one, and a LogProof shows that it was kept.
    """

    audience: Word
    public_key: Sha256
    result_id: Sha256
    leaf_index: Count | None
    leaf_hash: Sha256
    received_at: Time
    leaf: Annotated[bytes, Meta(max_length=0xFFFF)] | UnsetType = UNSET


class LogProof(Answer, frozen=True, kw_only=True):
    """A platform's answer to where a result's entry is: at `index` in the log that `checkpoint` is the signed head of.

    `proof` is RFC 6962's audit path, nearest sibling first; `checkpoint` a signed note with what it says in clear text.
    """

    index: Count
    proof: Annotated[tuple[Annotated[bytes, Meta(min_length=32, max_length=32)], ...], Meta(max_length=64)]
    checkpoint: Annotated[str, Meta(min_length=1, max_length=64 * 1024)]


class PlatformKey(Answer, frozen=True, kw_only=True):
    """The key under which a platform signs receipts, and the one under which its log signs checkpoints.

    `log_key` is a signed note's verifier key, `NAME+KEYID+BASE64`.
    """

    origin: Word
    key_id: Sha256
    public_key: Sha256
    log_key: Word | UnsetType = UNSET


class Enrolled(Answer, frozen=True, kw_only=True):
    """A platform's answer to an enrolment: the pseudonym under which results are shown, and the platform's own key."""

    contributor: Slug
    key_id: Sha256
    platform: PlatformKey


class Problem(Answer, frozen=True, kw_only=True):
    """A refusal (RFC 9457, `application/problem+json`): a stable code and a sentence that says what to do next."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class NeededJob(Answer, frozen=True, kw_only=True):
    """A job of a suite and what a platform knows of it: advice.

    `relative_range` is that of contributors' values over the cell's, null where there are not several sources.
    `views` are of the last 30 days, `gpu_minutes` are on the 2024 study's GPU.
    """

    task: Slug
    dataset: Slug
    model: Slug
    accepted: Count
    contributors: Count
    devices: Count
    open_tickets: Count
    label: Word | None
    relative_range: Annotated[float, Meta(ge=0)] | None
    replications_wanted: Count | UnsetType = UNSET
    views: Count | UnsetType = UNSET
    gpu_minutes: Annotated[float, Meta(ge=0)] | UnsetType | None = UNSET

    @property
    def key(self) -> str:
        """The job's key in its suite, `task/dataset/model`."""
        return f"{self.task}/{self.dataset}/{self.model}"


class NeededSuite(Answer, frozen=True, kw_only=True):
    """The suite that an answer about needed work is about."""

    name: Slug
    version: Word
    digest: Sha256


class Needed(Answer, frozen=True, kw_only=True):
    """A platform's answer to what to measure next: first the job of which a further result would teach most."""

    suite: NeededSuite
    jobs: tuple[NeededJob, ...]


VerdictState = Literal["accepted", "quarantined", "rejected"]
"""What the rules or a moderator may make of a result."""
UnjudgedState = Literal["received", "checking"]
ResultState = Literal[UnjudgedState, VerdictState, "withdrawn"]
UNJUDGED: tuple[UnjudgedState, ...] = get_args(UnjudgedState)
"""States without a verdict."""

StandingComparison = Literal["alone", "open", "agrees", "differs"]
"""What a platform says of a result beside those of others: nobody else independent is there, one other alone says
otherwise, the others say the same, or they do not."""
"""States of a result. `checking` and `withdrawn` are reserved: no platform gives them yet."""


class ReleasesHolding(Answer, frozen=True, kw_only=True):
    """Releases of the data that hold a result: how many, and the names of the first and the last."""

    count: Annotated[int, Meta(ge=1)]
    first: Word
    last: Word


class ResultStatus(Answer, frozen=True, kw_only=True):
    """Where a result stands. `findings` are (code, severity, sentence).

    `releases` are those that were published before the result was withdrawn: they keep its bytes and count it as
    before. Null for one that is not withdrawn, or is in none.
    """

    result_id: Sha256
    state: ResultState
    received_at: Time
    judged_at: Time | None
    rules_version: Word | None
    findings: tuple[tuple[str, str, str], ...]
    url: Word
    releases: ReleasesHolding | None = None


Energy = Annotated[float, Meta(gt=0)]


class StandingFinding(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What a rule of the platform had to say of a result."""

    code: Word
    severity: Word
    sentence: str


class StandingValue(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A result's own value in Wh per 1,000 queries; `expanded_u` is relative (k = 2), null for an estimate."""

    energy_wh_per_1000: Energy
    expanded_u: Annotated[float, Meta(ge=0)] | None
    grade: Word


class StandingOthers(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The value that a cell would have without the result's contributor, in Wh per 1,000 queries.

    The two ends are the 95 % interval between contributors, null for a single source or where sources disagree.
    """

    energy_wh_per_1000: Energy
    between_low_wh_per_1000: float | None
    between_high_wh_per_1000: float | None
    interval: str
    label: Word
    n_contributors: Count


class StandingCell(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The value that a result takes part in, as its board shows it, in Wh per 1,000 queries."""

    energy_wh_per_1000: Energy
    interval: str
    label: Word
    tier: Word
    n_contributors: Count
    n_own_results: Count
    is_current: bool
    page_url: Address


class ResultStanding(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A platform's answer to where a result stands: verdict, value, and how it lies beside those of others.

    Never signed: a reader ignores fields that it lacks. `comparison` is `alone`, `open`, `agrees` or `differs`, null
    while the result is not compared; a word of a later platform is shown as it is.
    """

    result_id: Sha256
    state: ResultState
    findings: tuple[StandingFinding, ...]
    short_url: Address
    page_url: Address
    value: StandingValue | None
    cell: StandingCell | None
    others: StandingOthers | None
    comparison: Word | None


class ListedResult(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A line of a platform's list of results: its state, the codes of its verdict, and its page."""

    result_id: Sha256
    state: ResultState
    codes: tuple[Word, ...]
    page_url: Address
    short_url: Address


class ListedResults(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One page of a platform's list of results, latest first; `next` is null on the last."""

    next: str | None
    results: tuple[ListedResult, ...]


class Cosigned(Answer, frozen=True, kw_only=True):
    """The platform has the signatures that `witnesses`, by name, have given for `size` entries."""

    size: Count
    witnesses: tuple[Word, ...]
