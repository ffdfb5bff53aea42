"""Rules about what was asked and answered: the same as by everyone else, whole, and as it is known to be."""

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
"""Short digests (32 bits) that may be equal by chance: of 10,000 answers, three pairs are once in a million runs."""

LEAST_OTHERS = 3
"""So many others must have stated something before a result is held to it."""

AGREED = 2 / 3
"""Share of the others that must have given one answer before it counts as the answer: a model that draws its answers,
or whose answers depend on the hardware, has none."""

LEAST_AGREED = 10
"""Queries with such an answer before they tell anything."""

QUALITY_MARGIN = 0.02
QUALITY_DEVIATIONS = 4.0
"""Quality may differ from the others' median by the margin, by so many of their own deviations, or by so many of those
that samples of this size have by chance (binomial; a mean of scores between 0 and 1 has no more)."""
MEDIAN_COSTS = 1.57
"""Variance of a median over that of a mean, for normal errors: half of pi."""


@rule(
    "JM-INPUTS",
    Severity.QUARANTINE,
    "The model was given the same",
    condition="The digest of what the model was given is stated, and not more other contributors state another one for "
    "the same job and sample than state this one",
    mend="Run it with a newer agent; fetch the pinned revision of the data set again",
    version="3",
)
def inputs_agree(case: Case) -> Broken | None:
    """The model was given what other contributors' models were given for the same sample of the same revision."""
    stated, others = case.predicate.workload.inputs_sha256, case.context.inputs_by_others
    if stated is UNSET:
        return broken("The result does not say what the model was given; run it with a newer agent.")
    against = max((count for digest, count in others.items() if digest != stated), default=0)
    agree = others.get(str(stated), 0)
    if against <= agree:
        return None
    return broken(
        f"What the model was given differs from what {against} other contributors gave it for the same sample; "
        f"{agree} agree.",
        against=against,
        agree=agree,
    )


@rule(
    "JM-ANSWERS",
    Severity.QUARANTINE,
    "Every query has its answer",
    condition="The trace has the digest of one answer for each query of the sample, and no two queries share one "
    "beyond chance: a digest is over the query's name too",
    mend="Ask each query of the sample once",
    version="4",
)
def answers_are_there(case: Case) -> Broken | None:
    """The trace has the digest of one answer for each query of the sample, each of its own."""
    if case.sample is None:
        return None
    answers, queries = len(case.answers), len(case.sample.query_ids)
    if answers == queries:
        repeated = answers - len(set(case.answers))
        if repeated <= BY_CHANCE:
            return None
        return broken(
            f"{repeated} of the {queries} answers have the digest of another query's: some queries were asked again "
            "instead of the sample's.",
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
    "Answers are as long as asked",
    condition="A task that generates text says how many tokens it generated, in each window no more than the suite's "
    "limits allow and no fewer",
    mend=None,
    version="3",
)
def tokens_are_possible(case: Case) -> Broken | None:
    """As many tokens were generated as the suite's limits allow, and not fewer."""
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
                f"Window {number} does not say how many tokens were generated, and the task generates text.",
                **facts,
            )
        elif window.output_tokens < max(1, least * window.queries):
            yield broken(
                f"Window {number} has {window.output_tokens} tokens for {window.queries} answers; the suite asks for "
                f"at least {max(least, 1)} an answer.",
                least_an_answer=max(least, 1),
                **facts,
            )
        elif most is not None and window.output_tokens > most * window.queries:
            yield broken(
                f"Window {number} has {window.output_tokens} tokens for {window.queries} answers; the suite allows "
                f"{most} an answer.",
                most_an_answer=most,
                **facts,
            )


@rule(
    "JM-KNOWN-ANSWERS",
    Severity.QUARANTINE,
    "Known answers are right",
    condition="Of the sampled queries whose answer the suite knows, at least half were answered so",
    mend="Fetch the model again; look at the versions of its libraries",
    version="3",
)
def known_answers_are_right(case: Case) -> Broken | None:
    """Of the sampled queries whose answer the suite knows, at least LEAST_RIGHT were answered so."""
    suite, job = case.context.suite, case.job
    if suite is None or job is None or case.sample is None:
        return None
    right, compared = _right(case, suite.known_answers(job.key))
    if right >= LEAST_RIGHT * compared:
        return None
    return broken(
        f"{compared - right} of {compared} known queries were answered otherwise than the suite knows.",
        right=right,
        known=compared,
    )


@rule(
    "JM-OUTPUTS",
    Severity.QUARANTINE,
    "Answers are those of others",
    condition=f"Where {LEAST_OTHERS} or more other contributors answered a query of this job and two thirds of them "
    f"alike, at least half of {LEAST_AGREED} or more such answers are the same here",
    mend="Fetch the model again; look at the versions of its libraries; remove what caches or shortens answers",
    version="4",
    where="platform",
)
def answers_are_those_of_others(case: Case) -> Broken | None:
    """The answers of a model that answers alike everywhere are the same here."""
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
        f"{compared - right} of {compared} queries that other contributors' models answer alike were answered "
        "otherwise.",
        alike=right,
        compared=compared,
    )


def _right(case: Case, expected: Mapping[str, str]) -> tuple[int, int]:
    """How many of the sampled queries in `expected` were answered so, and how many of them there are."""
    if case.sample is None:
        return 0, 0
    answers = dict(zip(case.sample.query_ids, case.answers, strict=False))
    compared = [query for query in expected if query in answers]
    return sum(answers[query] == expected[query] for query in compared), len(compared)


@rule(
    "JM-QUALITY-BAND",
    Severity.QUARANTINE,
    "Quality is that of others",
    condition=f"Where {LEAST_OTHERS} or more other contributors stated a metric of this job, it differs from their "
    "median by no more than chance explains (four standard deviations of samples of this size, or of theirs)",
    mend="Fetch the model again; look at the versions of its libraries",
    version="8",
    where="platform",
)
def quality_is_that_of_others(case: Case) -> Broken | None:
    """The same model on the same data is about as good everywhere."""
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
                f"{quoted(stated.metric)} is {stated.value:.3f}; {len(others)} other contributors have {middle:.3f} in "
                f"the middle, and chance explains {width:.3f}.",
                metric=stated.metric,
                value=stated.value,
                median=middle,
                width=width,
                others=len(others),
            )
    return None


def _chance(middle: float, n: int, others: Sequence[int]) -> float:
    """Standard deviation, by chance, of a score of `n` answers less the median of others' scores of so many answers.

    Where windows run parts, everyone scores another number of queries. The share behind the scores is taken as Agresti
    and Coull 1998 do (doi:10.1080/00031305.1998.10480550): that all of a few answers were right does not say that every
    answer is. A score between 0 and 1 scatters at most as a share.
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
"""In the order in which they are asked; quality comes after the rest of what is stated."""
