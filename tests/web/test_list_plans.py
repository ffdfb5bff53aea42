"""Lists of the latest and counts of what is open read an index: the plans of SQLite, from tables without rows.

PostgreSQL's are in `test_reads_at_scale.py`, but for two whose index is large only beside a long history.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.models import QuerySet
from django.http import QueryDict

from measurements.boards.models import CellRevision
from measurements.intake.models import Submission, Ticket
from measurements.review.filters import ResultFilter
from measurements.review.models import LISTED_BY, Result

MODELS = (Ticket, Submission, Result, CellRevision)
SETTINGS = {
    "ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "OPTIONS": {}, "TIME_ZONE": None, "AUTOCOMMIT": True,
    "ATOMIC_REQUESTS": False, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "USER": "", "PASSWORD": "", "HOST": "",
    "PORT": "", "TEST": {"NAME": None},
}  # fmt: skip


@pytest.fixture
def sqlite(db: None) -> Iterator[DatabaseWrapper]:
    """A database in memory with the tables of lists and nothing else."""
    database = DatabaseWrapper(SETTINGS, alias="plans")
    with database.schema_editor(collect_sql=True, atomic=False) as editor:
        for model in MODELS:
            editor.create_model(model)
        statements = [*editor.collected_sql, *map(str, editor.deferred_sql)]
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    yield database
    database.close()


MANY_OLD_TICKETS = """
SET LOCAL session_replication_role = replica;
INSERT INTO intake_ticket
    (id, nonce, sample_seed, request_sha256, key_id, job_id, device_tag, issued_at, expires_at, leaf_id)
SELECT md5(n::text), 'n', 0, n::text, 'k', 0, 'd', '2020-01-01'::timestamptz, '2020-01-02'::timestamptz, -n
FROM generate_series(1, 3000) AS n;
SET LOCAL session_replication_role = origin;
"""
"""Without what they belong to; a table that was once found empty is read by any index, since all cost alike."""


def open_tickets() -> QuerySet[Any, Any]:
    """What the sweep counts each minute."""
    return Ticket.objects.open(at=datetime(2026, 1, 1, tzinfo=UTC)).order_by().values_list("job_id")


def versions_at_a_time() -> QuerySet[Any, Any]:
    """The version of a board at a time."""
    revisions = CellRevision.objects.filter(
        suite=1, grade="measured", updated_at__lte=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return revisions.order_by("-updated_at", "-version").values_list("version")[:1]


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


@pytest.mark.parametrize(
    ("queryset", "index"), [(open_tickets(), "ticket_expiry"), (versions_at_a_time(), "cellrevision_latest")]
)
def test_what_is_of_now_is_not_looked_for_in_all_that_was(
    sqlite: DatabaseWrapper, queryset: QuerySet[Any, Any], index: str
) -> None:
    steps = plan(sqlite, queryset)
    assert index in steps, steps
    assert "TEMP B-TREE" not in steps, steps
    with connection.cursor() as cursor:
        cursor.execute(MANY_OLD_TICKETS)
        cursor.execute("ANALYZE intake_ticket")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    steps = queryset.explain()
    assert index in steps, steps
    assert "Sort" not in steps, steps
