"""Refreshes at once: versions and times of a board rise together, and none comes twice."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
from django.db import connection, transaction

from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards.cell_storage import LATER, NEXT_VERSION
from measurements.boards.history import history_faults
from measurements.boards.models import BoardVersion, CellRevision
from measurements.boards.services import refresh_cell
from measurements.intake.models import State, Submission
from measurements.review.cell_key import CellKey
from measurements.review.models import Result
from tests.racing import Racer

pytestmark = pytest.mark.usefixtures("committed")
ROUNDS = 25


def test_times_and_versions_rise_together_when_many_cells_change_at_once() -> None:
    demo_catalog()
    keys = []
    for dataset in (SENTIMENT, TOPICS):
        for model in (GENERAL, SPECIFIC):
            one = make_result(Run(by="ada", dataset=dataset, model=model))
            other = make_result(Run(by="grace", device="other", dataset=dataset, model=model))
            keys.append((CellKey.of(Result.objects.get(pk=one.pk)), other.pk))

    def change(key: CellKey, result: str) -> None:
        for number in range(ROUNDS):
            state = State.WITHDRAWN if number % 2 else State.ACCEPTED
            Submission.objects.filter(pk=result).update(state=state)
            refresh_cell(key=key)

    for racer in [Racer(partial(change, key, result)) for key, result in keys]:
        racer.result()
    told = list(CellRevision.objects.order_by("version").values_list("version", "updated_at"))
    assert [version for version, _ in told] == list(range(1, len(keys) * ROUNDS + 1))
    assert all(before < after for (_, before), (_, after) in pairwise(told))
    assert history_faults() == []


def test_who_has_waited_for_another_change_has_a_later_time() -> None:
    """The clock that a refresh has read may be older than the change for which it waited."""
    demo_catalog()
    result = make_result(Run(by="ada"))
    key = CellKey.of(Result.objects.get(pk=result.pk))
    refresh_cell(key=key)
    board = BoardVersion.objects.get()
    early = board.changed_at.replace(year=2020)
    with transaction.atomic(), connection.cursor() as cursor:
        sql = NEXT_VERSION.format(later=LATER["postgresql"])
        cursor.execute(sql, [board.suite_id, board.grade, early])
    again = BoardVersion.objects.get()
    assert (again.version, again.changed_at > board.changed_at) == (2, True)
