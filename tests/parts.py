"""A suite whose windows run parts of its queries, and honest results of it, with room for single changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from joulemark.record import statement as s
from joulemark.record import trace as t
from joulemark.suite import Suite, load_suite
from joulemark_simulation import records

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.record.bundle import Bundle
    from joulemark.record.messages import Ticket

PER_WINDOW = 20
DEMO = load_suite("demo")
SUITE: Suite = replace(
    DEMO,
    version="1.parts",
    digest="ab" * 32,
    protocol=replace(DEMO.protocol, sample="parts", queries=100, windows_min=2, windows_max=5, window_s=1.0),
)
JOB = records.first_job(SUITE)
REF = s.SuiteRef(name=SUITE.name, version=SUITE.version, digest=SUITE.digest)
INPUTS = hashlib.sha256(b"what all queries give the model").hexdigest()


def population(seed: int) -> t.Population:
    """What an honest agent knows of all hundred sentences, in the order that the seed draws."""
    characters = SUITE.characters(JOB.dataset)
    assert characters is not None
    places = SUITE.places(JOB.dataset, seed)
    sizes = tuple(characters[place] for place in places)
    return t.Population(queries=len(places), inputs_sha256=INPUTS, sizes=sizes, unit="characters")


def answer(query: str) -> bytes:
    """The short digest of the answer of a model that answers alike everywhere."""
    return t.answer_digest(query, f"what {JOB.model} answers to {query}")


def trace(seed: int, *, windows: int = 3, salt: int = 0, **changes: Any) -> t.Trace:
    """Windows of twenty queries, each of another length: by `made`, the population beside it."""
    order = SUITE.sample(JOB.dataset, seed, 100).query_ids
    ran = min(windows * PER_WINDOW, len(order))
    made_trace = records.trace(windows=windows, queries=PER_WINDOW, salt=salt)
    answers = b"".join(answer(query) for query in order[:ran])
    return replace(made_trace, **{"answers": answers, "population": population(seed), **changes})


def bundle(
    ticket: Ticket,
    *,
    key: Ed25519PrivateKey | None = None,
    of: t.Trace | None = None,
    change: Callable[[s.Predicate], s.Predicate] = lambda said: said,
    **facts: Any,
) -> Bundle:
    """A signed result of the first job. `change` edits what is said before it is signed."""
    seed = ticket.sample_seed
    of = of or trace(seed)
    ran = sum(len(queries.duration_us) for queries in of.queries)
    sample = SUITE.sample(JOB.dataset, seed, min(ran, 100))
    content = INPUTS
    if of.population is not None and of.population.queries == 100:
        content = of.population.content_sha256(SUITE.places(JOB.dataset, seed))

    def honest(said: s.Predicate) -> s.Predicate:
        work = replace(said.workload, sample_sha256=sample.sha256, inputs_sha256=content)
        return change(replace(said, suite=REF, workload=work))

    return records.bundle(key=key, of=of, ticket=ticket, job=JOB, change=honest, **facts)
