"""Whole lists as files beside the fastest known ways to them, in one run: `make bench-data`.

A table of a million rows of 25 columns lies in PostgreSQL. In the same rounds: live CSV and JSON Lines beside
psycopg's COPY TO of the same rows; Parquet beside the fastest of three library ways; CSV over HTTP, live and out of
files that were made before; the API's page of 100 rows beside a ModelSerializer of stock Django REST framework. Once:
Datasette's stream of the same rows. Then the memory of a process that streams, above what it had at its start, at a
million rows and at ten.

BENCH_ROWS (the first size), BENCH_TIMES (how many times more the second has; 1 leaves it out) and BENCH_ROUNDS change
how long it takes. The second size is left out, in a sentence, where the disk has no room for it.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

from benchmarks import report
from benchmarks.measured_platform import environment, server_version
from benchmarks.serving import TIED
from joulemark_simulation.services import services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
TIMES = int(os.environ.get("BENCH_TIMES", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
OURS, COPY, DATASETTE, STOCK = "joulemark", "psycopg COPY TO", "Datasette", "stock ModelSerializer"
FORMS = ("csv", "jsonl", "parquet")
PAGES = 20
"""Lists of 100 rows in one round."""
PACKAGES = ("Django", "djangorestframework", "psycopg", "pyarrow", "duckdb", "datasette", "gunicorn")


def main() -> None:
    """Measure, print the table and write build/bench/data.json.

    There is Redis, and so a queue: without one gunicorn would sweep tables of the platform, which are not here.
    """
    with services() as running, tempfile.TemporaryDirectory() as folder:
        os.environ |= environment(running, folder) | {"DJANGO_SETTINGS_MODULE": "joulemark_site.settings"}
        import django

        django.setup()
        from benchmarks import data_rows

        data_rows.make_table()
        rows = list(measured(running.database_url or "", Path(folder)))
        version = server_version(running)
    report.publish("data", rows, packages=PACKAGES, postgresql=version)


def measured(address: str, folder: Path) -> Iterator[report.Row]:
    """Every number."""
    from benchmarks.data_rows import grow

    grow(ROWS)
    yield from live_streams(address, folder)
    yield from over_http(address, folder)
    yield from lists()
    yield from memory(ROWS)
    if TIMES > 1 and has_room(folder):
        grow(ROWS * TIMES)
        yield from memory(ROWS * TIMES)


def has_room(folder: Path) -> bool:
    """Whether the disk has twice what the larger table takes, for its write-ahead log; says so where it has not."""
    from benchmarks.data_rows import table_bytes

    needed, free = 2 * TIMES * table_bytes(), shutil.disk_usage(folder).free
    if needed > free:
        print(
            f"{ROWS * TIMES:,} rows are left out: they need {needed / 1e9:.1f} GB, and the disk has {free / 1e9:.1f}."
        )
    return needed <= free


def live_streams(address: str, folder: Path) -> Iterator[report.Row]:
    """The three forms beside their limits. What is divided was measured in the same round."""
    from benchmarks.data_peers import PARQUET_WAYS, copy_to

    ways: dict[str, Callable[[], object]] = {COPY: lambda: copy_to(address)}
    ways |= {form: lambda form=form: stream(form, folder) for form in FORMS}  # type: ignore[misc]  # bound now
    ways |= {
        name: lambda write=write: write(address, folder / "peer.parquet")  # type: ignore[misc]  # the same
        for name, write in PARQUET_WAYS.items()
    }
    times = rounds(ways)
    fastest = min(PARQUET_WAYS, key=lambda name: statistics.median(times[name]))
    case = f"{ROWS:,} x 25"
    for name, seconds in times.items():
        tool, what = (OURS, f"{case} {name}") if name in FORMS else (name, case)
        yield report.row(what, tool, "rate", "rows/s", [ROWS / each for each in seconds])
    limits = {"csv": COPY, "jsonl": COPY, "parquet": fastest}
    for form, limit in limits.items():
        shares = [theirs / ours for ours, theirs in zip(times[form], times[limit], strict=True)]
        yield report.row(f"{case} {form}", f"{OURS} / {limit}", "ratio of rates", "x", shares)


def rounds(ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of each way in each round; a first round is not counted."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, run in ways.items():
            begun_s = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - begun_s)
    return times


def stream(form: str, folder: Path) -> int:
    """All rows in one form: Parquet into a file, as its peers do; the bytes of text are counted."""
    from benchmarks.data_rows import COLUMNS, BenchRow
    from measurements.streams.row_stream import RowStream

    pieces = RowStream(BenchRow._base_manager.order_by("id"), COLUMNS, form)  # type: ignore[arg-type]  # of FORMS
    try:
        if form != "parquet":
            return sum(map(len, pieces))
        with (folder / "ours.parquet").open("wb") as file:
            return sum(map(file.write, pieces))
    finally:
        pieces.close()


def over_http(address: str, folder: Path) -> Iterator[report.Row]:
    """The live stream, files that were made before, and Datasette, each read by the same client."""
    from benchmarks.data_peers import copy_to, datasette, fetch, has_datasette
    from benchmarks.data_rows import TABLE, BenchRow

    for form in ("csv", "parquet"):
        with (folder / f"made.{form}").open("wb") as file:
            file.writelines(_pieces(form))
    (folder / "made.csv.gz").write_bytes(gzip.compress((folder / "made.csv").read_bytes(), 6))
    case = f"{ROWS:,} x 25 over HTTP"
    with served(folder) as port:
        ways: dict[str, Callable[[], object]] = {COPY: lambda: copy_to(address)}
        ways |= {f"{OURS}, live": lambda: fetch(port, "/live/csv")}
        for form in ("csv", "csv.gz", "parquet"):
            ways[f"{OURS}, made.{form}"] = lambda form=form: fetch(port, f"/made.{form}")  # type: ignore[misc]  # the same
        if not has_datasette():
            print("Datasette is not installed: its rows are left out.")
            yield from http_rows(case, rounds(ways))
            return
        rows = BenchRow._base_manager.order_by("id").values_list().iterator()
        plain = (tuple(str(v) if hasattr(v, "isoformat") else v for v in row) for row in rows)
        with datasette(folder, plain) as other:
            times = rounds(ways)
            begun_s = time.perf_counter()
            fetch(other, f"/data/{TABLE}.csv?_stream=1")
            yield from http_rows(case, times | {DATASETTE: [time.perf_counter() - begun_s]})


def http_rows(case: str, times: dict[str, list[float]]) -> Iterator[report.Row]:
    """Rates, and ratios to the live stream's and the files' limits; Datasette, slow as it is, has one round."""
    for name, seconds in times.items():
        yield report.row(case, name, "rate", "rows/s", [ROWS / each for each in seconds])
    for ours in (name for name in times if name.startswith(OURS)):
        shares = [limit / own for own, limit in zip(times[ours], times[COPY], strict=True)]
        yield report.row(case, f"{ours} / {COPY}", "ratio of rates", "x", shares)
    if DATASETTE in times:
        live = f"{OURS}, live"
        shares = [times[DATASETTE][0] / own for own in times[live]]
        yield report.row(case, f"{live} / {DATASETTE}", "ratio of rates", "x", shares)


def _pieces(form: str) -> Iterator[bytes]:
    from benchmarks.data_rows import COLUMNS, BenchRow
    from measurements.streams.row_stream import RowStream

    pieces = RowStream(BenchRow._base_manager.order_by("id"), COLUMNS, form)  # type: ignore[arg-type]  # of FORMS
    yield from pieces
    pieces.close()


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """gunicorn with the platform's configuration, serving benchmarks/data_served.py; yields its port."""
    from benchmarks.data_peers import _await_port, _free_port

    port = _free_port()
    config = ROOT / "platform" / "joulemark_site" / "gunicorn.py"
    words = [sys.executable, "-m", "gunicorn", "--config", str(config), "--bind", f"127.0.0.1:{port}"]
    words += ["--threads", "4", "benchmarks.data_served:application"]
    paths = os.pathsep.join(str(ROOT / place) for place in ("", "agent", "platform", "simulation"))
    own = {**os.environ, "BENCH_FILES": str(folder), "PYTHONPATH": paths}
    with subprocess.Popen([*TIED, *words], cwd=ROOT, env=own) as server:
        try:
            _await_port(port)
            yield port
        finally:
            server.terminate()


def lists() -> Iterator[report.Row]:
    """The API's page of 100 rows beside stock, query and all."""
    from benchmarks.data_peers import stock_list

    ways: dict[str, Callable[[], object]] = {
        OURS: lambda: [our_list() for _ in range(PAGES)],
        STOCK: lambda: [stock_list() for _ in range(PAGES)],
    }
    times = rounds(ways)
    for name, seconds in times.items():
        yield report.row("list of 100 rows", name, "time", "ms", [each / PAGES * 1e3 for each in seconds])
    shares = [theirs / ours for ours, theirs in zip(times[OURS], times[STOCK], strict=True)]
    yield report.row("list of 100 rows", f"{STOCK} / {OURS}", "ratio of times", "x", shares)


def our_list() -> bytes:
    """The first page as `resource_views` answers."""
    from benchmarks.data_rows import RESOURCE
    from measurements.downloads.resource import Query
    from measurements.downloads.resource_cursor import read_page
    from measurements.web.simulated import RowsJsonRenderer

    page = read_page(Query(resource=RESOURCE, fields=RESOURCE.fields))
    data = {"resource": "bench", "next": page.next_cursor, "rows": page.rows}
    written: bytes = RowsJsonRenderer().render(data, "application/json", {})
    return written


def memory(total: int) -> Iterator[report.Row]:
    """How much more memory a process has while it streams than after its first block."""
    for form in FORMS:
        words = [sys.executable, str(Path(__file__).with_name("data_memory.py")), form]
        done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
        grown = json.loads(done.stdout)
        case = f"{total:,} x 25 {form}"
        yield report.row(case, OURS, "memory above its start", "MB", [grown["above_start"] / 1e6])
        yield report.row(case, OURS, "memory above its first block", "MB", [grown["above_first"] / 1e6])


if __name__ == "__main__":
    main()
