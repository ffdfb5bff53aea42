"""What the rules are told of others' results of the same job, computed from a few facts of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from joulemark.record.trace import ANSWER_BYTES
from joulemark.rules.noise_print import ALIKE, likeness

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from numpy.typing import NDArray

    from joulemark.record.statement import Statement
    from joulemark.rules.case import Case
    from joulemark.suite import Suite

T = TypeVar("T")

MOST_PEERS = 50
"""Results of a job that are looked at, the latest first: enough for every rule, and bounded however many there are."""

MOST_PRINTS = 2000
"""Noise prints of a job that are compared, the latest first."""

MOST_ORDERS = 500
"""Orders of queries that are not drawn again: ten jobs' peers."""

JobName = tuple[str, str, str, str]
"""Suite digest, task, data set, model."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """What matters of one other result.

    `seed` is its ticket's, None of a run without one. `quality` has metric, value and number of answers.
    """

    contributor: Hashable
    seed: int | None
    sample: str
    inputs: str
    quality: tuple[tuple[str, float, int], ...]
    answers: bytes


@dataclass(frozen=True, kw_only=True)
class Prints:
    """Noise prints of results of one job in the order of their arrival; `rows` as `noise_print.rows_of` gives them."""

    leaves: tuple[int, ...]
    result_ids: tuple[str, ...]
    rows: NDArray[np.uint64]


def job_name(statement: Statement) -> JobName:
    """The job of a statement: digest of its suite, task, data set and model."""
    predicate = statement.predicate
    return (
        predicate.suite.digest,
        predicate.workload.task,
        predicate.workload.dataset,
        predicate.workload.model,
    )


def of_others(case: Case, peers: Sequence[Peer], *, me: Hashable, suite: Suite | None) -> dict[str, Any]:
    """The fields of `joulemark.rules.case.Context` that say what other contributors than `me` state of the same job.

    `peers` are the latest results of the job that were not rejected, latest first, `MOST_PEERS` at most.
    """
    others = [peer for peer in peers if peer.contributor != me]
    sample = case.predicate.workload.sample_sha256
    in_parts = suite is not None and suite.protocol.runs_parts
    facts: dict[str, Any] = {
        "suite": suite,
        "inputs_by_others": _inputs(others, None if in_parts else sample),
        "quality_by_others": _qualities(others, _value),
        "quality_sizes_by_others": _qualities(others, _size),
    }
    alone = case if case.context.suite is suite else case.knowing(suite=suite)
    answers = _answers_to_parts(others, alone) if in_parts else _answers(others, sample, alone)
    return facts | {"answers_by_others": answers} if answers else facts


def same_noise(noise: bytes, prints: Prints | None, *, before: int) -> str | None:
    """The id of the first result of the job before leaf `before` with the same noise; None if there is none."""
    if prints is None:
        return None
    alike = np.flatnonzero(likeness(noise, prints.rows) >= ALIKE)
    return earlier(((prints.leaves[place], prints.result_ids[place]) for place in alike), before=before)


def earlier(arrivals: Iterable[tuple[int, str]], *, before: int) -> str | None:
    """The id of the first result that arrived before leaf `before`; None if there is none."""
    return next((result_id for leaf, result_id in arrivals if leaf < before), None)


def _inputs(peers: Iterable[Peer], sample: str | None) -> dict[str, int]:
    """How many state each digest of what the model was given for this sample; for None, of a population, all do."""
    stated = {
        (peer.contributor, peer.inputs)
        for peer in peers
        if peer.inputs and (sample is None or peer.sample == sample)
    }
    return dict(Counter(inputs for _, inputs in stated))


def _value(score: tuple[str, float, int]) -> float:
    return score[1]


def _size(score: tuple[str, float, int]) -> int:
    return score[2]


def _qualities(peers: Iterable[Peer], of: Callable[[tuple[str, float, int]], T]) -> dict[str, list[T]]:
    """By metric the value (or what `of` takes of the score) of the latest result of each contributor."""
    by_metric: dict[str, dict[Hashable, T]] = defaultdict(dict)
    for peer in peers:
        for score in peer.quality:
            by_metric[score[0]].setdefault(peer.contributor, of(score))
    return {metric: list(values.values()) for metric, values in by_metric.items()}


def _answers(peers: Sequence[Peer], sample: str, case: Case) -> dict[str, dict[str, int]]:
    """By query the number of contributors with each answer digest, among those who ran the same sample."""
    answers_of = {peer.contributor: peer.answers for peer in reversed(peers) if peer.sample == sample}
    if not answers_of or case.sample is None:
        return {}
    return {
        query: _counted(
            answers[ANSWER_BYTES * place : ANSWER_BYTES * (place + 1)]
            for answers in answers_of.values()
            if len(answers) >= ANSWER_BYTES * (place + 1)
        )
        for place, query in enumerate(case.sample.query_ids)
    }


def _counted(digests: Iterable[bytes]) -> dict[str, int]:
    return {digest.hex(): count for digest, count in Counter(digests).items()}


def _answers_to_parts(peers: Sequence[Peer], case: Case) -> dict[str, dict[str, int]]:
    """The same where everyone ran another part: who has no ticket is left out, since only its bytes know its seed."""
    suite, dataset = case.context.suite, case.predicate.workload.dataset
    if case.sample is None or suite is None:
        return {}
    query_ids = frozenset(case.sample.query_ids)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for peer in {peer.contributor: peer for peer in reversed(peers) if peer.seed is not None}.values():
        order = _order(suite, dataset, peer.seed or 0)
        for place, query in enumerate(order[: len(peer.answers) // ANSWER_BYTES]):
            if query in query_ids:
                answer = peer.answers[ANSWER_BYTES * place : ANSWER_BYTES * (place + 1)]
                counts[query][answer.hex()] += 1
    return {query: dict(answers) for query, answers in counts.items()}


class _Drawn:
    """A suite by its digest, so that an order is drawn once for each seed."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Drawn) and other.suite.digest == self.suite.digest

    def __hash__(self) -> int:
        return hash(self.suite.digest)


@lru_cache(maxsize=MOST_ORDERS)
def _drawn(drawn: _Drawn, dataset: str, seed: int) -> tuple[str, ...]:
    suite = drawn.suite
    return suite.sample(dataset, seed, len(suite.population(dataset))).query_ids


def _order(suite: Suite, dataset: str, seed: int) -> tuple[str, ...]:
    """All queries as this seed draws them, once for each seed: a job's peers are the same from result to result."""
    return _drawn(_Drawn(suite), dataset, seed)
