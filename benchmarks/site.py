"""What readers wait for on a large platform, beside a page of stock Django: `make bench-site`.

PostgreSQL holds about 5,000 cells and a million results (benchmarks/scale_rows.py), gunicorn serves the platform in one
process of sixteen threads with Redis beside it, and eight clients ask. Of a board, of a task's table, of the front
page, of a cell with a thousand results, of lists and of the search the program measures: cold, each address once after
a result of the board has changed and all that Redis held is gone, so that each answer is computed; warm, one address
over and over; not modified, with its tag. In the same rounds a template page of stock Django shows 100 rows of the same
tables, and the same bytes come out of the memory of a second gunicorn. Of every page of the site as it is now the
program notes the statements of a cold answer and its bytes.

BENCH_RESULTS, BENCH_CELLS, BENCH_IN_CELL, BENCH_CLIENTS, BENCH_ROUNDS, BENCH_REPEATS and BENCH_COLD change how long it
takes; 50,000 results in 500 cells are there in two minutes.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

from benchmarks import measured_platform, report, serving
from benchmarks.processor_time import Database
from benchmarks.scale import prepared_platform
from benchmarks.scale_bytes import write_answer
from benchmarks.scale_figures import Measuring, note_progress
from benchmarks.scale_place import running_place
from benchmarks.scale_servers import PLATFORM, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.scale_rows import LargePlatform
    from benchmarks.scale_servers import Web
    from joulemark_simulation.services import Services

RESULTS = int(os.environ.get("BENCH_RESULTS", "1000000"))
CELLS = int(os.environ.get("BENCH_CELLS", "5000"))
CLIENTS = int(os.environ.get("BENCH_CLIENTS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
REPEATS = int(os.environ.get("BENCH_REPEATS", "400"))
"""Requests of a round for one address that is kept."""
MAX_COLD = int(os.environ.get("BENCH_COLD", "64"))
"""Addresses of one kind that a round asks for, each once."""
RESULTS_IN_CELL = int(os.environ.get("BENCH_IN_CELL", "1000"))
OURS, STOCK, MEMORY = "joulemark", "stock Django", "the same bytes from memory"
PACKAGES = ("Django", "gunicorn", "psycopg", "redis")


@dataclass(frozen=True, kw_only=True)
class PageKind:
    """Addresses that show alike, each of them another answer; the first is asked for warm."""

    title: str
    addresses: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one round has shown: answers a second, and the seconds within which half and 99 in 100 of them came."""

    rate: float
    p50_s: float
    p99_s: float


def main() -> None:
    """Measure, print the table and write build/bench/site.json."""
    with running_place(None) as place:
        platform, environment = prepared_platform(place, cells=CELLS, largest=RESULTS)
        platform.grow(RESULTS)
        gather_results(platform, RESULTS_IN_CELL)
        note_progress(f"{platform.total:,} results are there")
        rows = list(measured(place.running, platform, environment, place.folder))
        version = measured_platform.server_version(place.running)
    report.publish("site", rows, packages=PACKAGES, is_wide=True, postgresql=version)


def gather_results(platform: LargePlatform, number: int) -> None:
    """Give the first cell so many results: those of the cells behind it, as far as they are needed."""
    from measurements.boards.services import refresh_cell
    from measurements.review.cell_key import CELL_FIELDS, CellKey
    from measurements.review.models import Result

    first = CellKey.of(Result.objects.get(pk=platform.result_id))
    emptied = []
    for cell in platform.cells[1:]:
        n_missing = number - Result.objects.of_cell(first).count()
        if n_missing <= 0:
            break
        key = replace(first, **{name: cell[name] for name in CELL_FIELDS if name in cell})
        chosen = Result.objects.of_cell(key).values_list("pk", flat=True)[:n_missing]
        Result.objects.filter(pk__in=list(chosen)).update(**first.columns)
        emptied.append(key)
    for key in (first, *emptied):
        refresh_cell(key=key)


def measured(
    running: Services, platform: LargePlatform, environment: dict[str, str], folder: Path
) -> Iterator[report.Row]:
    """Every row: the kinds of pages, stock Django, every page once, the goals."""
    from django.db import connection

    from benchmarks.scale_pages import pages_of

    kinds = page_kinds(platform)
    pages = [
        page for page in pages_of(platform) if page.title.startswith("/en/") and "as_of" not in page.title
    ]
    task = kinds[0].addresses[0].split("/")[4]
    connection.close()  # so that no backend but the servers' lives on
    database = Database.in_folder(running.folder / "data")
    bytes_folder = folder / "bytes"
    bytes_folder.mkdir()
    beside = {**environment, "PYTHONPATH": str(ROOT)}
    with (
        served("benchmarks.scale_counted:application", folder=running.folder, database=database,
               environment=environment, options=PLATFORM) as web,
        served("benchmarks.scale_bytes:application", folder=running.folder, database=database,
               environment={"BENCH_BYTES": str(bytes_folder), "PYTHONPATH": str(ROOT)}) as memory,
        served("benchmarks.scale_stock:application", folder=running.folder, database=database,
               environment=beside) as stock,
    ):  # fmt: skip
        measuring = Measuring(running=running, platform=platform, web=web, memory=memory, kept=bytes_folder)
        beside_rates = [asked(stock, [f"/cells/{task}/"], REPEATS // 4) for _ in range(ROUNDS)]
        yield from rows_of("100 cells", STOCK, "cold", beside_rates)
        stock_rate = statistics.median(each.rate for each in beside_rates)
        cold: dict[str, list[Asked]] = {}
        ratios: dict[str, list[float]] = {}
        for kind in kinds:
            cold[kind.title] = cold_rounds(measuring, kind)
            yield from rows_of(kind.title, OURS, "cold", cold[kind.title])
            yield report.row(
                kind.title,
                OURS,
                f"cold, beside {STOCK}",
                "x",
                [each.rate / stock_rate for each in cold[kind.title]],
            )
            ratios[kind.title] = []
            yield from warm_rows(measuring, kind, ratios[kind.title])
            note_progress(kind.title)
        sizes: dict[str, tuple[int, float]] = {}
        for page in pages:
            sizes[page.title] = statements, sent_kb = cost_of_page(measuring, page.address)
            yield report.row(page.title, f"{OURS}, every page", "statements", "", [statements])
            yield report.row(page.title, f"{OURS}, every page", "sent", "KB", [sent_kb])
    yield from goals(cold, ratios, sizes, stock_rate)


def page_kinds(platform: LargePlatform) -> list[PageKind]:
    """The pages that are asked for by eight clients, at addresses with a full page of rows where there are such."""
    from django.db.models import Count
    from django.urls import NoReverseMatch, reverse
    from django.utils.translation import override

    from benchmarks.scale_pages import named_cell
    from measurements.boards.models import Cell

    cell, series, named = named_cell(platform)
    counted = (
        Cell.objects.order_by().values_list("dataset__task__slug").annotate(n=Count("pk")).order_by("-n")
    )
    tasks = [(task, max(1, n // 100)) for task, n in counted]
    languages = ("en", "ru")
    of_task = f"task={cell.dataset.task.slug}&model={named['model']}"
    kinds = [
        PageKind(title="a board, 100 rows", addresses=[
            f"/{language}/boards/{series}/{task}/?page={page}"
            for task, n_pages in tasks for page, language in product(range(1, n_pages + 1), languages)
        ]),
        PageKind(title="a task's table, 100 rows", addresses=[
            f"/{language}/tasks/{task}/" + (f"?page={page}" if page > 1 else "")
            for task, n_pages in tasks for page, language in product(range(1, n_pages + 1), languages)
        ]),
        PageKind(title="the front page", addresses=[f"/{language}/" for language in languages]),
        PageKind(title="a comparison", addresses=[
            f"/{language}/compare/{cell.dataset.task.slug}/" for language in languages
        ]),
        PageKind(title=f"a cell of {RESULTS_IN_CELL:,} results", addresses=[
            f"/{language}/boards/{series}/{cell.dataset.task.slug}/cell/?{urlencode(named)}" for language in languages
        ]),
        PageKind(title="the results of a cell, page by page", addresses=[
            f"/{language}/results/?{of_task}&hardware={named['hardware']}&stratum={named['stratum']}&page={page}"
            for page, language in product(range(1, 21), languages)
        ]),
    ]  # fmt: skip
    with override("en"):
        try:
            search = reverse("search")
        except NoReverseMatch:
            return kinds
    words = list(Cell.objects.order_by().values_list("model__slug", flat=True).distinct()[:32])
    return [*kinds, PageKind(title="a search", addresses=[f"{search}?q={word}" for word in words])]


def asked(web: Web, paths: Sequence[str], number: int, *, tag: str = "") -> Asked:
    """The clients, in a process of their own, ask as often for these paths in turn. Raises RuntimeError."""
    order = {"socket": web.address, "paths": list(paths), "clients": CLIENTS, "requests": number, "tag": tag}
    command = [sys.executable, str(serving.ROOT / "benchmarks" / "reading.py")]
    done = subprocess.run(command, input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout)
    expected = {"304"} if tag else {"200"}
    if set(answer["statuses"]) != expected:
        raise RuntimeError(f"{paths[0]}: expected {expected} only, got {answer['statuses']}")
    latencies = sorted(answer["latencies"])
    return Asked(
        rate=number / float(answer["seconds"]),
        p50_s=latencies[len(latencies) // 2],
        p99_s=latencies[len(latencies) * 99 // 100],
    )


def cold_rounds(measuring: Measuring, kind: PageKind) -> list[Asked]:
    """Each address once, after a change; the first round, which loads code and templates, is left out."""
    paths = list(kind.addresses)[:MAX_COLD]
    rounds = []
    for _ in range(1 + ROUNDS):
        measuring.cool()
        rounds.append(asked(measuring.web, paths, len(paths)))
    return rounds[1:]


def warm_rows(measuring: Measuring, kind: PageKind, ratios: list[float]) -> Iterator[report.Row]:
    """One address over and over, its bytes from memory in turn, and its tag."""
    address = kind.addresses[0]
    answer = measuring.web.ask(address)
    write_answer(measuring.kept, address, answer)
    warm, alone, unmodified = [], [], []
    for _ in range(ROUNDS):
        warm.append(asked(measuring.web, [address], REPEATS))
        alone.append(asked(measuring.memory, [address], REPEATS))
        unmodified.append(asked(measuring.web, [address], REPEATS, tag=answer.headers["etag"]))
    yield from rows_of(kind.title, OURS, "warm", warm)
    yield from rows_of(kind.title, OURS, "304", unmodified)
    yield from rows_of(kind.title, MEMORY, "warm", alone)
    ratios += [ours.rate / bytes_alone.rate for ours, bytes_alone in zip(warm, alone, strict=True)]
    yield report.row(kind.title, OURS, "warm, beside memory", "x", ratios)


def cost_of_page(measuring: Measuring, address: str) -> tuple[int, float]:
    """The statements of an answer that is computed after a change, and its bytes as they are sent, in KB."""
    measuring.web.ask(address)  # the catalogue is read once by a process
    measuring.cool()
    answer = measuring.web.ask(address)
    return int(answer.headers.get("x-statements", "0")), len(answer.body) / 1e3


def rows_of(title: str, tool: str, when: str, rounds: Sequence[Asked]) -> Iterator[report.Row]:
    """Rate and latencies of some rounds."""
    yield report.row(title, tool, f"{when} rate", "1/s", [each.rate for each in rounds])
    yield report.row(title, tool, f"{when} p50", "ms", [each.p50_s * 1e3 for each in rounds])
    yield report.row(title, tool, f"{when} p99", "ms", [each.p99_s * 1e3 for each in rounds])


def goals(
    cold: dict[str, list[Asked]],
    ratios: dict[str, list[float]],
    sizes: dict[str, tuple[int, float]],
    stock_rate: float,
) -> Iterator[report.Row]:
    """How many kinds and pages meet each goal."""
    middle = {title: statistics.median(each.rate for each in rounds) for title, rounds in cold.items()}
    slowest = {title: statistics.median(each.p99_s for each in rounds) for title, rounds in cold.items()}
    met = {
        f"cold at least 10 x {STOCK}": [rate >= 10 * stock_rate for rate in middle.values()],
        "cold p99 within 60 ms": [p99_s <= 0.06 for p99_s in slowest.values()],
        "warm at least 0.9 x the bytes from memory": [
            statistics.median(each) >= 0.9 for each in ratios.values()
        ],
        "at most 100 KB sent": [sent_kb <= 100 for _, sent_kb in sizes.values()],
        "at most 12 statements": [statements <= 12 for statements, _ in sizes.values()],
    }
    for words, pages in met.items():
        yield report.row(words, "goals", "pages that meet it", f"of {len(pages)}", [sum(pages)])


if __name__ == "__main__":
    main()
