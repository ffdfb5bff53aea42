"""Writes docs/performance.md out of build/bench/*.json. Run by `make performance` after the benchmarks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

AREAS = {
    "startup": "Start-up of the command",
    "record": "Decoding a statement",
    "intake": "Bundles through the door",
    "review": "Verdicts",
    "ledger": "The log",
    "cells": "Cells",
    "sampler": "What measuring costs",
    "workloads": "What the measuring loop costs",
    "lean": "The lean protocol",
}

ABOUT = {
    "startup": """Beside a bare interpreter of the same environment; the goal is 2.5 times. `verify FILE` reads a bundle
and checks signature and digests: importing msgspec and cryptography takes three quarters of it, so it misses the goal.
An environment that does more at start, such as one with import hooks, hides this: the ratio is then near 2.5.""",
    "record": """Strict decoding of one signed statement with ten windows; pydantic's classes are made from the same
definitions.""",
    "intake": """Eight clients post distinct signed bundles to gunicorn and PostgreSQL, each commit on disk before its
receipt. The limit beside it is one Starlette, uvicorn and asyncpg insert of the same bytes, with no check at all, on
as many processes: the goal is 0.5 of it. What limits ours is Python: the ORM's statements, and signature, inflating
and decoding. By 64 in a request, the limit is what the cores can verify, inflate and decode if they do nothing else:
the goal is 0.6 of it.""",
    "review": """One process judges results that lie in PostgreSQL, 64 in a transaction, as a worker does: rules,
numbers, verdicts, entries of the log, states. Beside it the rules alone over the same decoded cases. The goal is 300
results a second on a core.""",
    "ledger": """A log of a million entries in PostgreSQL: a new checkpoint after 100 more (places, tiles, root,
signature, all on disk; goal 50 ms), and one inclusion proof from the files (goal 5 ms). pymerkle keeps its tree in
memory or in an SQLite file, signs nothing and serves nothing.""",
    "cells": """Forty results to a cell in PostgreSQL. One result changes and its cell is refreshed, interval and all,
on disk; goal: a thousandth of what all cells take in SQL, nested medians by percentile_cont. Then the same among ten
times as many results; goal: 1.2 times as long. DuckDB finds the same medians from the exported evidence; goal: 10
times as fast. It uses both cores, PostgreSQL one.""",
    "sampler": """The sampler reads the energy counter and the power ten times a second in a thread beside the work,
here plain Python, which a second thread disturbs most; the NVML is simulated, each call taking 0.1 ms. Blocks of
the same work without, with, with and without the sampler. Goals: 1 % of a core, slowed by at most 0.5 %, 50 MB
for 30 minutes. An interval below 0 says that the machine's own drift is larger than what the sampler costs. What it
measures beside others is in [method](method.md).""",
    "workloads": """A window of a session with the CPU estimate and its sampler, beside a bare loop over the same loaded
model and the same queries: text classification on a BERT of random weights, one thread, so deep that a query takes
about 20 ms. Ours is set against the mean of the bare loops right before and right after it, in rounds of turning
order. So is one more bare loop: its line is the resolution, what the same comparison says where there is nothing to
find. An interval holds the median in 95 of 100. The goal is at most 1 %.""",
    "lean": """The suite `a100-2024-lean` beside `a100-2024`, on the 304 cells that run, with the study's mean durations
and made spreads of them: GPU hours by `suite estimate` and by the clock of a simulated card under the agent's own
`measure`, job after job. Goals: 23 GPU hours, a quarter of the median cell, no cell above 12 minutes. Sessions that
are drawn directly, without a card, say how often the 95 % interval holds the mean of all 1,000 queries (goal 93 to
97 %) and the mean error (0.3 %); those on the card have the meter's own errors and terms in them. The demo's models
are measured in whole and in parts on this machine. [How it works](method.md#parts-of-the-queries).""",
}


def main() -> int:
    """Write the page; an area without new figures keeps its section, and one that has none is named."""
    page = ROOT / "docs" / "performance.md"
    folder = ROOT / "build" / "bench"
    kept = _sections(page.read_text()) if page.exists() else {}
    parts = [
        "# Performance",
        "Made by `make performance` from the benchmarks' own files; medians, with lowest and highest.",
    ]
    for area, title in AREAS.items():
        file = folder / f"{area}.json"
        if file.exists():
            machine, *rows = json.loads(file.read_text())
            parts += [f"## {title}", ABOUT[area].replace("\n", " "), _table(rows), _machine(area, machine)]
        elif title in kept:
            parts.append(kept[title])
        else:
            print(f"No figures yet: run make bench-{area}.", file=sys.stderr)
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


def _machine(area: str, machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    where = f"{machine['cores']} cores of {machine['cpu']}, Python {machine['python']}"
    return f"`make bench-{area}` on {where}; {versions}."


if __name__ == "__main__":
    sys.exit(main())
