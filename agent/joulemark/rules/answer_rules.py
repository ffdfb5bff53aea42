"""Rules about what was asked and answered: the same as by everyone else, whole, and as it is known to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from joulemark.rules.case import Case
from joulemark.suite.known import LEAST_RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.record.statement import Window
    from joulemark.suite import Job


def inputs_agree(case: Case) -> str | None:
    """The model was given what other contributors' models were given for the same sample of the same revision."""
    found, others = case.said.workload.inputs_sha256, case.context.inputs_by_others
    if found is UNSET:
        return "The result does not say what the model was given; run it with a newer agent."
    against = max((count for digest, count in others.items() if digest != found), default=0)
    if against > others.get(found, 0):
        return (
            f"What the model was given differs from what {against} other contributors gave it for the same sample; "
            f"{others.get(found, 0)} agree."
        )
    return None


def answers_are_there(case: Case) -> str | None:
    """The trace has the digest of one answer for each query of the sample."""
    if case.sample is None:
        return None
    found, asked = len(case.trace.answer_digests()), len(case.sample.query_ids)
    return None if found == asked else f"The trace has {found} answers to the {asked} queries of the sample."


def tokens_are_possible(case: Case) -> str | None:
    """As many tokens were generated as the suite's limits allow, and not fewer."""
    job = case.job
    if job is None or not job.generates_text:
        return None
    return next(_impossible(job, case.said.windows), None)


def known_answers_are_right(case: Case) -> str | None:
    """Of the sampled queries whose answer the suite knows, at least LEAST_RIGHT were answered so."""
    suite, job, sample = case.context.suite, case.job, case.sample
    if suite is None or job is None or sample is None:
        return None
    known = suite.known_answers(job.key)
    answers = dict(zip(sample.query_ids, case.trace.answer_digests(), strict=False))
    asked = [query for query in known if query in answers]
    right = sum(answers[query] == known[query] for query in asked)
    if right < LEAST_RIGHT * len(asked):
        return f"{len(asked) - right} of {len(asked)} known queries were answered otherwise than the suite knows."
    return None


def _impossible(job: Job, windows: tuple[Window, ...]) -> Iterator[str]:
    most = job.max_new_tokens or job.max_length
    least = max((job.min_length or 0) - 1, 0) if job.prompt is None else 0
    for number, window in enumerate(windows, start=1):
        if window.output_tokens is None:
            yield f"Window {number} does not say how many tokens were generated, and the task generates text."
        elif window.output_tokens < max(1, least * window.queries):
            yield (
                f"Window {number} has {window.output_tokens} tokens for {window.queries} answers; the suite asks for "
                f"at least {max(least, 1)} an answer."
            )
        elif most is not None and window.output_tokens > most * window.queries:
            yield (
                f"Window {number} has {window.output_tokens} tokens for {window.queries} answers; the suite allows "
                f"{most} an answer."
            )
