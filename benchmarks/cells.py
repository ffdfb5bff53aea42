"""One cell refreshed beside all recomputed, and all rebuilt by DuckDB beside PostgreSQL: `make bench-cells`.

PostgreSQL holds a million results, then ten million, forty to a cell, each of a contributor and device of its own; rows
are copies of one real result. In the same run: the time in which one result that changed reaches its cell; a
recomputation of all cells in SQL (nested medians by percentile_cont: devices, contributors, cells); the same medians by
DuckDB over the exported evidence, which must be equal; and cells a second of the whole rebuild, intervals and all.
Indexes that none of this reads are left out while rows are made.

BENCH_RESULTS (the first size), BENCH_TIMES (how many times more the second has; 1 leaves it out) and BENCH_REFRESHES
change how long it takes.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

from benchmarks import report
from benchmarks.bulk_rows import copy_rows, drop_indexes
from benchmarks.measured_platform import environment, prepare
from joulemark_simulation.services import services

RESULTS = int(os.environ.get("BENCH_RESULTS", "1000000"))
TIMES = int(os.environ.get("BENCH_TIMES", "10"))
REFRESHES = int(os.environ.get("BENCH_REFRESHES", "300"))
WARM_UP = 10
WARM_READS = 3
CHANGES = count()
REBUILT_CELLS = 1000
TO_A_CELL = 40
ROUNDS = 5
KEY = "suite_id, dataset_id, model_id, hardware_class_id, grade, scope, stratum"
RESULT_KEY = ", ".join(f"result.{name}" for name in KEY.split(", "))
OURS, SQL = "joulemark", "percentile_cont"
KEPT_INDEXES = ("review_result_pkey", "result_cell", "intake_submission_pkey")

FULL_SQL = f"""
CREATE TABLE recomputed AS
WITH said AS (
  SELECT {RESULT_KEY}, result.contributor_id, result.device_id, ln(energy_per_query_j) AS energy
  FROM review_result result JOIN intake_submission submission ON submission.result_id = result.submission_id
  WHERE submission.state = 'accepted'
), device AS (
  SELECT {KEY}, contributor_id, device_id, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY energy) AS energy
  FROM said GROUP BY {KEY}, contributor_id, device_id
), contributor AS (
  SELECT {KEY}, contributor_id, count(*) AS devices, sum(n) AS n,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY energy) AS energy
  FROM device GROUP BY {KEY}, contributor_id
)
SELECT {KEY}, percentile_cont(0.5) WITHIN GROUP (ORDER BY energy) AS energy, min(energy) AS least,
       max(energy) AS most, count(*) AS contributors, sum(devices) AS devices, sum(n) AS results
FROM contributor GROUP BY {KEY}
"""  # noqa: S608 - constants

FULL_DUCKDB = f"""
CREATE OR REPLACE TABLE recomputed AS
WITH device AS (
  SELECT {KEY}, contributor_id, device_id, count(*) AS n, quantile_cont(ln(energy_per_query_j), 0.5) AS energy
  FROM read_parquet('$FILE') GROUP BY ALL
), contributor AS (
  SELECT {KEY}, contributor_id, count(*) AS devices, sum(n) AS n, quantile_cont(energy, 0.5) AS energy
  FROM device GROUP BY {KEY}, contributor_id
)
SELECT {KEY}, quantile_cont(energy, 0.5) AS energy, min(energy) AS least, max(energy) AS most,
       count(*) AS contributors, sum(devices) AS devices, sum(n) AS results
FROM contributor GROUP BY {KEY}
"""  # noqa: S608 - constants


def main() -> None:
    """Measure, print the table and write build/bench/cells.json."""
    with services(durable=True) as running, tempfile.TemporaryDirectory() as folder:
        ours = environment(running, folder)
        prepare(ours)
        os.environ |= {**ours, "DJANGO_SETTINGS_MODULE": "joulemark_site.settings"}
        import django

        django.setup()
        from joulemark_site.celery import keep_what_is_loaded

        keep_what_is_loaded()  # as in a worker
        report.publish("cells", measured(Path(folder)), packages=["Django", "psycopg", "numpy", "duckdb"])


def measured(folder: Path) -> list[report.Row]:
    """Every number. What is divided was measured in the same round, because other guests share a machine's time."""
    import duckdb

    make_template()
    add_results(0, RESULTS)
    case, file = f"{RESULTS:,} results", folder / "evidence.parquet"
    with duckdb.connect(
        config={"preserve_insertion_order": False}
    ) as database:  # nor does PostgreSQL preserve it
        _round(file, database)  # both are warm from here on
        rounds = [_round(file, database) for _ in range(ROUNDS)]
    small = [one for of_round in rounds for one in of_round.refreshed]
    share = [one / 1e3 / of_round.in_sql for of_round in rounds for one in of_round.refreshed]
    faster = [one.in_sql / one.in_duckdb for one in rounds]
    rows = [
        report.row(case, OURS, "refresh one cell", "ms", small),
        report.row(case, SQL, "recompute all cells", "s", [one.in_sql for one in rounds]),
        report.row(case, "one / all", "ratio of times", "x", share),
        report.row(case, "export", "evidence to Parquet", "s", [one.exported for one in rounds]),
        report.row(case, "DuckDB", "recompute all cells", "s", [one.in_duckdb for one in rounds]),
        report.row(case, f"{SQL} / DuckDB", "ratio of times", "x", faster),
        report.row(case, "rebuild", "cells a second, one process", "1/s", [rebuilt_a_second(file)]),
    ]
    return rows + growth(case) if TIMES > 1 else rows


@dataclass(frozen=True, kw_only=True)
class Round:
    """`refreshed` in milliseconds, the others in seconds."""

    refreshed: list[float]
    in_sql: float
    exported: float
    in_duckdb: float


def _round(file: Path, database: Any) -> Round:
    """Some cells refreshed, then all medians by PostgreSQL and by DuckDB from the evidence, which must be equal."""
    from measurements.boards.evidence_export import export_evidence

    refreshed = refreshes(RESULTS, REFRESHES // ROUNDS)
    in_sql = timed(recompute_in_sql)
    exported = timed(lambda: export_evidence(file))
    statement = FULL_DUCKDB.replace("$FILE", str(file))
    # the file has just been written, what PostgreSQL reads has lain in its memory all along: warm for warm
    in_duckdb = median([timed(lambda: database.execute(statement)) for _ in range(WARM_READS)])
    require_equal(database.execute("SELECT * FROM recomputed ORDER BY stratum").fetchall())
    return Round(refreshed=refreshed, in_sql=in_sql, exported=exported, in_duckdb=in_duckdb)


def rebuilt_a_second(file: Path) -> float:
    """Cells a second of the whole rebuild, intervals and all."""
    from measurements.boards.rebuild import rebuild_cells

    every = rebuild_cells(file)
    next(every)  # DuckDB has grouped by then
    return REBUILT_CELLS / timed(lambda: list(islice(every, REBUILT_CELLS)))


def growth(case: str) -> list[report.Row]:
    """The same refreshes among many more results; the smaller database is kept and measured in turn with it."""
    from django.db import connection

    large_name = connection.settings_dict["NAME"]
    small_name = f"{large_name}_small"
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{small_name}" TEMPLATE "{large_name}"')
    add_results(RESULTS, RESULTS * TIMES)
    found: dict[str, list[list[float]]] = {small_name: [], large_name: []}
    for _ in range(ROUNDS):
        for name, total in ((small_name, RESULTS), (large_name, RESULTS * TIMES)):
            connection.close()
            connection.settings_dict["NAME"] = name
            found[name].append(refreshes(total, REFRESHES // ROUNDS))
    again = f"{RESULTS * TIMES:,} results"
    large = [one for of_round in found[large_name] for one in of_round]
    ratios = [
        median(of_large) / median(of_small)
        for of_large, of_small in zip(found[large_name], found[small_name], strict=True)
    ]
    return [
        report.row(again, OURS, "refresh one cell", "ms", large),
        report.row(again, f"beside {case}", "ratio of times", "x", ratios),
    ]


def make_template() -> None:
    """One real result, of which all others are copies, and the contributors and devices of a cell."""
    from django.db import connection

    from joulemark_simulation import result_rows
    from measurements.boards.models import Cell
    from measurements.contributors.models import Device
    from measurements.review.models import Result

    result_rows.demo_catalog()
    for number in range(TO_A_CELL):
        result_rows.make_result(
            result_rows.Run(by=f"person {number}", device=f"device {number}", grade="measured")
        )
    assert Device.objects.count() == Result.objects.count() == TO_A_CELL
    assert not Cell.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # rows are consistent as they are made
        cursor.execute("CREATE TABLE template_result AS SELECT * FROM review_result")
        cursor.execute("CREATE TABLE template_submission AS SELECT * FROM intake_submission")
        cursor.execute("DELETE FROM review_result; DELETE FROM intake_submission")
        for table in ("review_result", "intake_submission"):
            drop_indexes(cursor, table, kept=KEPT_INDEXES)
        cursor.execute(
            "CREATE TABLE people AS SELECT row_number() OVER (ORDER BY contributor_id) - 1 AS n, "
            "contributor_id, device_id FROM template_result"
        )


def add_results(first: int, last: int) -> None:
    """Results `first` to `last`: each contributor's energy in a cell is drawn around 1 J with 3 %."""
    from django.db import connection

    from measurements.intake.models import Submission
    from measurements.review.models import Result

    numbers = f"generate_series({first}, {last - 1}) AS i"
    name = "lpad(to_hex(i), 64, '0')"
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        own = {
            "result_id": name,
            "trace_sha256": name,
            "bundle": "''::bytea",
            "receipt": "''::bytea",
            "leaf_id": "i",
        }
        copy_rows(cursor, Submission, "template_submission", own, numbers, "")
        energy = "exp(0.03 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))"
        own = {
            "submission_id": name,
            "contributor_id": "people.contributor_id",
            "device_id": "people.device_id",
            "energy_per_query_j": energy,
            "method_u": "0.005",
            "stratum": f"'cell ' || i / {TO_A_CELL}",
        }
        copy_rows(
            cursor, Result, "template_result", own, numbers, f"JOIN people ON people.n = i % {TO_A_CELL}"
        )
        # what the server would do behind all that follows, it does now
        for work in ("VACUUM (ANALYZE) review_result", "VACUUM (ANALYZE) intake_submission", "CHECKPOINT"):
            cursor.execute(work)


def refreshes(total: int, times: int) -> list[float]:
    """Milliseconds of each refresh after one result of a cell has changed; cells from all over the table.

    The first few, in which a connection plans its statements, are left out.
    """
    from measurements.boards.services import refresh_cell
    from measurements.review.cell_key import CellKey
    from measurements.review.models import Result

    found = []
    for number in range(times + WARM_UP):
        place = (number * 7919 * TO_A_CELL) % total
        result = Result.objects.filter(pk=f"{place:064x}")
        key = CellKey.of(result.get())
        refresh_cell(key=key)
        result.update(energy_per_query_j=1.01 + next(CHANGES) / 1e6)  # never the value that it has
        found.append(1e3 * timed(lambda key=key: refresh_cell(key=key)))
    return found[WARM_UP:]


def recompute_in_sql() -> None:
    """All cells' medians, into a table."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS recomputed")
        cursor.execute(FULL_SQL)


def require_equal(ours: list[Any]) -> None:
    """Raises SystemExit where PostgreSQL found another number."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute('SELECT * FROM recomputed ORDER BY stratum COLLATE "C"')
        theirs = cursor.fetchall()
    same = len(ours) == len(theirs) and all(
        one[:7] == other[:7]
        and one[10:] == tuple(map(int, other[10:]))
        and all(abs(a - b) <= 1e-14 for a, b in zip(one[7:10], other[7:10], strict=True))
        for one, other in zip(ours, theirs, strict=True)
    )
    if not same:
        raise SystemExit("DuckDB and PostgreSQL do not agree")


def timed(work: Any) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def median(values: list[float]) -> float:
    """The middle."""
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
