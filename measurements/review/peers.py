"""Results of other contributors for the same jobs and devices, with which a result is compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from joulemark.leaderboard.contexts import MOST_PEERS, MOST_PRINTS, JobName, Peer, Prints
from joulemark.leaderboard.control_design import MOST_CONTROLS, PeerControl
from joulemark.leaderboard.eligibility import COMPARABLE
from joulemark.rules.control_figures import ControlFigures
from joulemark.rules.noise_print import BITS, rows_of
from measurements.contributors.models import Device
from measurements.review.models import Result

JOB = ("suite__digest", "dataset__task__slug", "dataset__slug", "model__slug")
"""A job's name as columns of a result."""


def peers_of(jobs: Collection[JobName]) -> dict[JobName, list[Peer]]:
    """By job its latest results that were not rejected, latest first, MOST_PEERS of each at most."""
    peers: dict[JobName, list[Peer]] = defaultdict(list)
    counting = Result.objects.filter(submission__state__in=COMPARABLE)
    columns = (
        "contributor",
        "submission__ticket__sample_seed",
        "sample_sha256",
        "inputs_sha256",
        "quality",
        "answers",
    )
    rows = _latest(counting, jobs, most=MOST_PEERS).values_list(*JOB, *columns)
    for suite, task, dataset, model, contributor, seed, sample, inputs, quality, answers in rows:
        peers[suite, task, dataset, model].append(
            Peer(
                contributor=contributor,
                seed=seed,
                sample=sample,
                inputs=inputs,
                quality=tuple((score["metric"], score["value"], score["n"]) for score in quality),
                answers=bytes(answers),
            )
        )
    return peers


def controls_of(designs: Iterable[str]) -> dict[str, list[PeerControl]]:
    """By design the control kernels of its latest accepted results, latest first, MOST_CONTROLS of each at most."""
    figures = ("control_flop_j", "control_flop_s", "control_byte_j", "control_byte_s")
    return {
        design: [
            PeerControl(contributor=contributor, leaf=leaf, figures=ControlFigures.from_numbers(numbers))
            for contributor, leaf, *numbers in Result.objects.eligible()
            .filter(control_design=design, control_flop_j__isnull=False)
            .order_by("-submission__leaf")
            .values_list("contributor", "submission__leaf", *figures)[:MOST_CONTROLS]
        ]
        for design in designs
    }


def prints_of(jobs: Collection[JobName]) -> dict[JobName, Prints]:
    """By job the noise prints of its latest results, MOST_PRINTS of each at most."""
    noises: dict[JobName, list[tuple[int, str, bytes]]] = defaultdict(list)
    rows = _latest(Result.objects.exclude(noise=b""), jobs, most=MOST_PRINTS)
    for suite, task, dataset, model, leaf, result_id, noise in rows.values_list(
        *JOB, "submission__leaf", "submission", "noise"
    ):
        if len(noise) == BITS // 8:  # a row that was tampered with is the audit's to find
            noises[suite, task, dataset, model].append((leaf, result_id, bytes(noise)))
    return {job: _prints(sorted(those)) for job, those in noises.items()}


def _prints(those: Sequence[tuple[int, str, bytes]]) -> Prints:
    leaves, result_ids, noises = zip(*those, strict=True)
    return Prints(leaves=leaves, result_ids=result_ids, rows=rows_of(noises))


def _latest(results: QuerySet[Result], jobs: Collection[JobName], *, most: int) -> QuerySet[Result]:
    """The latest `most` of each job, by their arrival: a job with many results takes no other's place."""
    meant = Q(pk__in=[])
    for job in jobs:
        meant |= Q(**dict(zip(JOB, job, strict=True)))
    place = Window(
        RowNumber(), partition_by=["suite", "dataset", "model"], order_by=F("submission__leaf").desc()
    )
    return results.filter(meant).annotate(place=place).filter(place__lte=most).order_by("place")


def devices_of(tags: Iterable[str]) -> dict[str, frozenset[int]]:
    """By device tag the contributors who report it."""
    contributors_by_tag: dict[str, set[int]] = defaultdict(set)
    for tag, contributor in Device.objects.filter(tag__in=tags).values_list("tag", "contributor"):
        contributors_by_tag[tag].add(contributor)
    return {tag: frozenset(contributors) for tag, contributors in contributors_by_tag.items()}
