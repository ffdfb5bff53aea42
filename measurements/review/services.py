"""Judging: submissions get verdicts by the rules, many in one transaction, and their numbers become results."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from joulemark.record.errors import RecordError
from joulemark.rules.case import Case
from joulemark.rules.finding import Finding, Severity
from joulemark.rules.judge import RULES_VERSION, Judgement, judge
from measurements.intake.models import UNJUDGED, State, Submission
from measurements.ledger.facts import RowFacts, moment
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaves
from measurements.review.cases import cases_of
from measurements.review.findings_digest import findings_digest
from measurements.review.hardware_names import confirm_reported_names
from measurements.review.models import Cause, Result, Verdict
from measurements.review.replication import cells_of, forget, forget_left
from measurements.review.result_row import Names, derive_result, store_results
from measurements.review.rule_context import came_untrusted
from measurements.review.signals import states_changed
from measurements.review.states import move

logger = logging.getLogger(__name__)

RESULTS_PER_BATCH = 64
"""Submissions in one transaction at most."""

MIGHT_COUNT = (State.ACCEPTED, State.QUARANTINED)
"""States that a revoked key takes away; what is rejected already needs no second rejection."""

TRIPS = (ArithmeticError, LookupError, TypeError, ValueError)
"""What strange content can make the rules raise. A database that is away is not among them: that is tried again."""


def judge_waiting(*, result_ids: Sequence[str]) -> int:
    """Give these submissions the verdicts that they wait for; returns how many were given.

    Safe to call any number of times and at once: rows' locks and states decide, not the message that called.
    """
    given = 0
    for start in range(0, len(result_ids), RESULTS_PER_BATCH):
        claimed = _claim(result_ids[start : start + RESULTS_PER_BATCH])
        given += _all_or_each(claimed, waiting=UNJUDGED, cause=Cause.RULES)
    return given


def judge_again(*, result_ids: Sequence[str], cause: Cause) -> int:
    """Judge submissions that have a verdict once more; returns how many. Withdrawn ones are left alone.

    The old verdicts stay, and for each cause and occasion there is one, however often and by however many it is asked.
    What a moderator has decided stays too, unless a key was revoked since: then nobody has looked at the evidence under
    that light.
    """
    judged = MIGHT_COUNT if cause == Cause.KEY_REVOKED else (*MIGHT_COUNT, State.REJECTED)
    return sum(
        _all_or_each(result_ids[start : start + RESULTS_PER_BATCH], waiting=judged, cause=cause)
        for start in range(0, len(result_ids), RESULTS_PER_BATCH)
    )


def outdated(*, most: int) -> list[str]:
    """Ids of judged submissions, oldest first, that this version of the rules has never looked at."""
    judged = Submission.objects.exclude(state__in=(*UNJUDGED, State.WITHDRAWN))
    unseen = judged.exclude(verdicts__rules_version=RULES_VERSION).order_by("received_at")
    return list(unseen.values_list("result_id", flat=True)[:most])


def distrusted(*, most: int) -> list[str]:
    """Ids of results that count or might, came when their key was not to be believed, and were not judged for it yet.

    What a moderator has accepted after such a verdict, which is seldom, is passed over here.
    """
    counting = Submission.objects.filter(state__in=MIGHT_COUNT, received_at__gte=F("key__untrusted_since"))
    rows = counting.select_related("key").without_bytes().order_by("leaf_id")
    due: list[str] = []
    for some in _in_parts(rows.iterator(chunk_size=RESULTS_PER_BATCH), RESULTS_PER_BATCH):
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


def waiting_too_long() -> list[str]:
    """Ids of submissions that have waited longer than settings.SWEEP_WAITING_LONGER_THAN_S, oldest first."""
    since = timezone.now() - timedelta(seconds=settings.SWEEP_WAITING_LONGER_THAN_S)
    return list(Submission.objects.waiting(since=since).values_list("result_id", flat=True)[:1000])


@transaction.atomic
def _claim(result_ids: Sequence[str]) -> list[str]:
    """Mark submissions as taken up, so that everyone sees it; returns those that are ours to judge.

    One that was taken up long ago and has no verdict was lost with its worker, and is taken up again. So this commit
    does not wait for the disk: a claim that is lost in a crash of the server was never made, and a verdict that is
    kept has its claim before it in the server's journal.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")
    lost = timezone.now() - timedelta(seconds=settings.SWEEP_WAITING_LONGER_THAN_S)
    free = Q(state=State.RECEIVED) | Q(state=State.CHECKING, received_at__lte=lost)
    submissions = list(
        Submission.objects.without_bytes()
        .select_for_update(skip_locked=True, of=("self",))
        .filter(free, result_id__in=result_ids)
        .order_by("result_id")
    )
    fresh = [submission for submission in submissions if submission.state == State.RECEIVED]
    move(fresh, State.CHECKING, cause=Cause.CHECK, at=timezone.now())
    return [submission.pk for submission in submissions]


def _all_or_each(result_ids: Sequence[str], *, waiting: Sequence[State], cause: Cause) -> int:
    """Judge together; where the database refuses what one of them made it store, judge each alone."""
    if not result_ids:
        return 0
    try:
        return _together(result_ids, waiting=waiting, cause=cause, store=True)
    except (DataError, IntegrityError):
        logger.warning("judging %d results one by one", len(result_ids))
    return sum(_alone(result_id, waiting=waiting, cause=cause) for result_id in result_ids)


def _alone(result_id: str, *, waiting: Sequence[State], cause: Cause) -> int:
    try:
        return _together([result_id], waiting=waiting, cause=cause, store=True)
    except (DataError, IntegrityError):
        logger.exception("the numbers of %s cannot be stored", result_id)
        return _together([result_id], waiting=waiting, cause=cause, store=False)


@transaction.atomic
def _together(result_ids: Sequence[str], *, waiting: Sequence[State], cause: Cause, store: bool) -> int:
    """`store` off: the numbers could not be stored, which is the verdict."""
    submissions = list(
        Submission.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "key__contributor", "ticket__job__dataset__task", "ticket__job__model", "ticket__job__suite"
        )
        .filter(result_id__in=result_ids, state__in=waiting)
        .order_by("leaf_id")
    )
    submissions = _not_judged_yet(
        submissions, cause
    )  # asked while their rows are held: whoever was first has committed
    if not submissions:
        return 0
    cases = cases_of(submissions)
    names = Names(cases.values())
    before = {} if cause == Cause.RULES else cells_of([submission.pk for submission in submissions])
    outcomes = {
        submission.pk: _judged(submission, cases[submission.pk], names)
        if store
        else (_failed("DataError"), None)
        for submission in submissions
    }
    store_results([result for _, result in outcomes.values() if result is not None])
    _write_verdicts(
        submissions, {result_id: judgement for result_id, (judgement, _) in outcomes.items()}, cause=cause
    )
    confirm_reported_names(names.hardware_classes())
    judged_ids = [submission.pk for submission in submissions]
    if before:
        forget(result_ids=[submission.pk for submission in submissions if submission.state == State.ACCEPTED])
        forget_left(before)
    transaction.on_commit(lambda: states_changed.send(sender=Submission, result_ids=judged_ids))
    return len(submissions)


def _judged(
    submission: Submission, case: Case | RecordError, names: Names
) -> tuple[Judgement, Result | None]:
    """Apply the rules; returns the judgement, and the result row of what they do not reject.

    An error in the rules becomes a verdict as well: no result waits for ever.
    """
    if isinstance(case, RecordError):  # the stored bytes no longer decode or verify
        return Judgement("rejected", (Finding(case.code, Severity.REJECT, str(case)),)), None
    try:
        judgement = judge(case)
        if judgement.state == "rejected":
            return judgement, None
        return judgement, derive_result(submission, case, names)
    except TRIPS as error:
        logger.exception("the rules could not be applied to %s", submission.result_id)
        return _failed(type(error).__name__), None


def _failed(why: str) -> Judgement:
    sentence = f"The rules could not be applied ({why}); a moderator looks at it."
    return Judgement("quarantined", (Finding("JM-JUDGE-FAILED", Severity.QUARANTINE, sentence),))


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
            findings=[_plain(finding) for finding in judgements[submission.pk].findings],
            judged_at=now,
        )
        for submission in submissions
    ]
    changes = [(verdict.submission_id, verdict_facts(verdict)) for verdict in verdicts]
    for verdict, leaf in zip(
        verdicts, append_leaves(kind=LeafKind.VERDICT, changes=changes, at=now), strict=True
    ):
        verdict.leaf = leaf
    Verdict.objects.bulk_create(verdicts)
    for state in (State.ACCEPTED, State.QUARANTINED, State.REJECTED):
        moved = [
            submission
            for submission in submissions
            if judgements[submission.pk].state == state
            and submission.state != state
            and not (cause == Cause.NEW_RULES and submission.moderations.exists())
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


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "sentence": finding.sentence,
        "evidence": dict(finding.evidence),
    }
