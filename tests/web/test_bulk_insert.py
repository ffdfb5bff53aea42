"""Rows by one prepared statement are the rows that the ORM would have written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from datetime import timezone as zone
from random import Random
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.concurrency import bulk_insert
from measurements.concurrency.bulk_insert import insert_rows
from measurements.intake.models import Submission
from measurements.ledger.models import Leaf, LeafKind
from measurements.review.due_cells import DueComparison
from measurements.review.models import Result, Transition

TEXTS = ("", "plain", 'a "quoted" \\ word', "{NULL}", "NULL", "line\nbreak\ttab", "ключ 🔑", "{a,b}", "'; --")
FLOATS = (0.1, 5e-324, 1.7976931348623157e308, 123456789.123456789, 1e16, 2 / 3)


def leaves(n: int, chance: Random) -> list[Leaf]:
    return [
        Leaf(
            kind=chance.choice(LeafKind.values),
            subject=f"{number:064x}",
            body=chance.choice(TEXTS),
            leaf_hash="0" * 64,
            logged_at=timezone.now(),
            index=chance.choice([None, 1000 + number]),
        )
        for number in range(n)
    ]


def content(rows: Sequence[models.Model]) -> list[dict[str, Any]]:
    """What the database has of these rows, but for primary keys that it has given."""
    model = type(rows[0])
    stored = {row["pk"]: row for row in model._default_manager.values("pk", *names(model))}
    return [{name: stored[row.pk][name] for name in names(model)} for row in rows]


def names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.attname != "id"]


@pytest.mark.laws
@pytest.mark.parametrize("seed", range(20))
def test_leaves_are_as_the_orm_writes_them(db: None, seed: int) -> None:
    n = Random(seed).randint(1, 70)  # noqa: S311 - a seeded choice, not a secret
    ours = leaves(n, Random(seed))  # noqa: S311 - the same
    theirs = [Leaf(**{name: getattr(row, name) for name in names(Leaf)}) for row in ours]
    with transaction.atomic():
        Leaf.objects.bulk_create(theirs)
        expected = content(theirs)
        transaction.set_rollback(True)
    insert_rows(ours)
    assert content(ours) == expected
    assert [row.pk for row in ours] == sorted(row.pk for row in ours), "in their order"
    assert not any(row._state.adding for row in ours)


def test_one_statement_whatever_the_number(db: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        insert_rows(leaves(64, Random(1)))  # noqa: S311 - a seeded choice, not a secret
        insert_rows([])
    assert len(captured) == 1


@pytest.fixture
def result(db: None) -> Result:
    demo_catalog()
    return Result.objects.get(pk=make_result(Run()).pk)


@pytest.mark.laws
@pytest.mark.parametrize("seed", range(20))
def test_results_are_overwritten_as_the_orm_does(result: Result, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a seeded choice, not a secret

    def edit(row: Result) -> Result:
        row.energy_per_query_j, row.duration_s = chance.choice(FLOATS), chance.choice(FLOATS)
        row.energy_net_j, row.output_tokens = chance.choice([None, 2.5]), chance.choice([None, 2**53])
        row.quality = [{"metric": chance.choice(TEXTS), "value": chance.choice([None, 0.1])}]
        row.not_scored = chance.choice([{}, {"a": {"b": [1, None, chance.choice(TEXTS)]}}])
        row.answers, row.noise = chance.randbytes(9), b""
        return row

    edit(result)
    with transaction.atomic():
        Result.objects.filter(pk=result.pk).delete()
        Result.objects.bulk_create([result])
        expected = content([result])
        transaction.set_rollback(True)
    insert_rows([result], updates=True)
    assert content([result]) == expected
    assert Result.objects.count() == 1


@pytest.mark.parametrize("hours", [-23, -16, -5.5, 0, 5.75, 15.99, 16, 23.9])
def test_a_time_is_the_same_moment_whatever_its_offset(result: Result, hours: float) -> None:
    at = datetime(2026, 5, 4, 10, 0, 0, 123456, tzinfo=zone(timedelta(hours=hours)))
    row = Submission.objects.get(pk=result.pk)
    insert_rows([Transition(submission=row, before="received", after="checking", moved_at=at)])
    assert Transition.objects.filter(submission=row, moved_at=at).exists()


def too_long(row: Submission) -> list[models.Model]:
    return [Transition(submission=row, before="received", after="c" * 13, moved_at=timezone.now())]


def impossible(row: Submission) -> list[models.Model]:
    rows = ("checking", "withdrawn")
    return [
        Transition(submission=row, before="received", after=after, cause="check", moved_at=timezone.now())
        for after in (*rows, "accepted")
    ]


def twice(row: Submission) -> list[models.Model]:
    return [row]


@pytest.mark.parametrize(
    ("make", "error"), [(too_long, DataError), (impossible, IntegrityError), (twice, IntegrityError)]
)
def test_what_the_database_refuses_is_refused_and_nothing_of_it_stored(
    result: Result, make: Callable[[Submission], list[models.Model]], error: type[Exception]
) -> None:
    if connection.vendor == "sqlite" and error is DataError:
        error = IntegrityError  # which has no lengths, and a constraint that knows the words
    n_moves = Transition.objects.count()
    with pytest.raises(error), transaction.atomic():
        insert_rows(make(Submission.objects.get(pk=result.pk)))
    assert Transition.objects.count() == n_moves


def test_the_orm_does_the_same_where_there_are_no_arrays(
    result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_insert, "connection", type("Other", (), {"vendor": "other"}))
    mark = DueComparison(**{name: getattr(result, name) for name in names(DueComparison)})
    insert_rows([mark])
    result.duration_s = 17.0
    insert_rows([result], updates=True)
    assert mark.pk
    assert Result.objects.get().duration_s == 17.0
