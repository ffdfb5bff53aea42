"""What every page and download costs on a large platform, at a million results and at ten: `make bench-scale`.

PostgreSQL holds about 5,000 cells with all that belongs to them (benchmarks/scale_rows.py); gunicorn serves the
platform in one process of sixteen threads, with Redis beside it. Of every address that answers GET, with code and
templates loaded, the program measures: cold, which is after a result of the board has changed and all that Redis held
is gone; warm, the same once more; renewed, which is after such a change once the platform's own tasks have run; and
cold and warm with sixteen clients at once. Processor time is the kernel's, of the web process and of the database's
backends. Beside it stand, in the same rounds, the same bytes out of the memory of a second gunicorn, and a ListView of
stock Django that shows 100 rows of the same tables.

What takes longer than BENCH_PATIENCE seconds is asked twice and not by sixteen clients. BENCH_RESULTS (the first size),
BENCH_TIMES (how many times more the second has; 1 leaves it out), BENCH_CELLS and BENCH_ROUNDS change how long it
takes. A size for which the disk has no room is left out, with a sentence that says so. With BENCH_FOLDER the filled
platform stays in that folder and the next run goes on with it; --fill RESULTS only fills it. A run of one size
(BENCH_TIMES=1) computes growth from an earlier run's, and shows both: --growth-from takes the scale.json of that one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

from benchmarks import measured_platform, report
from benchmarks.processor_time import Database
from benchmarks.scale_figures import BESIDE_MEMORY, Measuring, note_progress, stock_figures
from benchmarks.scale_growth import OURS, FormerRunUnusable, growth_between, growth_of, read_former_run
from benchmarks.scale_place import FolderUnusable, running_place
from benchmarks.scale_suite import write_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scale_figures import Figures
    from benchmarks.scale_growth import FormerRun
    from benchmarks.scale_place import Place
    from benchmarks.scale_rows import LargePlatform

RESULTS = int(os.environ.get("BENCH_RESULTS", "1000000"))
TIMES = int(os.environ.get("BENCH_TIMES", "10"))
CELLS = int(os.environ.get("BENCH_CELLS", "5000"))
FREE_BYTES = 5 * 10**9
"""That a disk must have left over."""
STOCK = "stock Django"
BOARD = "/en/boards/{series}/{task}/"
GOALS = (
    ("cold CPU of the web process under 100 ms", "cold CPU", 100.0),
    ("warm CPU of the web process under 5 ms", "warm CPU", 5.0),
    ("renewed CPU of the web process under 5 ms", "renewed CPU", 5.0),
    ("peak memory under 200 MB", "peak memory", 200.0),
    ("under 500 KB raw", "raw", 500.0),
    ("warm at least 0.9 x the bytes from memory", BESIDE_MEMORY, 0.9),
)
"""Words, metric and limit of each goal; a page of which it was not measured does not meet it."""
PACKAGES = ("Django", "djangorestframework", "gunicorn", "psycopg", "redis")


def main() -> None:
    """Measure, print the table and write build/bench/scale.json; with --fill only fill BENCH_FOLDER."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--fill", type=int, metavar="RESULTS", help="fill BENCH_FOLDER with so many, and measure nothing"
    )
    parser.add_argument(
        "--growth-from", type=Path, metavar="FILE", help="the scale.json of an earlier run, of another size"
    )
    chosen = parser.parse_args()
    fill = chosen.fill
    folder, largest = os.environ.get("BENCH_FOLDER"), RESULTS * TIMES
    if fill is not None and (folder is None or fill > largest):
        parser.error(
            "--fill needs BENCH_FOLDER, and no more results than BENCH_RESULTS x BENCH_TIMES, for which it is made."
        )
    former = None
    if chosen.growth_from is not None:
        if TIMES != 1:
            parser.error(
                "--growth-from is for a run of one size: set BENCH_TIMES=1 and BENCH_RESULTS to the size."
            )
        versions = report.machine(*PACKAGES)["versions"]
        try:
            former = read_former_run(chosen.growth_from, total=RESULTS, versions=versions)
        except FormerRunUnusable as error:
            parser.error(str(error))
    with running_place(folder) as place:
        try:
            platform, environment = prepared_platform(place, cells=CELLS, largest=largest)
        except FolderUnusable as error:
            parser.error(str(error))
        if fill is not None:
            place.grow(platform, max(fill, platform.total))
            return
        rows = [*(former.rows if former else ()), *measured(place, platform, environment, former)]
        version = measured_platform.server_version(place.running)
    report.publish("scale", rows, packages=PACKAGES, is_wide=True, postgresql=version)


def prepared_platform(place: Place, *, cells: int, largest: int) -> tuple[LargePlatform, dict[str, str]]:
    """A platform that can grow to `largest` results in about so many cells, and the environment of its processes.

    Raises scale_place.FolderUnusable.
    """
    environment = measured_platform.environment(place.running, str(place.folder)) | {
        "DJANGO_SETTINGS_MODULE": "joulemark_site.settings",
        "JOULEMARK_RATES": f"{measured_platform.UNLIMITED},rows=100000000/h",
    }
    os.environ |= environment
    prepare = [sys.executable, "manage.py", "prepare"]
    subprocess.run(prepare, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    import django

    django.setup()
    from benchmarks.scale_rows import LargePlatform
    from joulemark.suite import open_suite
    from joulemark.suite.archive import encode_archive
    from joulemark.suite.loader import files_of
    from joulemark_site.celery import app
    from measurements.intake.suite_services import hand_out_suite

    app.conf.task_always_eager = True  # what workers would do, this process does at once
    folder = place.folder / "suite"
    suite = open_suite(str(folder)) if folder.exists() else write_suite(folder)
    platform = place.stored_platform(suite, largest=largest)
    if platform is None:
        hand_out_suite(archive=encode_archive(files_of(folder)))
        platform = LargePlatform(suite=suite, n_cells=cells, largest=largest)
        place.begin(platform)
    return platform, environment


def measured(
    place: Place, platform: LargePlatform, environment: dict[str, str], former: FormerRun | None = None
) -> Iterator[report.Row]:
    """Every row: size by size with how many pages meet each goal, then how the costs have grown, since `former` too."""
    by_size: dict[int, list[Figures]] = {}
    for total in (RESULTS,) if TIMES == 1 else (RESULTS, RESULTS * TIMES):
        if total < platform.total:
            print(f"{place.folder} has {platform.total:,} results already: {total:,} are left out.")
            continue
        if not has_room(place.database, total - platform.total):
            continue
        place.grow(platform, total)
        note_progress(f"{total:,} results are there")
        by_size[total], stock = measured_size(place, platform, environment)
        for figures in (*by_size[total], *stock):
            yield from figures.rows(f"{STOCK if figures in stock else OURS}, {total:,}")
        yield from goals(by_size[total], stock, total)
    if len(by_size) == 2:
        for before, after in zip(*by_size.values(), strict=True):
            yield from growth_of(before, after)
    elif former is not None and by_size:
        ((size, of_size),) = by_size.items()
        yield from growth_between(former, size, of_size)


def has_room(folder: Path, more: int) -> bool:
    """Whether the disk has room for so many more results; says so where it has not."""
    from benchmarks.scale_rows import BYTES_A_RESULT

    needed, free = more * BYTES_A_RESULT + FREE_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        print(
            f"{more:,} more results need about {needed / 1e9:.0f} GB, and {folder} has {free / 1e9:.0f} GB: this size "
            "is left out. Free some, or set TMPDIR to a folder on a larger disk."
        )
    return needed <= free


def measured_size(
    place: Place, platform: LargePlatform, environment: dict[str, str]
) -> tuple[list[Figures], list[Figures]]:
    """Every page of the platform as it is, and the pages of stock Django."""
    from django.db import connection

    from benchmarks.scale_pages import pages_of
    from benchmarks.scale_servers import PLATFORM, served

    pages = pages_of(platform)
    task = next(page.address for page in pages if page.title == "/en/compare/{task}/").split("/")[3]
    connection.close()  # so that no backend but the servers' lives on
    database = Database.in_folder(place.database)
    folder, bytes_folder = (place.running.folder / f"{name}-{platform.total}" for name in ("served", "bytes"))
    folder.mkdir()
    bytes_folder.mkdir()
    with (
        served("benchmarks.scale_counted:application", folder=folder, database=database,
               environment=environment, options=PLATFORM) as web,
        served("benchmarks.scale_bytes:application", folder=folder, database=database,
               environment={"BENCH_BYTES": str(bytes_folder), "PYTHONPATH": str(ROOT)}) as memory,
        served("benchmarks.scale_stock:application", folder=folder, database=database,
               environment={**environment, "PYTHONPATH": str(ROOT)}) as stock,
    ):  # fmt: skip
        measuring = Measuring(
            running=place.running, platform=platform, web=web, memory=memory, kept=bytes_folder
        )
        figures = [measuring.page(page) for page in pages]
        beside = [
            stock_figures(stock, "100 cells", f"/cells/{task}/"),
            stock_figures(stock, "100 results", "/results/"),
        ]
    return figures, beside


def goals(pages: list[Figures], stock: list[Figures], total: int) -> Iterator[report.Row]:
    """How many pages meet each goal, and the board beside stock Django."""
    for words, metric, limit in GOALS:
        values = [value for page in pages if (value := page.middle(metric)) is not None]
        met = sum(value >= limit if metric == BESIDE_MEMORY else value <= limit for value in values)
        yield report.row(words, f"goals, {total:,}", "pages that meet it", f"of {len(pages)}", [met])
    board = next(page for page in pages if page.title == BOARD)
    for when in ("cold", "renewed"):
        if board.both_ms(when):
            ratio = stock[0].cold_ms / board.both_ms(when)
            yield report.row(BOARD, f"{STOCK} / {OURS}, {total:,}", f"{when} CPU", "x", [ratio])


if __name__ == "__main__":
    main()
