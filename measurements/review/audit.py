"""Compare the log with the tables. Each leaf is compared with the row that it records, and each row."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Iterator, Sequence

from django.db import transaction
from django.db.models import Q

from joulemark.record import keys
from joulemark.record.codec import decode
from joulemark.record.envelope import Envelope
from joulemark.record.errors import RecordError
from joulemark.record.receipts import verified_receipt
from joulemark.record.statement import Totals
from measurements.catalog.models import PinnedSuite
from measurements.contributors.models import Key
from measurements.display.choices import Grade
from measurements.intake.models import State, Submission, Ticket
from measurements.intake.platform_key import KeyUnusable, signing_key
from measurements.ledger.audit import leaf_faults, log_faults, root_faults
from measurements.ledger.log_facts import CurrentRow, read_rows
from measurements.ledger.models import Leaf, LeafKind, LogGap
from measurements.review.cases import cases_of
from measurements.review.models import Appeal, Moderation, NameDecision, Result, Verdict, Withdrawal
from measurements.review.result_row import Names, derive_result

LEAVES_PER_BATCH = 500
"""Leaves that are compared at once."""
BUNDLES_PER_BATCH = 32
"""Results whose bytes are read at once."""
TICKET = ("ticket__job__dataset__task", "ticket__job__model", "ticket__job__suite")
NAMED = ("contributor", "device", "suite", "task", "dataset", "model", "hardware_class")
NUMBERS = (
    *NAMED,
    *("grade", "scope", "stratum", "meter", "session", "started_at", "queries", "window_count"),
    *("duration_s", "energy_gross_j", "energy_net_j", "energy_per_query_j", "latency_p50_s", "latency_p95_s"),
)
"""What a result's row takes from its bundle as it stands there; the rest is reckoned, maybe by an older version."""
RECKONED_OF_ESTIMATES = ("energy_gross_j", "energy_per_query_j")
"""Of an estimate the energies are reckoned, too: at the watts by which its processor's estimates are compared, and in a
row of an earlier version of the rules at those that it states."""


def faults() -> Iterator[str]:
    """One sentence for each thing that does not fit; none means that log and tables agree."""
    yield from log_faults()
    yield from _table_faults()


def database_faults() -> Iterator[str]:
    """The same without the log's files, as for a database that was restored by itself."""
    yield from leaf_faults()
    yield from root_faults()
    yield from _table_faults()


def _table_faults() -> Iterator[str]:
    yield from _row_faults()
    yield from _unlogged()
    yield from _receipt_faults()
    yield from _number_faults()


def _row_faults() -> Iterator[str]:
    after, gaps = 0, list(LogGap.objects.values_list("start", "end"))
    while leaves := list(
        Leaf.objects.filter(pk__gt=after)[:LEAVES_PER_BATCH]
        if after
        else Leaf.objects.all()[:LEAVES_PER_BATCH]
    ):
        rows = read_rows(leaves)
        for leaf in leaves:
            if leaf.pk in rows or not _is_in_gap(leaf, gaps):
                yield from _compared(leaf, rows.get(leaf.pk))
        after = leaves[-1].pk


def _is_in_gap(leaf: Leaf, gaps: Collection[tuple[int, int]]) -> bool:
    """Whether the log itself says that a restore may have lost the row of this leaf."""
    return leaf.index is not None and any(start <= leaf.index < end for start, end in gaps)


def _compared(leaf: Leaf, row: CurrentRow | None) -> Iterator[str]:
    name = f"Leaf {leaf.pk if leaf.index is None else leaf.index} records a {leaf.get_kind_display().lower()}"
    if row is None:
        yield f"{name}, but that row is gone."
        return
    try:
        entry = leaf.entry()
    except RecordError:
        return  # the log's own audit has said so
    if entry.subject != row.subject:
        yield f"{name} of {entry.subject[:12]}, but its row is about {row.subject[:12]}."
    for fact in sorted(entry.facts.keys() | row.facts.keys()):
        logged, is_now = entry.facts.get(fact), row.facts.get(fact)
        if logged != is_now:
            yield f"{name}; {fact} was {logged!r} and is {is_now!r} in the row."


def _unlogged() -> Iterator[str]:
    """Rows that no leaf records."""
    enrolled = Leaf.objects.filter(kind=LeafKind.KEY_ENROLLED).values("subject")
    for key in Key.objects.exclude(pk__in=enrolled):
        yield f"The key {key} was never logged."
    pinned = Leaf.objects.filter(kind=LeafKind.SUITE_PINNED).values("subject")
    for suite in PinnedSuite.objects.in_order().exclude(suite__digest__in=pinned):
        yield f"The suite {suite} is handed out and was never logged."
    for model, kind in _recorded_by():
        for row in model._default_manager.exclude(leaf__kind=kind):
            yield f"The {model._meta.verbose_name} {row} has the leaf of something else."


def _recorded_by() -> Collection[
    tuple[type[Ticket | Submission | Verdict | Moderation | Withdrawal | Appeal | NameDecision], str]
]:
    return [
        (Ticket, LeafKind.RUN_STARTED),
        (Submission, LeafKind.RESULT_RECEIVED),
        (Verdict, LeafKind.VERDICT),
        (Moderation, LeafKind.MODERATION),
        (Withdrawal, LeafKind.WITHDRAWAL),
        (Appeal, LeafKind.APPEAL),
        (NameDecision, LeafKind.NAME_DECISION),
    ]


def _receipt_faults() -> Iterator[str]:
    if not Submission.objects.exists():
        return
    try:
        public_key = keys.public_hex(signing_key())
    except KeyUnusable as error:
        yield f"No receipt can be checked. {error}"
        return
    for submission in Submission.objects.select_related("leaf").defer("bundle").iterator(chunk_size=100):
        try:
            envelope = decode(bytes(submission.receipt), Envelope, what="receipt")
            receipt = verified_receipt(envelope, result_id=submission.pk, public_key=public_key)
        except RecordError as error:
            yield f"The receipt of result {submission}: {error}"
            continue
        if receipt.leaf_hash != submission.leaf.leaf_hash:
            yield f"The receipt of result {submission} promises another leaf than the one in the log."


def _number_faults() -> Iterator[str]:
    """Results whose numbers are not those of their bundles, or that count and have none."""
    counting = Q(state__in=(State.ACCEPTED, State.QUARANTINED))
    ids = Submission.objects.filter(counting | Q(result__isnull=False)).order_by("leaf_id")
    waiting = iter(ids.values_list("pk", flat=True).iterator())
    while some := list(itertools.islice(waiting, BUNDLES_PER_BATCH)):
        yield from _compared_numbers(some)


def _compared_numbers(result_ids: Sequence[str]) -> list[str]:
    """The differences of these results' rows from their bundles. What deriving notes anew is taken back."""
    with transaction.atomic():
        submissions = list(
            Submission.objects.filter(pk__in=result_ids)
            .select_related("key__contributor", *TICKET, *(f"result__{name}" for name in NAMED))
            .order_by("leaf_id")
        )
        cases = cases_of(submissions)
        names = Names(cases.values())
        sentences = []
        for submission in submissions:
            case, row = cases[submission.pk], getattr(submission, "result", None)
            if hashlib.sha256(bytes(submission.bundle)).hexdigest() != submission.pk:
                continue  # its leaf has said so
            if isinstance(case, RecordError):
                sentences.append(f"The numbers of result {submission} cannot be compared: {case}")
                continue
            try:
                derived = derive_result(submission, case, names)
                sentences += _number_fault(submission, row, derived, case.predicate.totals)
            except LookupError as error:
                if row is not None:
                    sentences.append(
                        f"The result {submission} names {error}, which the catalogue lacks by now."
                    )
        transaction.set_rollback(True)
    return sentences


def _number_fault(submission: Submission, row: Result | None, bundle: Result, stated: Totals) -> list[str]:
    if row is None:
        if submission.state != State.ACCEPTED and _not_applied(submission):
            return []
        return [f"The result {submission} is {submission.state}, and its numbers are gone."]
    return [
        f"The result {submission} has another {name} than its bundle: {getattr(row, name)}, not {derived}."
        for name in NUMBERS
        if getattr(row, name) != (derived := getattr(bundle, name))
        and not (
            bundle.grade == Grade.ESTIMATED
            and name in RECKONED_OF_ESTIMATES
            and getattr(row, name) == getattr(stated, name)
        )
    ]


def _not_applied(submission: Submission) -> bool:
    """Whether the last verdict is that the rules could not be applied, which leaves a result without numbers."""
    last = submission.verdicts.order_by("leaf_id").last()
    return last is not None and any(finding["code"] == "JM-JUDGE-FAILED" for finding in last.findings)
