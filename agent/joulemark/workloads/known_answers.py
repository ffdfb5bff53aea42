"""Queries whose answers are known: a model that answers them wrongly is not the model it should be."""

from __future__ import annotations

from collections.abc import Mapping

from joulemark.suite import Sample
from joulemark.workloads.base import Workload


def wrong_answers(workload: Workload, known: Mapping[str, str]) -> dict[str, str]:
    """By query id what a loaded workload answered, where that is not the value in `known`; empty when all is well."""
    sample = Sample(query_ids=tuple(known), sha256="0" * 64)
    answers = {query.id: workload.answer(query).value for query in workload.queries(sample)}
    return {query_id: value for query_id, value in answers.items() if value != known[query_id]}
