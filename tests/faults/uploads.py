"""Signed results as volunteers would send them: half of them of one cell, from a few hundred keys."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from msgspec.structs import replace

from joulemark.record.codec import encode
from joulemark.record.statement import Predicate
from joulemark.suite import Job, Suite, load_suite
from joulemark_simulation import records

PROCESSORS = ("Testor 7000", "Testor 8000", "Testor 8500")
MEASURED_BEFORE = timedelta(hours=4)
"""They were measured offline, earlier that day: no clock that is stepped by an hour makes them come from the future."""
LARGEST_BATCH = 12
SCORED_ANSWERS = 12
"""Over so many answers simulated results state their score."""
VANISHING = 0.03
"""The share of senders who go away before they have read an answer, and never come back."""


@dataclass(eq=False)
class Upload:
    """A signed bundle. `receipt` is what the platform acknowledged it with; `refusal` why it did not."""

    body: bytes = field(repr=False)
    result_id: str
    trace_sha256: str
    fault: int = -1
    is_lost_on_the_way: bool = False
    receipt: bytes | None = field(default=None, repr=False)
    refusal: str | None = None
    attempts: int = 0


@dataclass(frozen=True)
class Parcel:
    """What is sent in one request: a bundle, or a batch of them."""

    uploads: tuple[Upload, ...]
    is_batch: bool


def make_uploads(count: int, *, keys: int, origin: str, seed: int) -> list[Upload]:
    """`count` different bundles for `origin`, made on all cores."""
    at = datetime.now(UTC) - MEASURED_BEFORE
    make = partial(_bundle, keys=keys, origin=origin, seed=seed, at=at)
    with ProcessPoolExecutor() as pool:
        return [Upload(*parts) for parts in pool.map(make, range(count), chunksize=25)]


def enrolments(*, keys: int, origin: str) -> list[bytes]:
    """The requests that make the keys known."""
    records.ORIGIN = origin
    return [encode(records.enrolment(key=records.signing_key(number))) for number in range(keys)]


def parcelled(uploads: list[Upload], chance: Random) -> list[Parcel]:
    """The same uploads as singles and batches, about half of them each; some singles are of vanishing senders."""
    parcels, at = [], 0
    while at < len(uploads):
        size = chance.randint(2, LARGEST_BATCH) if chance.random() < 0.13 else 1
        parcel = Parcel(tuple(uploads[at : at + size]), is_batch=size > 1)
        if size == 1:
            parcel.uploads[0].is_lost_on_the_way = chance.random() < VANISHING
        parcels.append(parcel)
        at += size
    return parcels


def _classifying(suite: Suite) -> list[Job]:
    """Further jobs of which a simulated result is accepted: they generate no text, and ask often enough."""
    return [
        job
        for job in suite.jobs[1:]
        if not job.generates_text and suite.queries_per_window(job.dataset) >= SCORED_ANSWERS
    ]


def _bundle(number: int, *, keys: int, origin: str, seed: int, at: datetime) -> tuple[bytes, str, str]:
    records.ORIGIN = origin
    chance = Random(f"{seed}/{number}")  # noqa: S311 - a seeded choice
    suite = load_suite("demo")
    job, processor = suite.jobs[0], "Testor 9000"
    if chance.random() < 0.5:
        job, processor = chance.choice(_classifying(suite)), chance.choice(PROCESSORS)

    def on(predicate: Predicate) -> Predicate:
        return replace(
            predicate,
            device=replace(predicate.device, name=processor),
            host=replace(predicate.host, cpu=processor),
        )

    bundle = records.bundle(
        key=records.signing_key(number % keys),
        of=records.trace(queries=suite.queries_per_window(job.dataset), salt=seed % 1000 * 10**6 + number),
        job=job,
        change=on,
        now=at + timedelta(milliseconds=number),
    )
    return bundle.to_bytes(), bundle.digest(), bundle.statement().digest_of("trace")
