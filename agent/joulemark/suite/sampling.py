"""Which queries a window runs: chosen by a seed that the platform hands out, and recomputed by it afterwards.

The order of queries is that of SHA-256 over ``seed|data set|query id``, so it depends on nothing else: not on Python's
hash seed, not on the generator of any version of ``random``, not on the order of rows. A smaller sample is the
beginning of a larger one. A suite that follows the 2024 study takes the first queries instead, whatever the seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from joulemark.record.field_types import Sha256
from joulemark.suite.errors import SampleTooLarge
from joulemark.suite.schema import Entry


class Sample(Entry, frozen=True, kw_only=True):
    """The queries of one window in their order, and the digest under which a result names them."""

    query_ids: tuple[str, ...]
    sha256: Sha256


def draw(*, dataset: str, revision: str, ids: Iterable[str], seed: int, count: int) -> Sample:
    """Return `count` of `ids` in the order that `seed` gives. Raises SampleTooLarge unless 1 <= count <= len(ids)."""
    ranked = sorted(_ranked(f"{seed}|{dataset}|", ids))
    if not 1 <= count <= len(ranked):
        raise SampleTooLarge(dataset, count, len(ranked))
    chosen = tuple(query_id for _, query_id in ranked[:count])
    return Sample(query_ids=chosen, sha256=_digest(dataset, revision, chosen))


def first(*, dataset: str, revision: str, ids: Iterable[str], count: int) -> Sample:
    """Return the first `count` of `ids`, as the 2024 study did. Raises SampleTooLarge unless 1 <= count <= len(ids)."""
    population = tuple(ids)
    if not 1 <= count <= len(population):
        raise SampleTooLarge(dataset, count, len(population))
    return Sample(query_ids=population[:count], sha256=_digest(dataset, revision, population[:count]))


def _ranked(prefix: str, ids: Iterable[str]) -> Iterator[tuple[bytes, str]]:
    begun = hashlib.sha256(prefix.encode())
    for query_id in ids:
        rank = begun.copy()  # cheaper than to begin anew
        rank.update(query_id.encode())
        yield rank.digest(), query_id


def _digest(dataset: str, revision: str, query_ids: tuple[str, ...]) -> str:
    """SHA-256 over lines: the data set's id, its revision, then each query's id."""
    return hashlib.sha256("\n".join((dataset, revision, *query_ids)).encode()).hexdigest()
