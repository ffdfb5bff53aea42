"""Writes docs/performance.md out of build/bench/*.json. Run by `make performance` after the benchmarks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.report import wide_tables

AREAS = {
    "startup": "Start-up of the command",
    "record": "Decoding a statement",
    "intake": "Accepting bundles",
    "review": "Verdicts",
    "judging": "A flood of results",
    "ledger": "The log",
    "cells": "Cells",
    "scale": "Pages of a large platform",
    "site": "What readers wait for",
    "answers": "Answers that are kept",
    "sampler": "What measuring costs",
    "workloads": "What the measuring loop costs",
    "lean": "The lean protocol",
}

BUSY = (
    "These figures are of two cores that others kept busy (load about 20): processor times are up to twice, and "
    "rates a fraction, of what a quiet machine gives."
)
"""Of the areas whose last figures are such; to be left out where they are measured anew on a machine of their own."""
WIDE = {"scale", "site"}
"""Areas whose tables have a line for each case."""

ABOUT = {
    "startup": """Compared with a bare interpreter of the same environment; the goal is a ratio of 2.5. `verify
FILE` reads a bundle and checks signature and digests: importing msgspec and cryptography takes three quarters of
its time, so it misses the goal. An environment that does more at start, such as one with import hooks, masks this:
the ratio is then near 2.5.""",
    "record": """Strict decoding of one signed statement with ten windows; pydantic's classes are generated from the
same definitions.""",
    "intake": """Eight clients post distinct signed bundles to gunicorn and PostgreSQL; each commit is on disk
before its receipt. The reference limit is one Starlette, uvicorn and asyncpg insert of the same bytes, without any
check, on as many processes: the goal is 0.5 of it. The bottleneck is Python: the ORM's statements, and signature,
inflating and decoding. With 64 bundles per request, the limit is what the cores can verify, inflate and decode if
they do nothing else: the goal is 0.6 of it.""",
    "review": """One process judges results stored in PostgreSQL, 64 per transaction, as a worker does: rules,
numbers, verdicts, log entries, states. Compared with the rules alone over the same decoded cases. The goal is 300
results a second on one core.""",
    "judging": f"""As many results of one cell as the table says lie in PostgreSQL and their messages in the queue;
one worker process with its beat drains them, as an operator starts it, while every five seconds somebody else sends
a result of another cell. Goals: 100 results a second, a verdict on each other result within 10 s, and a queue that
does not grow with the flood. Then 64 of the largest bundles that the door takes in one message; goal: the worker
stays under 500 MB. {BUSY}""",
    "ledger": """A log of a million entries in PostgreSQL: a new checkpoint after 100 more entries (indexes, tiles,
root, signature, all on disk; goal 50 ms), and one inclusion proof from the files (goal 5 ms). pymerkle keeps its
tree in memory or in an SQLite file, signs nothing and serves nothing.""",
    "cells": """Forty results per cell in PostgreSQL. One result changes and its cell is refreshed, including its
interval, on disk; goal: a thousandth of the time that all cells take in SQL, nested medians by percentile_cont. The
same with ten times as many results; goal: 1.2 times as long. DuckDB computes the same medians from the exported
evidence; goal: 10 times as fast. It uses both cores, PostgreSQL one.""",
    "scale": f"""PostgreSQL holds as many results as each table says, in about 5,000 cells of the 2024 study's suite
on eight cards, with contributors, devices, verdicts, agreements, tickets, log and history; gunicorn serves the
platform in one process of sixteen threads. CPU is the kernel's count for that process and for PostgreSQL's, per
answer. Cold: a result of the board has just changed and the shared cache is empty, so that the answer is computed as
a whole; what the process has loaded is there, and so are rows of tables and marks of plots that it wrote for an earlier
answer and that have not changed. Warm: the same again; renewed: after such a change, once a worker has computed what is
read often. Growth is the larger size divided by the smaller, of both processes together. An empty place means that
the page takes more than two seconds and was not
asked by sixteen clients. Stock Django is a ListView that shows 100 rows of the same tables; from memory, the same
bytes are sent by a WSGI application of a few lines. Goals, for every page and download: at most 100 ms of CPU cold
and 5 ms warm, 200 MB for the process, 500 KB raw, growth of at most 1.3, at least 0.9 times the rate from memory; a
board, cold or renewed, costs at most a tenth of stock Django's list. Stock Django keeps nothing, so that its one figure
stands beside both. Cold, a board misses that goal by far and costs several times what the list costs: the list is
thirteen columns of text, the board of as many rows has places, scores, links, plots with every row in them, and words
about each group. No page that is computed as a whole can cost a tenth of a shorter one in the same language; renewed,
which is what readers of a board meet a few seconds after a change and from then on, a board meets the goal. Cold is
what the first reader of a rarely read page pays. Pictures miss the goal because they are drawn: nearly all of their
time is the library's that turns the plot into pixels. Whole boards as files miss that of bytes, having every row by
contract; the same rows come by pages of a hundred. What grows how: lists read a page of rows out
of an index, whatever they are narrowed by, and count up to 1,000; health counts up to 10,000; comparisons, the
front page and counts of jobs are stored rows. So of the platform's results alone no page grows; of those in one
cell that cell's page does, and what a contributor asks of a result's standing. With cells grow a whole board (0.3
ms a row), the list of boards and a board at a time (one look into an index for each cell, however long the
history), and needed work with jobs; with its number a page of a list, which reads the keys of all before it. Ten
million need 48 GB and an hour to fill: a run may measure one size and compute growth from an earlier run of the same
versions (`benchmarks/scale.py --growth-from`), whose tables then stand first. A cold answer is asked three times and
the median counts: one of a few milliseconds scatters by several times.
{BUSY}""",
    "site": f"""The platform of the section above, with 1,000 results in one cell; eight clients ask one process of
sixteen threads. Cold: after a result has changed and the shared cache is empty, each address of a kind once; warm:
one address over and over; 304: the same with its tag. Stock Django is a template page of 100 rows of the same tables,
asked in the same run. Goals: cold at least ten times its rate and within 60 ms for 99 of 100 answers, warm at least
0.9 times the same bytes from memory, every page at most 100 KB as it is sent and at most 12 statements, whatever the
rows.
{BUSY}""",
    "answers": f"""Processor time of one request to a board page, in one process with the whole stack of middleware and
PostgreSQL: computed because a title has changed; kept by another process, in Redis; kept by this one; and for a reader
who has it. Compared with a view in the same stack that returns the same compressed bytes from memory; the goal is 0.9
of its rate. Every request of either asks PostgreSQL once for the versions of tables.
{BUSY}""",
    "sampler": """The sampler reads the energy counter and the power ten times a second in a thread beside the work.
The work is plain Python, which a second thread disturbs most; NVML is simulated, and each call takes 0.1 ms. Blocks
of the same work run without, with, with and without the sampler. Goals: 1 % of a core, a slowdown of at most 0.5 %,
50 MB for 30 minutes. An interval below 0 means that the machine's own drift exceeds the sampler's cost. For the
accuracy of the measurements compared with other tools, see [method](method.md).""",
    "workloads": """A window of a session with the CPU estimate and its sampler, compared with a bare loop over the
same loaded model and the same queries: text classification on a BERT of random weights, one thread, deep enough
that a query takes about 20 ms. Each session is compared with the mean of the bare loops directly before and after
it, in rounds of alternating order. So is one more bare loop: its row shows the resolution of the comparison where
there is no difference. An interval contains the median in 95 of 100 cases. The goal is at most 1 %.""",
    "lean": """The suite `a100-2024-lean` compared with `a100-2024`, on the 304 jobs that run, with the study's
mean durations and simulated spreads: GPU hours by `suite estimate` and by the clock of a simulated card under the
agent's own `measure`, job after job. Goals: 23 GPU hours, a quarter of the median job, no job above 12 minutes.
Sessions that are drawn directly, without a card, show how often the 95 % interval contains the mean of all 1,000
queries (goal 93 to 97 %) and the mean error (0.3 %); those on the card include the meter's own errors and
uncertainty terms. The demo's models are measured in whole and in parts on this machine. [How it
works](method.md#parts-of-the-queries).""",
}


def main() -> int:
    """Write the page; an area without new results keeps its section; the first one that has neither is an error."""
    page = ROOT / "docs" / "performance.md"
    folder = ROOT / "build" / "bench"
    kept = _sections(page.read_text()) if page.exists() else {}
    parts = [
        "# Performance",
        "Generated by `make performance` from the benchmarks' output; medians, with lowest and highest.",
    ]
    for area, title in AREAS.items():
        file = folder / f"{area}.json"
        if file.exists():
            machine, *rows = json.loads(file.read_text())
            table = _wide_tables(rows) if area in WIDE else _table(rows)
            parts += [f"## {title}", ABOUT[area].replace("\n", " "), table, _machine(area, machine)]
        elif title in kept:
            parts.append(kept[title])
        else:
            print(f"No results yet: run make bench-{area}.", file=sys.stderr)
            return 1
    page.write_text("\n\n".join(parts) + "\n")
    return 0


def _sections(text: str) -> dict[str, str]:
    """The page's sections by their titles."""
    parts = text.split("\n## ")[1:]
    return {part.split("\n", 1)[0]: f"## {part.strip()}" for part in parts}


def _table(rows: list[dict[str, Any]]) -> str:
    head = "| Case | Tool | | Median | Lowest to highest |\n|---|---|---|---|---|"
    lines = [
        f"| {r['case']} | {r['tool']} | {r['metric']} | {r['value']:.3g} {r['unit']} "
        f"| {r['spread'][0]:.3g} to {r['spread'][1]:.3g} |"
        for r in rows
    ]
    return "\n".join([head, *lines])


def _wide_tables(rows: list[dict[str, Any]]) -> str:
    """Medians alone, a table for each tool."""
    tables = []
    for head, *lines in wide_tables(rows):
        marks = ["---"] * len(head)
        tables.append("\n".join("| " + " | ".join(cells) + " |" for cells in (head, marks, *lines)))
    return "\n\n".join(tables)


def _machine(area: str, machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    where = f"{machine['cores']} cores of {machine['cpu']}, Python {machine['python']}"
    return f"`make bench-{area}` on {where}; {versions}."


if __name__ == "__main__":
    sys.exit(main())
