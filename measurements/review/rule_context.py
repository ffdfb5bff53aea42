"""The context of rules: what the platform knows beside a result's bytes, read for many results in a few queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from django.conf import settings

from joulemark.record.statement import Statement
from joulemark.record.trace import ANSWER_BYTES
from joulemark.rules.case import Case, Context, TicketFacts
from joulemark.rules.noise_print import ALIKE, likeness
from joulemark.suite import Suite
from measurements.catalog.models import Suite as SuiteRow
from measurements.catalog.suites import known_suite
from measurements.intake.models import Submission, Ticket
from measurements.review.peers import JobName, Peer, Prints, devices_of, peers_of, prints_of, unreported_of

T = TypeVar("T")

MOST_ORDERS = 500
"""Orders of queries that are not drawn again: ten jobs' peers."""


@dataclass(frozen=True, kw_only=True)
class RuleContext:
    """The context of a batch of submissions. `traces` and `times` are results by digest, in the order of arrival."""

    suites: Mapping[str, Suite]
    traces: Mapping[str, Sequence[tuple[int, str]]]
    times: Mapping[str, Sequence[tuple[int, str]]]
    peers: Mapping[JobName, Sequence[Peer]]
    devices: Mapping[str, frozenset[int]]
    unreported: Mapping[str, int]
    prints: Mapping[JobName, Prints]

    @classmethod
    def about(cls, submissions: Sequence[Submission], read: Mapping[str, Case]) -> RuleContext:
        """Read the context from the database. `read` has the cases of those whose bytes decode, by result id."""
        named = {case.predicate.suite.digest for case in read.values()}
        catalogued = SuiteRow.objects.filter(digest__in=named).values_list("digest", flat=True)
        jobs = {job_name(case.statement) for case in read.values()}
        return cls(
            suites={digest: suite for digest in catalogued if (suite := known_suite(digest)) is not None},
            traces=_same("trace_sha256", {submission.trace_sha256 for submission in submissions}),
            times=_same("result__times_sha256", {case.times_sha256 for case in read.values()}),
            peers=peers_of(jobs),
            devices=devices_of({case.predicate.device.tag for case in read.values()}),
            unreported=unreported_of(submissions),
            prints=prints_of(jobs),
        )

    def case(self, submission: Submission, read: Case) -> Case:
        """The case of a submission with its context."""
        predicate, me = read.predicate, submission.key.contributor_id
        peers = [peer for peer in self.peers.get(job_name(read.statement), ()) if peer.contributor != me]
        suite = self.suites.get(predicate.suite.digest)
        in_parts = suite is not None and suite.protocol.runs_parts
        alone = read.knowing(
            suite=suite,
            same_trace_as=_earlier(self.traces.get(submission.trace_sha256, ()), submission),
            inputs_by_others=_inputs(peers, None if in_parts else predicate.workload.sample_sha256),
            same_times_as=_earlier(self.times.get(read.times_sha256, ()), submission),
            same_noise_as=self._same_noise(submission, read),
            quality_by_others=_qualities(peers, _value),
            quality_sizes_by_others=_qualities(peers, _size),
            tickets_unreported=self.unreported.get(submission.pk, 0),
            device_shared_with=len(self.devices.get(predicate.device.tag, frozenset()) - {me}),
        )
        sample = predicate.workload.sample_sha256
        answers = _answers_to_parts(peers, alone) if in_parts else _answers(peers, sample, alone)
        return alone.knowing(answers_by_others=answers) if answers else alone

    def _same_noise(self, submission: Submission, read: Case) -> str | None:
        """The id of the first earlier result of the job with the same noise; None if there is none."""
        prints = self.prints.get(job_name(read.statement))
        if prints is None:
            return None
        alike = np.flatnonzero(likeness(read.noise, prints.rows) >= ALIKE)
        return _earlier(((prints.leaves[place], prints.result_ids[place]) for place in alike), submission)


def own_facts(submission: Submission) -> Context:
    """The context of a submission from its own row, key and ticket."""
    return Context(
        received_at=submission.received_at,
        audience=settings.ORIGIN,
        public_key=submission.key.public_key,
        key_revoked=came_untrusted(submission),
        ticket=_ticket_facts(submission.ticket) if submission.ticket else None,
        suite=None,
        same_trace_as=None,
    )


def job_name(statement: Statement) -> JobName:
    """The job of a statement: digest of its suite, task, data set and model."""
    predicate = statement.predicate
    return (
        predicate.suite.digest,
        predicate.workload.task,
        predicate.workload.dataset,
        predicate.workload.model,
    )


def _same(column: str, digests: Iterable[str]) -> dict[str, list[tuple[int, str]]]:
    arrivals: dict[str, list[tuple[int, str]]] = defaultdict(list)
    rows = Submission.objects.filter(**{f"{column}__in": digests}).order_by("leaf_id")
    for digest, leaf_id, result_id in rows.values_list(column, "leaf_id", "result_id"):
        arrivals[digest].append((leaf_id, result_id))
    return arrivals


def _earlier(arrivals: Iterable[tuple[int, str]], submission: Submission) -> str | None:
    """The id of the first result that arrived before the submission; None if there is none."""
    return next((result_id for leaf_id, result_id in arrivals if leaf_id < submission.leaf_id), None)


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
    by_metric: dict[str, dict[int, T]] = defaultdict(dict)
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
        query: dict(
            Counter(
                answers[4 * place : 4 * place + 4].hex()
                for answers in answers_of.values()
                if len(answers) >= 4 * place + 4
            )
        )
        for place, query in enumerate(case.sample.query_ids)
    }


def _answers_to_parts(peers: Sequence[Peer], case: Case) -> dict[str, dict[str, int]]:
    """The same where everyone ran another part: who has no ticket is left out, since only its bytes know its seed."""
    suite, dataset = case.context.suite, case.predicate.workload.dataset
    if case.sample is None or suite is None:
        return {}
    query_ids = frozenset(case.sample.query_ids)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for peer in {peer.contributor: peer for peer in reversed(peers) if peer.seed is not None}.values():
        for place, query in enumerate(
            _order(suite, dataset, peer.seed or 0)[: len(peer.answers) // ANSWER_BYTES]
        ):
            if query in query_ids:
                answer = peer.answers[ANSWER_BYTES * place : ANSWER_BYTES * (place + 1)]
                counts[query][answer.hex()] += 1
    return {query: dict(answers) for query, answers in counts.items()}


@lru_cache(maxsize=MOST_ORDERS)
def _drawn(digest: str, dataset: str, seed: int) -> tuple[str, ...]:
    suite = known_suite(digest)
    if suite is None:
        raise LookupError(f"No suite with the digest {digest} is here.")
    return suite.sample(dataset, seed, len(suite.population(dataset))).query_ids


def _order(suite: Suite, dataset: str, seed: int) -> tuple[str, ...]:
    """All queries as this seed draws them, once for each seed: a job's peers are the same from result to result."""
    return _drawn(suite.digest, dataset, seed)


def came_untrusted(submission: Submission) -> bool:
    """Whether a submission was received at or after the time since which its key is distrusted."""
    since = submission.key.untrusted_since
    return since is not None and submission.received_at >= since


def _ticket_facts(ticket: Ticket) -> TicketFacts:
    return TicketFacts(
        id=ticket.id,
        nonce=ticket.nonce,
        sample_seed=ticket.sample_seed,
        task=ticket.job.dataset.task.slug,
        dataset=ticket.job.dataset.slug,
        model=ticket.job.model.slug,
        device_tag=ticket.device_tag,
        issued_at=ticket.issued_at,
        expires_at=ticket.expires_at,
    )
