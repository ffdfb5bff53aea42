"""The seconds from upload to verdict and to board, counted from rows: each once, and those that are true."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from joulemark_simulation.result_rows import Run, make_result
from measurements.boards.models import CellRevision, DueRefresh
from measurements.boards.services import refresh_cells_of
from measurements.intake.models import State, Submission
from measurements.monitoring import result_times
from measurements.monitoring.result_times import BOARD_TIMES, VERDICT_TIMES, VERDICTS, ResultTimes, counted
from measurements.review.cell_key import CellKey
from measurements.review.models import Result, Verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def result(*, by: str, verdict_s: float, ago_s: float = 500.0, state: str = State.ACCEPTED) -> Submission:
    """A result that came `ago_s` seconds ago and had its verdict `verdict_s` later."""
    row = make_result(Run(by=by, device=by, state=state))
    received_at = timezone.now() - timedelta(seconds=ago_s)
    Submission.objects.filter(pk=row.pk).update(received_at=received_at)
    Verdict.objects.filter(submission=row).update(judged_at=received_at + timedelta(seconds=verdict_s))
    return row


def shown(row: Submission, *, after_s: float) -> None:
    """The board got this result so many seconds after it came."""
    refresh_cells_of(result_ids=[row.pk])
    received_at = Submission.objects.get(pk=row.pk).received_at
    last = CellRevision.objects.latest("pk")
    CellRevision.objects.filter(pk=last.pk).update(updated_at=received_at + timedelta(seconds=after_s))


def of(name: str) -> dict[str, float]:
    return {label: value for (figure, label), value in counted().items() if figure == name}


@pytest.fixture
def times() -> ResultTimes:
    made = ResultTimes()
    made.count()  # it begins with what comes from now on
    return made


def test_what_was_there_before_is_not_counted() -> None:
    result(by="ada", verdict_s=3)
    times = ResultTimes()
    times.count()
    times.count()
    assert of(VERDICTS) == {}


def test_each_verdict_is_counted_once_by_state_and_time(times: ResultTimes) -> None:
    result(by="ada", verdict_s=3)
    result(by="grace", verdict_s=40, state=State.QUARANTINED)
    times.count()
    times.count()
    ResultTimes().count()
    assert of(VERDICTS) == {"accepted": 1, "quarantined": 1}
    assert of(VERDICT_TIMES) == {"5.0": 1, "60.0": 1, "sum": pytest.approx(43)}


def test_a_verdict_of_just_now_waits_until_no_other_can_come_before_it(times: ResultTimes) -> None:
    result(by="ada", verdict_s=3, ago_s=5)
    times.count()
    assert of(VERDICTS) == {}
    Verdict.objects.update(judged_at=timezone.now() - result_times.SETTLED)
    times.count()
    assert of(VERDICTS) == {"accepted": 1}


def test_a_result_is_counted_when_its_board_has_it_and_by_that_moment(times: ResultTimes) -> None:
    first = result(by="ada", verdict_s=3)
    times.count()
    times.count()
    assert of(BOARD_TIMES) == {}, "no board has it"
    shown(first, after_s=20)
    second = result(by="grace", verdict_s=60)
    shown(second, after_s=70)
    times.count()
    times.count()
    assert of(BOARD_TIMES) == {"30.0": 1, "300.0": 1, "sum": pytest.approx(90)}


def test_a_board_that_changed_before_the_verdict_has_not_got_the_result(times: ResultTimes) -> None:
    shown(result(by="ada", verdict_s=3), after_s=20)
    result(by="grace", verdict_s=100)
    times.count()
    assert sum(value for label, value in of(BOARD_TIMES).items() if label != "sum") == 1


def test_the_board_lags_as_long_as_the_same_change_waits(
    times: ResultTimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = result(by="ada", verdict_s=3)
    cell = CellKey.of(Result.objects.get(pk=row.pk))
    DueRefresh.objects.all().delete()
    times.count()
    assert result_times.board_lag_s() == 0
    DueRefresh.objects.mark([cell])
    begin = timezone.now()

    def at(seconds: float) -> datetime:
        return begin + timedelta(seconds=seconds)

    for seconds, lag_s in ((0, 0), (200, 200), (900, 900)):
        monkeypatch.setattr("django.utils.timezone.now", lambda seconds=seconds: at(seconds))
        times.count()
        assert result_times.board_lag_s() == pytest.approx(lag_s)
    DueRefresh.objects.all().delete()
    DueRefresh.objects.mark([cell])
    times.count()
    assert result_times.board_lag_s() == 0, "another change"
