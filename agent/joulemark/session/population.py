"""What is known of all queries of a job whose windows run parts of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.record.trace import Population
from joulemark.workloads import input_sizes, inputs_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.suite import Job, Suite
    from joulemark.workloads import Query


@dataclass(frozen=True, kw_only=True)
class DrawnFrom:
    """`content_sha256` is what a result states as the digest of its inputs: equal for everyone."""

    population: Population
    content_sha256: str


def population_of(suite: Suite, job: Job, queries: Sequence[Query], *, seed: int) -> DrawnFrom | None:
    """Of `queries`, all in the order that `seed` draws; None where windows run whole samples.

    Raises UnknownEntry or NotPinned.
    """
    if not suite.protocol.runs_parts:
        return None
    places = suite.places(job.dataset, seed)
    in_data_set = sorted(range(len(queries)), key=lambda number: places[number])
    sizes = input_sizes(queries)
    population = Population(
        queries=len(queries),
        inputs_sha256=inputs_sha256(queries[number] for number in in_data_set),
        sizes=() if sizes is None else sizes.sizes,
        unit=None if sizes is None else sizes.unit,
    )
    return DrawnFrom(population=population, content_sha256=population.content_sha256(places))
