"""What other contributors say of the same jobs and devices: the background that a result is looked at against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from measurements.contributors.models import Device
from measurements.intake.models import State, Submission, Ticket
from measurements.review.models import Result

JobName = tuple[str, str, str, str]
"""Suite digest, task, data set, model."""

MOST_PEERS = 50
"""Results of a job that are looked at, the latest first: enough for every rule, and bounded however many there are."""


MOST_PRINTS = 2000
"""Noise prints of a job that are compared, the latest first."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """What matters of one other result."""

    contributor: int
    sample: str
    inputs: str
    quality: tuple[tuple[str, float], ...]
    answers: bytes


@dataclass(frozen=True)
class Others:
    """The latest results of a job that were not rejected, latest first."""

    peers: tuple[Peer, ...] = ()

    def __iter__(self) -> Iterator[Peer]:
        return iter(self.peers)

    def without(self, contributor: int) -> Others:
        """Those of everybody else."""
        return Others(tuple(peer for peer in self.peers if peer.contributor != contributor))


def others_of(jobs: Collection[JobName]) -> dict[JobName, Others]:
    """By job its latest results, MOST_PEERS of each at most."""
    if not jobs:
        return {}
    meant = Q()
    for suite, task, dataset, model in jobs:
        meant |= Q(suite__digest=suite, dataset__task__slug=task, dataset__slug=dataset, model__slug=model)
    found: dict[JobName, list[Peer]] = defaultdict(list)
    rows = (
        Result.objects.filter(_meant(jobs), submission__state__in=(State.ACCEPTED, State.QUARANTINED))
        .order_by("-started_at")
        .values_list(
            "suite__digest", "dataset__task__slug", "dataset__slug", "model__slug",
            "contributor", "sample_sha256", "inputs_sha256", "quality", "answers",
        )[: MOST_PEERS * len(jobs)]
    )  # fmt: skip
    for suite, task, dataset, model, contributor, sample, inputs, quality, answers in rows:
        found[suite, task, dataset, model].append(
            Peer(
                contributor=contributor,
                sample=sample,
                inputs=inputs,
                quality=tuple((score["metric"], score["value"]) for score in quality),
                answers=bytes(answers),
            )
        )
    return {job: Others(tuple(peers[:MOST_PEERS])) for job, peers in found.items()}


def _meant(jobs: Collection[JobName]) -> Q:
    meant = Q()
    for suite, task, dataset, model in jobs:
        meant |= Q(suite__digest=suite, dataset__task__slug=task, dataset__slug=dataset, model__slug=model)
    return meant


def prints_of(jobs: Collection[JobName]) -> dict[JobName, list[tuple[int, str, bytes]]]:
    """By job the noise prints of its latest results, MOST_PRINTS at most: (leaf, result id, print)."""
    if not jobs:
        return {}
    found: dict[JobName, list[tuple[int, str, bytes]]] = defaultdict(list)
    rows = (
        Result.objects.filter(_meant(jobs))
        .exclude(noise=b"")
        .order_by("-submission__leaf")
        .values_list(
            "suite__digest", "dataset__task__slug", "dataset__slug", "model__slug",
            "submission__leaf", "submission", "noise",
        )[: MOST_PRINTS * len(jobs)]
    )  # fmt: skip
    for suite, task, dataset, model, leaf, result_id, noise in rows:
        found[suite, task, dataset, model].append((leaf, result_id, bytes(noise)))
    return found


def devices_of(tags: Iterable[str]) -> dict[str, frozenset[int]]:
    """By device tag the contributors who report it."""
    found: dict[str, set[int]] = defaultdict(set)
    for tag, contributor in Device.objects.filter(tag__in=tags).values_list("tag", "contributor"):
        found[tag].add(contributor)
    return {tag: frozenset(contributors) for tag, contributors in found.items()}


def unreported_of(submissions: Sequence[Submission]) -> Mapping[str, int]:
    """By result id how many earlier tickets of the contributor for this job and device have no result that stands."""
    announced = [submission for submission in submissions if submission.ticket is not None]
    if not announced:
        return {}
    meant = Q()
    for key in {_run_of(submission) for submission in announced}:
        meant |= Q(key__contributor=key[0], job=key[1], device_tag=key[2])
    silent: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    given_up = Q(submission__isnull=True) | Q(submission__state=State.WITHDRAWN)
    rows = Ticket.objects.filter(meant).filter(given_up)
    for contributor, job, tag, leaf in rows.values_list("key__contributor", "job", "device_tag", "leaf"):
        silent[contributor, job, tag].append(leaf)
    return {
        submission.pk: sum(leaf < submission.ticket.leaf_id for leaf in silent[_run_of(submission)])
        for submission in announced
        if submission.ticket is not None
    }


def _run_of(submission: Submission) -> tuple[int, int, str]:
    ticket = submission.ticket
    assert ticket is not None  # noqa: S101 - the caller has chosen those that have one
    return submission.key.contributor_id, ticket.job_id, ticket.device_tag
