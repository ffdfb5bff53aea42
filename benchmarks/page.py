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
}

ABOUT = {
    "startup": """Beside a bare interpreter of the same environment; the goal is 2.5 times. `verify FILE` reads a bundle
and checks signature and digests: importing msgspec and cryptography takes three quarters of it, so it misses the goal.
An environment that does more at start, such as one with import hooks, hides this: the ratio is then near 2.5.""",
    "record": """Strict decoding of one signed statement with ten windows; pydantic's classes are made from the same
definitions.""",
    "intake": """Eight clients post distinct signed bundles to gunicorn and PostgreSQL, each commit on disk before its
receipt. The limit beside it is one Starlette, uvicorn and asyncpg insert of the same bytes, with no check at all, on
as many processes. The goal is 0.5 of it. What limits ours: 3 to 4 ms of Python a request, of which the ORM's
statements take about 1.5 and signature, inflating and decoding 0.7; and the log's head, which orders appends one by
one until each is on disk (decision 5).""",
}


def main() -> int:
    """Write the page; an area without a file is named and nothing is written."""
    folder = ROOT / "build" / "bench"
    missing = [area for area in AREAS if not (folder / f"{area}.json").exists()]
    if missing:
        print(f"No figures yet: run {', '.join(f'make bench-{area}' for area in missing)}.", file=sys.stderr)
        return 1
    parts = [
        "# Performance",
        "Made by `make performance` from the benchmarks' own files; medians, with lowest and highest.",
    ]
    for area, title in AREAS.items():
        machine, *rows = json.loads((folder / f"{area}.json").read_text())
        parts += [f"## {title}", ABOUT[area].replace("\n", " "), _table(rows), _machine(area, machine)]
    (ROOT / "docs" / "performance.md").write_text("\n\n".join(parts) + "\n")
    return 0


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
