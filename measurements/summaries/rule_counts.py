"""How often each rule fired: verdicts are counted once each, as they come, and never again.

Verdicts are only ever added. Their ids are given before they are committed, so the newest are left alone until whatever
may still be committed among them has been.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from measurements.concurrency.advisory_locks import key_of, lock_until_commit
from measurements.review.models import Verdict
from measurements.summaries.models import CountedVerdicts, RuleCount

if TYPE_CHECKING:
    from datetime import datetime

VERDICTS_PER_SWEEP = 20_000
"""Verdicts that one sweep counts: about a second's work, and all of a million in an hour."""
SETTLING = timedelta(minutes=5)
"""Longer than any transaction that gives verdicts: a statement of one may take 50 seconds."""


@transaction.atomic
def count_new_verdicts(*, most: int = VERDICTS_PER_SWEEP, now: datetime | None = None) -> int:
    """Count the verdicts that have settled since the last call; returns how many."""
    lock_until_commit([key_of("counts of rules")])
    position, _ = CountedVerdicts.objects.get_or_create(pk=1)
    now = now or timezone.now()
    newer = Verdict.objects.filter(pk__gt=position.last_id).order_by("pk")
    rows = newer.values_list("pk", "judged_at", "findings")[:most]
    settled = list(takewhile(lambda row: row[1] <= now - SETTLING, rows))
    if not settled:
        return 0
    counts: Counter[str] = Counter()
    times: dict[str, list[datetime]] = {}
    for _pk, judged_at, findings in settled:
        for code in {finding["code"] for finding in findings}:
            counts[code] += 1
            times.setdefault(code, []).append(judged_at)
    _add(counts, times)
    position.last_id = settled[-1][0]
    position.n_verdicts += len(settled)
    position.counted_at = now
    position.save()
    return len(settled)


def _add(counts: Counter[str], times: dict[str, list[datetime]]) -> None:
    stored = RuleCount.objects.in_bulk(list(counts))
    rows = []
    for code, n_verdicts in counts.items():
        first_at, last_at = min(times[code]), max(times[code])
        before = stored.get(code)
        rows.append(
            RuleCount(
                code=code,
                n_verdicts=n_verdicts + (before.n_verdicts if before else 0),
                first_at=min(first_at, before.first_at) if before else first_at,
                last_at=max(last_at, before.last_at) if before else last_at,
            )
        )
    RuleCount.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["n_verdicts", "first_at", "last_at"],
    )
