"""Rules about inputs and answers: complete, and consistent with the suite and with other contributors."""

from __future__ import annotations

from math import sqrt
from statistics import fmean, median
from typing import TYPE_CHECKING

from msgspec import UNSET

from joulemark.rules.finding import Broken, Severity
from joulemark.rules.rule import broken, quoted, rule
from joulemark.suite.reference_answers import LEAST_RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from joulemark.record.statement import Window
    from joulemark.rules.case import Case
    from joulemark.suite import Job

BY_CHANCE = 2
"""Short digests (32 bits) that may be equal by chance: among 10,000 answers, three pairs occur once in a million runs.
"""

LEAST_OTHERS = 3
"""Minimum number of other contributors with which a result is compared."""

AGREED = 2 / 3
"""Share of the others that must agree on an answer before it counts as the reference. A model that samples its answers,
or whose answers depend on the hardware, has none."""

LEAST_AGREED = 10
"""Minimum number of queries with such an answer."""

QUALITY_MARGIN = 0.02
QUALITY_DEVIATIONS = 4.0
"""Allowed difference of quality from the others' median: the margin, this many of their own standard deviations, or
this many of those of a sample of this size (binomial, which is an upper bound for a mean of scores between 0 and 1)."""
MEDIAN_COSTS = 1.57
"""Variance of a median over that of a mean, for normal errors: half of pi."""


@rule(
    "JM-INPUTS",
    Severity.QUARANTINE,
    "The model's inputs are those of others",
    condition="The digest of the model's inputs is stated, and no other digest is stated by more other contributors "
    "for the same job and sample",
    mend="Run it with a newer agent; fetch the pinned revision of the data set again",
    version="3",
)
def inputs_agree(case: Case) -> Broken | None:
    """The inputs are those of other contributors for the same sample of the same revision."""
    stated, others = case.predicate.workload.inputs_sha256, case.context.inputs_by_others
    if stated is UNSET:
        return broken(
            "The result does not state the digest of the model's inputs; run it with a newer agent."
        )
    against = max((count for digest, count in others.items() if digest != stated), default=0)
    agree = others.get(str(stated), 0)
    if against <= agree:
        return None
    return broken(
        f"The model's inputs differ from those that {against} other contributors state for the same sample; "
        f"{agree} agree.",
        against=against,
        agree=agree,
    )


@rule(
    "JM-ANSWERS",
    Severity.QUARANTINE,
    "Every query has its answer",
    condition="The trace has one answer digest per query of the sample, and no two are equal beyond chance: a "
    "digest covers the query's name too",
    mend="Run each query of the sample once",
    version="4",
)
def answers_are_there(case: Case) -> Broken | None:
    """The trace has one answer digest per query of the sample, all distinct."""
    if case.sample is None:
        return None
    answers, queries = len(case.answers), len(case.sample.query_ids)
    if answers == queries:
        repeated = answers - len(set(case.answers))
        if repeated <= BY_CHANCE:
            return None
        return broken(
            f"{repeated} of the {queries} answer digests are duplicates: some queries were repeated in place of "
            "others.",
            repeated=repeated,
            queries=queries,
        )
    return broken(
        f"The trace has {answers} answers to the {queries} queries of the sample.",
        answers=answers,
        queries=queries,
    )


@rule(
    "JM-TOKENS",
    Severity.REJECT,
    "Answer lengths are within the suite's limits",
    condition="For a task that generates text, each window states how many tokens it generated, within the suite's "
    "limits",
    mend=None,
    version="3",
)
def tokens_are_possible(case: Case) -> Broken | None:
    """The number of generated tokens is within the suite's limits."""
    job = case.job
    if job is None or not job.generates_text:
        return None
    return next(_impossible(job, case.predicate.windows), None)


def _impossible(job: Job, windows: Sequence[Window]) -> Iterator[Broken]:
    most = job.max_new_tokens or job.max_length
    least = max((job.min_length or 0) - 1, 0) if job.prompt is None else 0
    for number, window in enumerate(windows, start=1):
        facts = {"window": number, "tokens": window.output_tokens, "answers": window.queries}
        if window.output_tokens is None:
            yield broken(
                f"Window {number} does not state how many tokens were generated, but the task generates text.",
                **facts,
            )
        elif window.output_tokens < max(1, least * window.queries):
            yield broken(
                f"Window {number} has {window.output_tokens} tokens for {window.queries} answers; the suite asks for "
                f"at least {max(least, 1)} per answer.",
                least_an_answer=max(least, 1),
                **facts,
            )
        elif most is not None and window.output_tokens > most * window.queries:
            yield broken(
                f"Window {number} has {window.output_tokens} tokens for {window.queries} answers; the suite allows "
                f"{most} per answer.",
                most_an_answer=most,
                **facts,
            )


@rule(
    "JM-KNOWN-ANSWERS",
    Severity.QUARANTINE,
    "Known answers are right",
    condition="At least half of the sampled queries with a known answer have that answer",
    mend="Fetch the model again; check the versions of its libraries",
    version="3",
)
def known_answers_are_right(case: Case) -> Broken | None:
    """At least a share LEAST_RIGHT of the sampled queries with a known answer have that answer."""
    suite, job = case.context.suite, case.job
    if suite is None or job is None or case.sample is None:
        return None
    right, compared = _right(case, suite.known_answers(job.key))
    if right >= LEAST_RIGHT * compared:
        return None
    return broken(
        f"{compared - right} of {compared} answers differ from the known answers of the suite.",
        right=right,
        known=compared,
    )


@rule(
    "JM-OUTPUTS",
    Severity.QUARANTINE,
    "Answers are those of others",
    condition=f"Of the queries on whose answer two thirds of {LEAST_OTHERS} or more other contributors agree, if "
    f"there are {LEAST_AGREED} or more, at least half have that answer",
    mend="Fetch the model again; check the versions of its libraries; remove what caches or shortens answers",
    version="4",
    where="platform",
)
def answers_are_those_of_others(case: Case) -> Broken | None:
    """Where other contributors agree on an answer, this result has it too."""
    if case.sample is None or (case.job is not None and case.job.decoding == "sample"):
        return None
    agreed = {}
    for query, answers in case.context.answers_by_others.items():
        answer, count = max(answers.items(), key=lambda item: item[1], default=("", 0))
        total = sum(answers.values())
        if total >= LEAST_OTHERS and count >= AGREED * total:
            agreed[query] = answer
    right, compared = _right(case, agreed)
    if compared < LEAST_AGREED or right >= LEAST_RIGHT * compared:
        return None
    return broken(
        f"{compared - right} of {compared} answers differ from those on which other contributors agree.",
        alike=right,
        compared=compared,
    )


def _right(case: Case, expected: Mapping[str, str]) -> tuple[int, int]:
    """The number of sampled queries in `expected` that have the expected answer, and the number of them."""
    if case.sample is None:
        return 0, 0
    answers = dict(zip(case.sample.query_ids, case.answers, strict=False))
    compared = [query for query in expected if query in answers]
    return sum(answers[query] == expected[query] for query in compared), len(compared)


@rule(
    "JM-QUALITY-BAND",
    Severity.QUARANTINE,
    "Quality is that of others",
    condition=f"Each metric of this job that {LEAST_OTHERS} or more other contributors state differs from their "
    "median by no more than chance explains (four standard deviations of samples of this size, or of theirs)",
    mend="Fetch the model again; check the versions of its libraries",
    version="8",
    where="platform",
)
def quality_is_that_of_others(case: Case) -> Broken | None:
    """The same model scores about the same on the same data everywhere."""
    for stated in case.predicate.quality:
        others = case.context.quality_by_others.get(stated.metric, ())
        if len(others) < LEAST_OTHERS:
            continue
        middle = median(others)
        spread = 1.4826 * median(abs(value - middle) for value in others)
        sizes = case.context.quality_sizes_by_others.get(stated.metric) or [stated.n] * len(others)
        chance = _chance(middle, stated.n, sizes)
        width = max(QUALITY_MARGIN, QUALITY_DEVIATIONS * max(spread, chance))
        if abs(stated.value - middle) > width:
            return broken(
                f"{quoted(stated.metric)} is {stated.value:.3f}; the median of {len(others)} other contributors is "
                f"{middle:.3f}, and chance explains a difference of {width:.3f}.",
                metric=stated.metric,
                value=stated.value,
                median=middle,
                width=width,
                others=len(others),
            )
    return None


def _chance(middle: float, n: int, others: Sequence[int]) -> float:
    """Standard deviation of the difference of a score of `n` answers and the median of others' scores, by chance.

    `others` has their numbers of answers: where windows run parts, each contributor scores a different number of
    queries. The underlying share is estimated as in Agresti and Coull 1998 (doi:10.1080/00031305.1998.10480550),
    because a few answers that are all right do not imply a share of 1. A score between 0 and 1 scatters at most as a
    share.
    """
    square = QUALITY_DEVIATIONS**2
    answers = sum(others)
    share = (middle * answers + square / 2) / (answers + square)
    of_median = MEDIAN_COSTS / len(others) * fmean(1 / size for size in others)
    return sqrt(share * (1 - share) * (1 / n + of_median))


RULES = (
    inputs_agree,
    answers_are_there,
    tokens_are_possible,
    known_answers_are_right,
    answers_are_those_of_others,
)
"""In the order of evaluation; quality comes after everything else that is stated."""
