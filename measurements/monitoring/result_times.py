"""How long results take from upload to verdict and to their board, counted from rows that nobody writes for that.

The watch goes through new verdicts and transitions by their ids, once. Workers and web processes count nothing: what
they did is in the tables. The time at which a result was on its board is that of its cell's first revision since.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from measurements.boards.models import CellRevision, DueRefresh
from measurements.intake.models import State
from measurements.monitoring.models import WatchedFigure
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.models import Result, Verdict
from measurements.review.moves import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)

BUCKETS_S = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Upper bounds of the histograms' buckets, but for the last, which is infinite."""
VERDICTS = "verdicts"
VERDICT_TIMES = "upload_to_verdict"
BOARD_TIMES = "upload_to_board"
COUNTED_TO = "verdicts_counted_to"
"""A figure of its own: the id of the last verdict that was counted."""
BOARD_LAG = "board_lag"
"""A figure of its own: for how many seconds the oldest change of a cell has been seen to wait for its board."""
SETTLED = timedelta(seconds=10)
"""A verdict is counted once it is so old: one with a smaller id may be committed after it."""
AT_ONCE = 2000
PENDING_AT_MOST = 5000
REVISIONS = 50
"""So many of a cell's last revisions are looked through for the first one that has a result."""
FORGOTTEN_AFTER = timedelta(days=1)
"""A result that is not on its board after a day is no figure any more: `BOARD_LAG` says that boards stand still."""


@dataclass(frozen=True)
class PendingResult:
    """An accepted result that is not known to be on its board."""

    cell: CellKey
    received_at: datetime
    judged_at: datetime


class ResultTimes:
    """One for the watch, which keeps in memory what is on its way to a board."""

    def __init__(self) -> None:
        self._pending: deque[PendingResult] = deque(maxlen=PENDING_AT_MOST)
        self._oldest_mark: tuple[int, datetime] | None = None

    def count(self) -> None:
        """Count what is new since the last time. Raises DatabaseError."""
        now = timezone.now()
        deltas: Counter[tuple[str, str]] = Counter()
        with transaction.atomic():
            after = _figure(COUNTED_TO)
            if after is None:  # a new watch begins with what comes
                last = Verdict.objects.aggregate(last=Max("pk"))["last"] or 0
                _set(COUNTED_TO, last)
                after = float(last)
            verdicts = self._new_verdicts(int(after), now)
            for verdict in verdicts:
                deltas[VERDICTS, verdict.state] += 1
                if verdict.cause == Cause.RULES:
                    waited = verdict.judged_at - verdict.submission.received_at
                    _observe(deltas, VERDICT_TIMES, waited)
            self._note_accepted(verdicts)
            self._note_boards(deltas, now)
            _add(deltas)
            if verdicts:
                _set(COUNTED_TO, verdicts[-1].pk)
            _set(BOARD_LAG, self._board_lag_s(now))

    def _new_verdicts(self, after: int, now: datetime) -> list[Verdict]:
        rows = Verdict.objects.filter(pk__gt=after).select_related("submission").order_by("pk")
        rows = rows.only("state", "cause", "judged_at", "submission__received_at")
        fresh = []
        for verdict in rows[:AT_ONCE]:
            if verdict.judged_at > now - SETTLED:
                break
            fresh.append(verdict)
        return fresh

    def _note_accepted(self, verdicts: Iterable[Verdict]) -> None:
        accepted = {
            verdict.submission_id: verdict
            for verdict in verdicts
            if verdict.state == State.ACCEPTED and verdict.cause == Cause.RULES
        }
        rows = Result.objects.filter(pk__in=accepted).order_by("pk").values_list("pk", *CELL_FIELDS)
        for pk, *key in rows:
            verdict = accepted[pk]
            self._pending.append(
                PendingResult(CellKey(*key), verdict.submission.received_at, verdict.judged_at)
            )

    def _note_boards(self, deltas: Counter[tuple[str, str]], now: datetime) -> None:
        revisions = {cell: _revisions(cell) for cell in {pending.cell for pending in self._pending}}
        for _ in range(len(self._pending)):
            pending = self._pending.popleft()
            later = [at for at in revisions[pending.cell] if at >= pending.judged_at]
            if later:
                _observe(deltas, BOARD_TIMES, min(later) - pending.received_at)
            elif now - pending.judged_at < FORGOTTEN_AFTER:
                self._pending.append(pending)

    def _board_lag_s(self, now: datetime) -> float:
        """Since when the mark that is the oldest now has been seen to be the oldest, in seconds."""
        oldest = DueRefresh.objects.aggregate(oldest=Min("pk"))["oldest"]
        if oldest is None:
            self._oldest_mark = None
            return 0.0
        if self._oldest_mark is None or self._oldest_mark[0] != oldest:
            self._oldest_mark = (oldest, now)
        return (now - self._oldest_mark[1]).total_seconds()


def board_lag_s() -> float | None:
    """What the watch has seen last; None before its first round."""
    return _figure(BOARD_LAG)


def counted() -> Mapping[tuple[str, str], float]:
    """Every figure of the watch, by name and label."""
    return {(row.name, row.label): row.value for row in WatchedFigure.objects.all()}


def _revisions(cell: CellKey) -> list[datetime]:
    rows = CellRevision.objects.filter(**cell.columns).order_by("-version")
    return list(rows.values_list("updated_at", flat=True)[:REVISIONS])


def _observe(deltas: Counter[tuple[str, str]], name: str, waited: timedelta) -> None:
    seconds = max(waited.total_seconds(), 0.0)
    bound = next((bound for bound in BUCKETS_S if seconds <= bound), None)
    deltas[name, "+Inf" if bound is None else str(bound)] += 1
    deltas[name, "sum"] += seconds  # type: ignore[assignment]  # a Counter of floats adds them as well


def _figure(name: str) -> float | None:
    return WatchedFigure.objects.filter(name=name, label="").values_list("value", flat=True).first()


def _set(name: str, value: float) -> None:
    WatchedFigure.objects.update_or_create(name=name, label="", defaults={"value": value})


def _add(deltas: Mapping[tuple[str, str], float]) -> None:
    rows = {(row.name, row.label): row for row in WatchedFigure.objects.all()}
    new = []
    for (name, label), delta in deltas.items():
        row = rows.get((name, label))
        if row is None:
            new.append(WatchedFigure(name=name, label=label, value=delta))
        else:
            row.value += delta
    WatchedFigure.objects.bulk_create(new)
    WatchedFigure.objects.bulk_update(rows.values(), ["value"])
