"""On SQLite too a list of results reads the latest with a value in an index: its plan, from tables without rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.models import QuerySet
from django.http import QueryDict

from measurements.boards.models import CellRevision
from measurements.intake.models import Submission
from measurements.review.filters import ResultFilter
from measurements.review.models import LISTED_BY, Result

MODELS = (Submission, Result, CellRevision)
SETTINGS = {
    "ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "OPTIONS": {}, "TIME_ZONE": None, "AUTOCOMMIT": True,
    "ATOMIC_REQUESTS": False, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "USER": "", "PASSWORD": "", "HOST": "",
    "PORT": "", "TEST": {"NAME": None},
}  # fmt: skip


@pytest.fixture
def sqlite() -> Iterator[DatabaseWrapper]:
    """A database in memory with the tables of lists and nothing else."""
    database = DatabaseWrapper(SETTINGS, alias="plans")
    with database.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
    with database.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    yield database
    database.close()


def plan(database: DatabaseWrapper, queryset: QuerySet[Any, Any]) -> str:
    """What SQLite would do for a query."""
    sql, parameters = queryset.query.get_compiler(connection=database).as_sql()
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return "\n".join(row[3] for row in cursor.fetchall())


@pytest.mark.parametrize("name", LISTED_BY)
def test_a_list_reads_the_latest_with_a_value(sqlite: DatabaseWrapper, name: str) -> None:
    chosen = ResultFilter(
        QueryDict("scope=gpu"), queryset=Submission.objects.order_by("-received_at", "result_id")
    )
    assert chosen.is_valid()
    order = chosen.qs.query.order_by
    value = 1 if Result._meta.get_field(name).is_relation else "a"
    rows = Submission.objects.filter(**{f"result__{name}": value}).order_by(*order).values_list("pk")[:51]
    steps = plan(sqlite, rows)
    assert f"USING INDEX result_{name}_latest" in steps, steps
    assert "TEMP B-TREE FOR ORDER BY" not in steps, steps


def test_a_contributor_s_list_reads_the_latest(sqlite: DatabaseWrapper) -> None:
    rows = Submission.objects.filter(key="a").order_by("-received_at", "result_id").values_list("pk")[:51]
    steps = plan(sqlite, rows)
    assert "submission_key_latest" in steps, steps
    assert "TEMP B-TREE" not in steps, steps


def test_the_version_of_a_board_at_a_time_is_one_row(sqlite: DatabaseWrapper) -> None:
    revisions = CellRevision.objects.filter(suite=1, grade="measured", updated_at__lte="2026-01-01T00:00:00Z")
    steps = plan(sqlite, revisions.order_by("-updated_at", "-version").values_list("version")[:1])
    assert "cellrevision_latest" in steps, steps
    assert "TEMP B-TREE" not in steps, steps
