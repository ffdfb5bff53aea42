"""The context of rules: what the platform knows beside a result's bytes, read for many results in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from joulemark.leaderboard.contexts import JobName, Peer, Prints, earlier, job_name, of_others, same_noise
from joulemark.leaderboard.control_design import PeerControl, control_design, control_facts
from joulemark.rules.case import Case, Context, TicketFacts
from joulemark.suite import Suite
from measurements.catalog.models import Suite as SuiteRow
from measurements.catalog.suites import known_suite
from measurements.intake.models import Submission, Ticket
from measurements.review.announced_runs import NONE, RunsBefore, runs_before
from measurements.review.peers import controls_of, devices_of, peers_of, prints_of


@dataclass(frozen=True, kw_only=True)
class RuleContext:
    """The context of a batch of submissions. `traces` and `times` are results by digest, in the order of arrival."""

    suites: Mapping[str, Suite]
    traces: Mapping[str, Sequence[tuple[int, str]]]
    times: Mapping[str, Sequence[tuple[int, str]]]
    peers: Mapping[JobName, Sequence[Peer]]
    devices: Mapping[str, frozenset[int]]
    runs: Mapping[str, RunsBefore]
    prints: Mapping[JobName, Prints]
    controls: Mapping[str, Sequence[PeerControl]]

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
            runs=runs_before(submissions),
            prints=prints_of(jobs),
            controls=controls_of({control_design(case.predicate) for case in read.values()} - {""}),
        )

    def case(self, submission: Submission, read: Case) -> Case:
        """The case of a submission with its context."""
        predicate, me, before = read.predicate, submission.key.contributor_id, submission.leaf_id
        job = job_name(read.statement)
        runs = self.runs.get(submission.pk, NONE)
        others = of_others(
            read, self.peers.get(job, ()), me=me, suite=self.suites.get(predicate.suite.digest)
        )
        return read.knowing(
            **others,
            **control_facts(self.controls.get(control_design(predicate), ()), me=me, before=before),
            same_trace_as=earlier(self.traces.get(submission.trace_sha256, ()), before=before),
            same_times_as=earlier(self.times.get(read.times_sha256, ()), before=before),
            same_noise_as=same_noise(read.noise, self.prints.get(job), before=before),
            tickets_unreported=runs.on_device,
            runs_of_contributor=runs.of_contributor,
            runs_of_network=runs.of_network,
            device_shared_with=len(self.devices.get(predicate.device.tag, frozenset()) - {me}),
        )


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


def _same(column: str, digests: Iterable[str]) -> dict[str, list[tuple[int, str]]]:
    arrivals: dict[str, list[tuple[int, str]]] = defaultdict(list)
    rows = Submission.objects.filter(**{f"{column}__in": digests}).order_by("leaf_id")
    for digest, leaf_id, result_id in rows.values_list(column, "leaf_id", "result_id"):
        arrivals[digest].append((leaf_id, result_id))
    return arrivals


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
