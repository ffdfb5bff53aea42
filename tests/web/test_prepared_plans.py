"""A statement that comes back often is planned for what it asks each time, not for an average of all it might ask.

After a few executions PostgreSQL may keep one plan of a prepared statement for every parameter. Such a plan can use no
index of a part of a table ("results without a verdict"), and would look for the oldest of none in all rows there are.
"""

from __future__ import annotations

import pytest
from django.db import connection

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.intake.models import Submission
from measurements.review.health import attempts, given_up, waiting

RESULTS = 20_000
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
    columns = [field.column for field in Submission._meta.fields if field.column is not None]
    own = {
        "result_id": "lpad(to_hex(i), 64, '0')",
        "bundle": "''::bytea",
        "receipt": "''::bytea",
        "leaf_id": "t.leaf_id + i",
        "received_at": "t.received_at + i * interval '1 minute'",
    }
    chosen = ", ".join(own.get(name, f't."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # without triggers and foreign keys
        cursor.execute(
            f"INSERT INTO {TABLE} ({names}) SELECT {chosen} FROM {TABLE} t, generate_series(1, {RESULTS}) AS i"  # noqa: S608 - names of our own
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f"ANALYZE {TABLE}")
    read = []
    for _ in range(ASKED):
        before = rows_read()
        waiting(), given_up(), attempts()
        read.append(rows_read() - before)
    assert max(read) < RESULTS // 100, read
