"""The in-toto statement that a volunteer signs: everything said about one run, version 1.

A number that could not be read is null, and `absent` says why under the field's path: `{"idle": "no-power-reading"}`.
No host name, user name, path, IP address or device UUID is in it.

Units are in the names: `_j` joules, `_w` watts, `_s` seconds, `_bytes` bytes. Times are RFC 3339 with a zone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, UnsetType, field

from joulemark.record.codec import Record
from joulemark.record.control import Control
from joulemark.record.field_types import FieldPath, Nonce, Sha256, Slug, Word

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:joulemark:result:v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

Time = Annotated[datetime, Meta(tz=True)]
Amount = Annotated[float, Meta(ge=0, le=1e15)]
Positive = Annotated[float, Meta(gt=0, le=1e15)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Tokens = Annotated[int, Meta(ge=0, le=2**40)]
Seed = Annotated[int, Meta(ge=0, lt=2**48)]
Profiles = Annotated[tuple[Annotated[int, Meta(ge=0, le=255)], ...], Meta(max_length=256)]
Megahertz = Annotated[int, Meta(ge=1, le=100_000)]
Meter = Literal["nvml-counter", "rapl", "cpu-time-estimate"]
Grade = Literal["measured", "estimated"]
Scope = Literal["gpu", "gpu+cpu+dram", "cpu", "cpu+dram"]
DeviceKind = Literal["gpu", "cpu"]
SubjectName = Literal["trace", "outputs"]


class Digest(Record, frozen=True, kw_only=True):
    """Digest set of a subject."""

    sha256: Sha256


class Subject(Record, frozen=True, kw_only=True):
    """One artifact the statement is about: `trace` (raw JSON bytes) or `outputs` (the model's answers)."""

    name: SubjectName
    digest: Digest


class TicketRef(Record, frozen=True, kw_only=True):
    """The ticket under which the run was started. `sample_seed` chose the queries."""

    id: Nonce
    nonce: Nonce
    sample_seed: Seed


class SuiteRef(Record, frozen=True, kw_only=True):
    """The suite that defines the run, by name, version and digest over its files."""

    name: Slug
    version: Word
    digest: Sha256


class Workload(Record, frozen=True, kw_only=True):
    """What was run. `sample_sha256` digests the ids of the sampled queries in order.

    `inputs_sha256` digests what these queries gave the model, before it is cut into tokens or scaled: contributors who
    ran the same sample of the same revision have the same. It is left out by agents that do not know it yet. Of a run
    of parts it is `record.trace.Population.content_sha256()`, of all queries of the population: equal for everyone.
    """

    task: Slug
    dataset: Slug
    dataset_revision: Word
    sample_sha256: Sha256
    model: Slug
    model_revision: Word
    weights_sha256: Sha256
    parameters: Count
    dtype: Slug
    batch_size: Annotated[int, Meta(ge=1, le=65536)]
    inputs_sha256: Sha256 | UnsetType = UNSET


class Device(Record, frozen=True, kw_only=True):
    """What the model ran on. `tag` is a pseudonym: HMAC-SHA256 of the platform's origin, keyed by the device."""

    tag: Sha256
    kind: DeviceKind
    name: Word
    memory_bytes: Count | None
    power_limit_w: Positive | None
    power_limit_default_w: Positive | None
    driver: Word | None
    vbios: Word | None
    ecc: bool | None
    mig: bool | None


class PowerControls(Record, frozen=True, kw_only=True):
    """What the device's firmware was told to do with power and clocks when the job began, beside the power limit.

    Workload power profiles are NVML's numbers: those that are enforced, and those that were requested. `smoothing`:
    whether power smoothing is on, and which preset profile it follows. `edpp_percent`: the multiplier of EDPp, the peak
    of electrical power that the board allows. Limits can be set from `limit_least_w` to `limit_most_w`; a module's
    limit is that of a GPU and a processor together (Grace Hopper). `..._most_mhz` are the highest clocks,
    `application_clock_mhz` the one that the owner set. `clock_reasons` are the bits of NVML's clock event reasons that
    the device can show.
    """

    workload_profiles: Profiles | None
    workload_profiles_requested: Profiles | None
    smoothing: bool | None
    smoothing_profile: Annotated[int, Meta(ge=0, le=255)] | None
    edpp_percent: Annotated[int, Meta(ge=0, le=10000)] | None
    limit_least_w: Positive | None
    limit_most_w: Positive | None
    module_limit_w: Positive | None
    module_limit_default_w: Positive | None
    sm_clock_most_mhz: Megahertz | None
    memory_clock_most_mhz: Megahertz | None
    boost_clock_most_mhz: Megahertz | None
    application_clock_mhz: Megahertz | None
    application_clock_default_mhz: Megahertz | None
    clock_reasons: Count | None


class Host(Record, frozen=True, kw_only=True):
    """The machine around the device."""

    system: Word
    architecture: Word
    cpu: Word | None
    cpu_count: Count
    memory_bytes: Count | None


class Parallelism(Record, frozen=True, kw_only=True):
    """How much of the processor the work could use, beside the host's `cpu_count`, which is this process's affinity.

    Threads are torch's, null where it did not run the model. `cpu_quota` is in processors: the least of the control
    groups that the process is in, null where none has one. `settings` are the environment variables of thread
    libraries that were set, by their names in lower case.
    """

    intra_op_threads: Annotated[int, Meta(ge=1, le=65536)] | None
    inter_op_threads: Annotated[int, Meta(ge=1, le=65536)] | None
    cpu_quota: Positive | None
    settings: Annotated[dict[Slug, Word], Meta(max_length=50)] = {}


class Software(Record, frozen=True, kw_only=True):
    """The agent and the libraries that did the work. `source_sha256` digests the agent's own source files.

    `unreadable` says why a library that is installed is not among `packages`, by its name.
    """

    agent_version: Word
    source_sha256: Sha256
    python: Word
    packages: dict[Slug, Word]
    unreadable: Annotated[dict[Slug, Slug], Meta(max_length=50)] = {}


class Sensor(Record, frozen=True, kw_only=True):
    """Where the energy comes from. `stated_watts`, per busy core, belong to an estimate alone."""

    meter: Meter
    grade: Grade
    scope: Scope
    stated_watts: Positive | None
    stated_watts_source: Word | None


class Idle(Record, frozen=True, kw_only=True):
    """Mean power at rest, model resident, before and after the windows."""

    before_w: Amount
    after_w: Amount
    before_s: Positive
    after_s: Positive


class Window(Record, frozen=True, kw_only=True):
    """One measured stretch: `queries` answers back to back, one at a time. Times are on the trace's clock.

    `output_tokens` were generated, `input_tokens` were what the model was given.
    """

    start_s: Amount
    end_s: Positive
    queries: Annotated[int, Meta(ge=1, le=10**9)]
    output_tokens: Tokens | None
    energy_gross_j: Amount
    energy_net_j: float | None
    input_tokens: Tokens | UnsetType | None = UNSET


class Quality(Record, frozen=True, kw_only=True):
    """How good the answers were, from the same answers that were measured. `n` is the number of answers scored."""

    metric: Slug
    value: Annotated[float, Meta(ge=-1e9, le=1e9)]
    n: Annotated[int, Meta(ge=1)]
    higher_is_better: bool


class Totals(Record, frozen=True, kw_only=True):
    """Sums over the windows; `energy_per_query_j` = gross energy / queries, the number that boards combine.

    In a run of parts it is the mean over the whole population, estimated from the queries that ran.
    """

    queries: Annotated[int, Meta(ge=1)]
    duration_s: Positive
    energy_gross_j: Amount
    energy_net_j: float | None
    energy_per_query_j: Amount
    latency_p50_s: Positive
    latency_p95_s: Positive


class Term(Record, frozen=True, kw_only=True):
    """One term of the uncertainty budget: relative standard uncertainty (k = 1) of the energy per query.

    Kind A is found by statistics, kind B otherwise (GUM). docs/method.md says what each name covers.
    """

    name: Literal["windows", "queries", "edge", "idle", "tail", "phase", "gain", "offset"]
    kind: Literal["A", "B"]
    relative: Amount


class Comparison(Record, frozen=True, kw_only=True):
    """Another estimator beside the headline, over the windows that both have.

    `relative` is its energy over the headline's, less 1. `joint` is the half-width of the interval that both leave
    open together (95 %, relative), without what they share: the windows' spread and the sensor's scale and zero.
    """

    estimator: Slug
    windows: Annotated[int, Meta(ge=2, le=10000)]
    relative: Annotated[float, Meta(ge=-1, le=1e15)]
    joint: Amount


class Contributor(Record, frozen=True, kw_only=True):
    """Who signs: the raw Ed25519 public key in hex; the key id is its SHA-256."""

    key_id: Sha256
    public_key: Sha256


class TraceInfo(Record, frozen=True, kw_only=True):
    """The trace as the bundle carries it: digest over the compressed bytes, and the size before compression."""

    encoding: Literal["zlib"]
    encoded_sha256: Sha256
    raw_bytes: Count


def refuse_strange_times(*times: datetime) -> None:
    """Raises ValueError, which decoding reports as a schema fault, for a year that no run can lie in."""
    for time in times:
        if not 2020 <= time.year < 2200:
            raise ValueError(f"the year {time.year} is not one that a run can lie in")


def refuse_times_beyond_utc(*times: datetime) -> None:
    """Raises ValueError, as above, for a local time whose year in UTC is not 1 to 9999: no calendar here has it."""
    for time in times:
        try:
            time.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"the time {time.isoformat()} lies in no year from 1 to 9999 in UTC") from None


class Predicate(Record, frozen=True, kw_only=True):
    """Everything a volunteer says about one run.

    `estimates`: joules per query by each estimator that could be had from the same ticks, `not_estimated` why the
    others could not. `comparisons` sets each other estimator beside the headline; agents that do not know the estimator
    `derivative` yet leave it out. `budget` is the uncertainty of the headline. `not_read`: why a scope, a gauge or a
    condition of the device was not read, by its name. `not_scored`: why a metric has no value, by its name.
    `peak_memory_bytes`: the most device memory that tensors took since the model began to load. `parallelism`,
    `power_controls` and `control` are left out by agents that do not know them yet, and the last two of a processor.
    `control`: the control kernel that ran first and last, null with a reason where none did.
    """

    audience: Word
    session: Nonce
    nonce: Nonce
    started_at: Time
    ended_at: Time
    issued_at: Time
    contributor: Contributor
    ticket: TicketRef | None
    suite: SuiteRef
    workload: Workload
    device: Device
    host: Host
    software: Software
    sensor: Sensor
    idle: Idle | None
    windows: Annotated[tuple[Window, ...], Meta(min_length=1, max_length=10000)]
    totals: Totals
    quality: Annotated[tuple[Quality, ...], Meta(max_length=50)]
    trace: TraceInfo
    flags: Annotated[tuple[Slug, ...], Meta(max_length=50)]
    absent: dict[FieldPath, Slug]
    estimates: Annotated[dict[Slug, Amount], Meta(max_length=20)] = {}
    not_estimated: Annotated[dict[Slug, Slug], Meta(max_length=20)] = {}
    budget: Annotated[tuple[Term, ...], Meta(max_length=20)] = ()
    not_read: Annotated[dict[Slug, Slug], Meta(max_length=50)] = {}
    not_scored: Annotated[dict[Slug, Slug], Meta(max_length=50)] = {}
    peak_memory_bytes: Count | UnsetType | None = UNSET
    parallelism: Parallelism | UnsetType = UNSET
    comparisons: Annotated[tuple[Comparison, ...], Meta(max_length=20)] = ()
    power_controls: PowerControls | UnsetType = UNSET
    control: Control | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """Times lie in years that a run can lie in. Raises ValueError, which decoding reports as a schema fault."""
        refuse_strange_times(self.started_at, self.ended_at, self.issued_at)


class Statement(Record, frozen=True, kw_only=True):
    """An in-toto Statement v1 with our predicate."""

    type: Literal["https://in-toto.io/Statement/v1"] = field(name="_type")
    subject: Annotated[tuple[Subject, ...], Meta(min_length=2, max_length=2)]
    predicate_type: Literal["urn:joulemark:result:v1"] = field(name="predicateType")
    predicate: Predicate

    def __post_init__(self) -> None:
        """Both subjects are there, each once. Raises ValueError, which decoding reports as a schema fault."""
        if {subject.name for subject in self.subject} != {*get_args(SubjectName)}:
            raise ValueError("`subject` must name `trace` and `outputs`, each once")

    def digest_of(self, name: str) -> str:
        """SHA-256 (hex) of the subject called `name`: `trace` or `outputs`."""
        return {str(subject.name): subject.digest.sha256 for subject in self.subject}[name]


def offline_seed(nonce: str) -> int:
    """The sample seed of a run without a ticket: the first 48 bits of the statement's nonce."""
    return int(nonce[:12], 16)
