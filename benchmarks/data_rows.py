"""A table of rows like results, 25 columns wide; the same rows as a stream, as a plain query and as an API's list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.apps.registry import Apps
from django.db import connection, models

from joulemark.release.columns import Column
from measurements.downloads.resource import Field, Order, Resource
from measurements.streams.columns import StreamColumn

if TYPE_CHECKING:
    from joulemark.release.columns import Kind

TABLE = "bench_data"


class BenchRow(models.Model):
    """One row, in a registry of its own: it belongs to no app."""

    result_id = models.CharField(max_length=64)
    leaf_index = models.BigIntegerField()
    received_at = models.DateTimeField()
    started_at = models.DateTimeField()
    contributor = models.CharField(max_length=40)
    device = models.CharField(max_length=64)
    suite = models.CharField(max_length=40)
    task = models.CharField(max_length=40)
    dataset = models.CharField(max_length=60)
    model = models.CharField(max_length=80)
    hardware = models.CharField(max_length=60)
    grade = models.CharField(max_length=10)
    scope = models.CharField(max_length=20)
    stratum = models.CharField(max_length=60)
    queries = models.BigIntegerField()
    window_count = models.IntegerField()
    duration_s = models.FloatField()
    energy_gross_j = models.FloatField()
    energy_net_j = models.FloatField(null=True)
    energy_per_query_j = models.FloatField()
    latency_p50_s = models.FloatField()
    latency_p95_s = models.FloatField()
    output_tokens = models.BigIntegerField(null=True)
    relative_u = models.FloatField(null=True)

    class Meta:
        app_label = "bench"
        db_table = TABLE
        apps = Apps()

    def __str__(self) -> str:
        return self.result_id


PLAIN = frozenset({"result_id", "contributor", "device", "suite", "task", "grade", "scope"})
"""Digests, pseudonyms and words of our own; names of models, data sets and hardware are strangers'."""
KINDS: dict[type[models.Field[Any, Any]], Kind] = {
    models.CharField: "string",
    models.BigAutoField: "int64",
    models.AutoField: "int64",
    models.BigIntegerField: "int64",
    models.IntegerField: "int64",
    models.FloatField: "float64",
    models.DateTimeField: "timestamp",
}
FIELDS = tuple(BenchRow._meta.concrete_fields)
COLUMNS = tuple(
    StreamColumn(
        name=field.name,
        kind=KINDS[type(field)],
        source=field.name,
        is_nullable=field.null,
        is_plain=field.name in PLAIN,
    )
    for field in FIELDS
)
RESOURCE = Resource(
    name="bench",
    singular="bench_row",
    description="Rows of the benchmark.",
    fields=tuple(
        Field(
            column=Column(field.name, KINDS[type(field)], field.name, nullable=field.null), source=field.name
        )
        for field in FIELDS
    ),
    rows=BenchRow._base_manager.all,
    key=(Order(source="id", kind="int"),),
    sources=(),
)
NAMES = ", ".join(str(field.column) for field in FIELDS)
PLAIN_COPY = f"COPY (SELECT {NAMES} FROM {TABLE} ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"  # noqa: S608 - names of our own
"""What a program of a few lines sends: the limit."""
INSERT = f"""
INSERT INTO {TABLE} ({NAMES})
SELECT n, md5(n::text) || md5((-n)::text), n, %(start)s::timestamptz + n * interval '7.25 seconds',
  %(start)s::timestamptz + n * interval '7 seconds', 'c-' || left(md5((n %% 997)::text), 12),
  md5((n %% 4001)::text), 'standard-1', (ARRAY['text-classification', 'question-answering', 'ner'])[1 + n %% 3],
  'dataset-' || n %% 17, 'publisher-' || n %% 40 || '/model-' || n %% 211 || '-instruct',
  'NVIDIA A100-SXM4-' || 40 * (1 + n %% 2) || 'GB', CASE WHEN n %% 5 = 0 THEN 'estimated' ELSE 'measured' END, 'gpu',
  'float16.b' || (1 << (n %% 6)::int) || '.power-default', 100 + n %% 900, 4 + n %% 5, 30 + sqrt(n),
  1000 + sin(n) * 100, nullif(900 + cos(n) * 100, 900), 0.5 + (n %% 1000) / 997.0, 0.01 + (n %% 100) / 9973.0,
  0.02 + (n %% 100) / 4999.0, CASE WHEN n %% 4 <> 0 THEN n %% 5000 END, 0.01 + (n %% 7) / 301.0
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""  # noqa: S608 - names of our own
START = datetime(2026, 1, 1, tzinfo=UTC)


def make_table() -> None:
    """Make the table, empty."""
    with connection.schema_editor() as editor:
        editor.create_model(BenchRow)


def grow(total: int) -> None:
    """Add rows until there are `total`, and have the database look at them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {TABLE}")  # noqa: S608 - a name of our own
        first = int(cursor.fetchone()[0]) + 1
        cursor.execute(INSERT, {"start": START, "first": first, "last": total})
        cursor.execute(f"VACUUM ANALYZE {TABLE}")


def table_bytes() -> int:
    """What the table takes on the disk, with its index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [TABLE])
        return int(cursor.fetchone()[0])
