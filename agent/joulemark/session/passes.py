"""The answers of a job's windows: which is each query's first, whether later ones differ, how many tokens they have."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from joulemark.workloads import Output


def first_pass(windows: Iterable[Sequence[Output]], *, queries: int) -> tuple[Output, ...]:
    """Of answers window by window, in a round of so many queries: each query's first, of those that ran."""
    return tuple(islice(chain.from_iterable(windows), queries))


def answers_vary(first: Sequence[Output], windows: Iterable[Sequence[Output]]) -> bool:
    """Whether a query was answered otherwise than in the first pass."""
    expected = {output.query_id: output.value for output in first}
    return any(expected[output.query_id] != output.value for output in chain.from_iterable(windows))


def sum_known(counts: Iterable[int | None]) -> int | None:
    """The sum, or None where one is not known."""
    numbers = list(counts)
    return None if None in numbers else sum(count for count in numbers if count is not None)
