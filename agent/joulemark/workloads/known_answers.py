"""Queries whose answers are known: a model that answers otherwise is another one, was fed other rows, or cut short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from joulemark.record.trace import answer_digest
from joulemark.suite import Job, Sample
from joulemark.suite.reference_answers import LEAST_RIGHT, KnownAnswer
from joulemark.translation import gettext as _
from joulemark.workloads.base import Workload, WorkloadError


def require_known_answers(workload: Workload, digests: Mapping[str, str], *, what: str) -> None:
    """Put the queries of `digests` to a loaded workload. Raises WorkloadError when fewer than LEAST_RIGHT agree.

    `digests` has the digest of each expected answer by query id; `what` is the job.
    """
    if not digests:
        return
    sample = Sample(query_ids=tuple(digests), sha256="0" * 64)
    outputs = [workload.answer(query) for query in workload.queries(sample)]
    right = sum(answer_digest(out.query_id, out.value).hex() == digests[out.query_id] for out in outputs)
    if right < LEAST_RIGHT * len(digests):
        raise WorkloadError(
            _(
                "{what} answers {count} of {count2} known queries differently from the suite: its "
                "weights, its rows or a library are not the expected ones. Fetch model and data set "
                "again, and compare the versions of torch and transformers with docs/agent.md."
            ).format(what=what, count=len(digests) - right, count2=len(digests))
        )


def answers_of(workload: Workload, job: Job, query_ids: Iterable[str]) -> tuple[KnownAnswer, ...]:
    """The answers of a loaded workload to these queries in the form of a suite, whose author vouches for them."""
    queries = workload.queries(Sample(query_ids=tuple(query_ids), sha256="0" * 64))
    outputs = [workload.answer(query) for query in queries]
    return tuple(
        KnownAnswer(
            task=job.task,
            dataset=job.dataset,
            model=job.model,
            query=output.query_id,
            answer=answer_digest(output.query_id, output.value).hex(),
        )
        for output in outputs
    )
