"""Judging: submissions get verdicts by the rules, many in one transaction, and their numbers become results."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from joulemark.record.errors import RecordError
from joulemark.rules.case import Case
from joulemark.rules.findings_digest import findings_digest
from joulemark.rules.judge import RULES_VERSION, Judgement, judge
from joulemark.rules.verdicts import LOST, MAX_LOSSES, TRIPS, failed, judgement, plain_findings, tripped
from measurements.concurrency.bulk_insert import insert_rows
from measurements.intake.models import UNJUDGED, State, Submission, SubmissionQuerySet
from measurements.ledger.facts import RowFacts, moment
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaves
from measurements.review.cases import cases_of
from measurements.review.cell_key import CellKey
from measurements.review.hardware_names import confirm_reported_names
from measurements.review.judging_batches import BATCH_SIZE, claim, forget_losses, judged_alone
from measurements.review.models import Result, Verdict
from measurements.review.moves import KEEPS_DECISIONS, Cause
from measurements.review.replication import cells_of, forget, forget_left, touch
from measurements.review.result_row import Names, derive_result, store_results
from measurements.review.rule_context import came_untrusted
from measurements.review.signals import states_changed
from measurements.review.states import move
from measurements.review.sweep_position import ROWS_PER_SWEEP, next_rows

logger = logging.getLogger(__name__)

MIGHT_COUNT = (State.ACCEPTED, State.QUARANTINED)
"""States that a revoked key takes away; what is rejected already needs no second rejection."""


def judge_waiting(*, result_ids: Sequence[str], was_lost: bool = False) -> int:
    """Give these submissions the verdicts that they wait for; returns how many were given.

    `was_lost` says that the process that had taken them up is gone. Safe to call any number of times and at once: locks
    and states decide, not the message that called.
    """
    given = 0
    for start in range(0, len(result_ids), BATCH_SIZE):
        with judged_alone(result_ids[start : start + BATCH_SIZE]) as ours:
            claimed = claim(ours, was_lost=was_lost)
            for result_id in claimed.given_up:
                logger.error("judging %s is given up: %s", result_id, LOST)
                given += _together([result_id], waiting=UNJUDGED, cause=Cause.RULES, failure=LOST)
            for batch in claimed.batches:
                given += _all_or_each(batch, waiting=UNJUDGED, cause=Cause.RULES)
    return given


def judge_again(*, result_ids: Sequence[str], cause: Cause) -> int:
    """Judge submissions that have a verdict once more; returns how many. Withdrawn ones are left alone.

    The old verdicts stay, and for each cause and occasion there is one, however often and by however many it is asked.
    What a moderator has decided stays too, unless a key was revoked since: then nobody has looked at the evidence under
    that light.
    """
    judged = states_judged_again(cause)
    given = 0
    for start in range(0, len(result_ids), BATCH_SIZE):
        with judged_alone(result_ids[start : start + BATCH_SIZE]) as ours:
            lost = Submission.objects.filter(pk__in=ours, losses__gte=MAX_LOSSES)
            given_up = set(lost.values_list("pk", flat=True))
            for result_id in given_up:
                logger.error("judging %s again is given up: %s", result_id, LOST)
                given += _together([result_id], waiting=judged, cause=cause, failure=LOST)
            readable = [result_id for result_id in ours if result_id not in given_up]
            given += _all_or_each(readable, waiting=judged, cause=cause)
    return given


def states_judged_again(cause: Cause) -> tuple[State, ...]:
    """In which states submissions are judged once more for this cause."""
    if cause == Cause.REPORTED:
        return (State.QUARANTINED,)
    return MIGHT_COUNT if cause == Cause.KEY_REVOKED else (*MIGHT_COUNT, State.REJECTED)


def outdated(*, most: int) -> list[str]:
    """Ids of judged submissions, oldest first, that this version of the rules has never looked at; at most `most`.

    `ROWS_PER_SWEEP` submissions are looked at, others each time, so that all have had their turn in the end.
    """
    looked_at = next_rows("review.outdated", Submission.objects.all(), most=ROWS_PER_SWEEP)
    judged = looked_at.exclude(state__in=UNJUDGED)
    return list(unseen(judged).order_by("received_at").values_list("result_id", flat=True)[:most])


def unseen(submissions: SubmissionQuerySet) -> SubmissionQuerySet:
    """Those of `submissions` that have no verdict by this version of the rules and will get one: not withdrawn ones."""
    return submissions.exclude(state=State.WITHDRAWN).exclude(verdicts__rules_version=RULES_VERSION)


def distrusted(*, most: int) -> list[str]:
    """Ids of results that count or might, came when their key was not to be believed, and were not judged for it yet.

    What a moderator has accepted after such a verdict, which is seldom, is passed over here.
    """
    counting = Submission.objects.filter(state__in=MIGHT_COUNT, received_at__gte=F("key__untrusted_since"))
    rows = counting.select_related("key").without_bytes().order_by("leaf_id")
    due: list[str] = []
    for some in _in_parts(rows.iterator(chunk_size=BATCH_SIZE), BATCH_SIZE):
        due += [submission.pk for submission in _not_judged_yet(some, Cause.KEY_REVOKED)]
        if len(due) >= most:
            break
    return due[:most]


def occasion_of(submission: Submission, cause: Cause) -> str:
    """What a verdict for this cause is given on: a version of the rules, or since when the key is distrusted."""
    if cause == Cause.NEW_RULES:
        return RULES_VERSION
    return moment(submission.key.untrusted_since) if cause == Cause.KEY_REVOKED else ""


def _not_judged_yet(submissions: Sequence[Submission], cause: Cause) -> list[Submission]:
    """Those that nobody has judged yet for this cause and its occasion; for new rules, under these rules at all."""
    verdicts = Verdict.objects.filter(submission__in=submissions)
    judged = set(verdicts.filter(cause=cause).values_list("submission", "occasion"))
    seen = set(verdicts.filter(rules_version=RULES_VERSION).values_list("submission", flat=True))
    return [
        submission
        for submission in submissions
        if (submission.pk, occasion_of(submission, cause)) not in judged
        and not (cause == Cause.NEW_RULES and submission.pk in seen)
        and not (cause == Cause.KEY_REVOKED and not came_untrusted(submission))
    ]


def _in_parts(rows: Iterable[Submission], length: int) -> Iterator[list[Submission]]:
    waiting = iter(rows)
    while some := list(itertools.islice(waiting, length)):
        yield some


def waiting_too_long(*, most: int) -> dict[str, int]:
    """Submissions that have waited longer than settings.SWEEP_WAITING_LONGER_THAN_S, the oldest first.

    By id the largest batch that each may be judged in.
    """
    since = timezone.now() - timedelta(seconds=settings.SWEEP_WAITING_LONGER_THAN_S)
    return dict(Submission.objects.waiting(since=since).values_list("result_id", "batch_limit")[:most])


def _all_or_each(result_ids: Sequence[str], *, waiting: Sequence[State], cause: Cause) -> int:
    """Judge together; where the database refuses what one of them made it store, judge each alone."""
    given, left = 0, list(result_ids)
    while left:
        try:
            n_given, left = _first_together(left, waiting=waiting, cause=cause)
        except (DataError, IntegrityError):
            logger.warning("judging %d results one by one", len(left))
            return given + sum(_alone(result_id, waiting=waiting, cause=cause) for result_id in left)
        given += n_given
    return given


def _alone(result_id: str, *, waiting: Sequence[State], cause: Cause) -> int:
    try:
        return _together([result_id], waiting=waiting, cause=cause)
    except (DataError, IntegrityError):
        logger.exception("the numbers of %s cannot be stored", result_id)
        return _together([result_id], waiting=waiting, cause=cause, failure="DataError")


def _together(
    result_ids: Sequence[str], *, waiting: Sequence[State], cause: Cause, failure: str | None = None
) -> int:
    """Judge without a second try. With a `failure` nothing is read, and it is the verdict."""
    given, left = 0, list(result_ids)
    while left:
        n_given, left = _first_together(left, waiting=waiting, cause=cause, failure=failure)
        given += n_given
    return given


def _first_together(
    result_ids: Sequence[str], *, waiting: Sequence[State], cause: Cause, failure: str | None = None
) -> tuple[int, list[str]]:
    """Judge as many as are decoded at once, and write their verdicts in one transaction; return their number.

    Returns also who is left: those that were not decoded, and those whose key was revoked meanwhile. The rules are
    applied while no row is held; whoever judges has the results by `judged_alone`.
    """
    rows = Submission.objects.select_related(
        "key__contributor", "ticket__job__dataset__task", "ticket__job__model", "ticket__job__suite"
    )
    waits = rows.filter(result_id__in=result_ids, state__in=waiting).order_by("leaf_id")
    submissions = _not_judged_yet(list(waits), cause)
    if not submissions:
        return 0, []
    cases = cases_of(submissions) if failure is None else {}
    left = [submission.pk for submission in submissions if failure is None and submission.pk not in cases]
    submissions = [submission for submission in submissions if failure is not None or submission.pk in cases]
    judgements = {
        submission.pk: judgement(cases[submission.pk], name=submission.pk, by=judge)
        if failure is None
        else failed(failure)
        for submission in submissions
    }
    given, changed = _write(submissions, cases, judgements, waiting=waiting, cause=cause)
    return given, left + changed


@transaction.atomic
def _write(
    read: Sequence[Submission],
    cases: Mapping[str, Case | RecordError],
    judgements: dict[str, Judgement],
    *,
    waiting: Sequence[State],
    cause: Cause,
) -> tuple[int, list[str]]:
    """Write verdicts and results of submissions that still wait for them.

    Returns how many, and the ids of those whose key is trusted otherwise than when they were read.
    """
    lockable = (
        Submission.objects.without_bytes().select_for_update(of=("self",)).select_related("key__contributor")
    )
    of_these = lockable.filter(pk__in=[submission.pk for submission in read], state__in=waiting)
    current = _not_judged_yet(list(of_these.order_by("leaf_id")), cause)
    untrusted_since = {submission.pk: submission.key.untrusted_since for submission in read}
    submissions = [row for row in current if row.key.untrusted_since == untrusted_since[row.pk]]
    changed = [row.pk for row in current if row.key.untrusted_since != untrusted_since[row.pk]]
    if not submissions:
        return 0, changed
    names = Names(cases.values())
    before = {} if cause == Cause.RULES else cells_of([submission.pk for submission in submissions])
    results = []
    for submission in submissions:
        case = cases.get(submission.pk)
        if isinstance(case, Case) and judgements[submission.pk].state != "rejected":
            result = _result(submission, case, names)
            if isinstance(result, Judgement):
                judgements[submission.pk] = result
            else:
                results.append(result)
    store_results(results)
    _write_verdicts(submissions, judgements, cause=cause)
    if cases:
        forget_losses(submissions)
    confirm_reported_names(names.hardware_classes())
    judged_ids = [submission.pk for submission in submissions]
    if before:
        forget(result_ids=[submission.pk for submission in submissions if submission.state == State.ACCEPTED])
        forget_left(before)
    touch([*before.values(), *map(CellKey.of, results)])
    verdicts = [(submission, judgements[submission.pk]) for submission in submissions]
    transaction.on_commit(lambda: _log_verdicts(verdicts, cause))
    transaction.on_commit(lambda: states_changed.send(sender=Submission, result_ids=judged_ids))
    return len(submissions), changed


def _log_verdicts(verdicts: Iterable[tuple[Submission, Judgement]], cause: Cause) -> None:
    """A line for each verdict, under the request that brought the upload."""
    now = timezone.now()
    for submission, given in verdicts:
        codes = [finding.code for finding in given.findings]
        logger.info(
            "verdict %s on %s: %s", given.state, submission.pk, " ".join(codes) or "no finding",
            extra={
                "result_id": submission.pk,
                "state": given.state,
                "codes": codes,
                "cause": str(cause),
                "seconds_since_upload": round((now - submission.received_at).total_seconds(), 3),
                "request_ids": [submission.request_id] if submission.request_id else [],
            },
        )  # fmt: skip


def _result(submission: Submission, case: Case, names: Names) -> Result | Judgement:
    """The result row of what the rules do not reject, not stored; or the judgement where no row can be derived."""
    try:
        return derive_result(submission, case, names)
    except TRIPS as error:
        return tripped(submission.pk, error)


def _write_verdicts(
    submissions: Sequence[Submission], judgements: Mapping[str, Judgement], *, cause: Cause
) -> None:
    """Write verdicts with their leaves, and move submissions whose state changed."""
    now = timezone.now()
    verdicts = [
        Verdict(
            submission=submission,
            rules_version=RULES_VERSION,
            state=judgements[submission.pk].state,
            cause=cause,
            occasion=occasion_of(submission, cause),
            findings=plain_findings(judgements[submission.pk].findings),
            judged_at=now,
        )
        for submission in submissions
    ]
    changes = [(verdict.submission_id, verdict_facts(verdict)) for verdict in verdicts]
    for verdict, leaf in zip(
        verdicts, append_leaves(kind=LeafKind.VERDICT, changes=changes, at=now), strict=True
    ):
        verdict.leaf = leaf
    insert_rows(verdicts)
    for state in (State.ACCEPTED, State.QUARANTINED, State.REJECTED):
        moved = [
            submission
            for submission in submissions
            if judgements[submission.pk].state == state
            and submission.state != state
            and not (cause in KEEPS_DECISIONS and submission.moderations.exists())
        ]
        move(moved, state, cause=cause, at=now)


def verdict_facts(verdict: Verdict) -> RowFacts:
    """The facts of a verdict for the log."""
    return {
        "at": verdict.judged_at,
        "state": verdict.state,
        "rules": verdict.rules_version,
        "cause": verdict.cause,
        "codes": [finding["code"] for finding in verdict.findings],
        "findings_sha256": findings_digest(verdict.findings),
    }
