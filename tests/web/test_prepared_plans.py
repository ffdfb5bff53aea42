"""A statement that comes back often is planned for what it asks each time, not for an average of all it might ask.

After a few executions PostgreSQL may keep one plan of a prepared statement for every parameter. Such a plan can use no
index of a part of a table ("results without a verdict"), and would look for the oldest of none in all rows there are.
"""

from __future__ import annotations

import pytest
from django.db import connection, connections

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from joulemark_site import database_limits
from measurements.intake.models import Submission
from measurements.review.health import attempts, given_up, waiting
from tests.web.test_reads_at_scale import NAME, RECEIVED, RESULTS, copy_rows

ASKED = 12
"""More often than psycopg and PostgreSQL need to keep a statement and its plan."""
TABLE = Submission._meta.db_table


def rows_read() -> int:
    """Rows of results that this transaction has read so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = %s",
            [TABLE],
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_health_reads_no_more_rows_the_twelfth_time_than_the_first() -> None:
    demo_catalog()
    make_result(Run())
    own = {
        "result_id": NAME,
        "bundle": "''::bytea",
        "receipt": "''::bytea",
        "leaf_id": "1000000 + i",
        "received_at": RECEIVED,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # without triggers and foreign keys
        copy_rows(Submission, own)
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f"ANALYZE {TABLE}")
    read = []
    for _ in range(ASKED):
        before = rows_read()
        waiting(), given_up(), attempts()
        read.append(rows_read() - before)
    assert max(read) < RESULTS // 100, read


@pytest.mark.django_db
@pytest.mark.parametrize("role", [database_limits.WEB, database_limits.WORKER])
def test_so_does_every_connection_of_a_web_process_and_of_a_worker(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health is the example; this holds it for all that is asked."""
    options = connections.settings["default"]["OPTIONS"]
    monkeypatch.setitem(options, "options", options["options"])
    database_limits.limit_statements(role)
    own = connections.create_connection("default")
    try:
        with own.cursor() as cursor:
            cursor.execute("SHOW plan_cache_mode")
            assert cursor.fetchone() == ("force_custom_plan",)
    finally:
        own.close()
