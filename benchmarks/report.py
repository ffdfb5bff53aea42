"""What every benchmark writes: a table on stdout and build/bench/<area>.json, the machine and the versions first."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("JOULEMARK_BENCH_FOLDER") or ROOT / "build" / "bench")
"""Where the figures go; tests name another folder, so that they leave the last figures alone."""


@dataclass(frozen=True)
class Row:
    """One number: what was done, by which tool, in which unit; `spread` is (lowest, highest) over the rounds."""

    case: str
    tool: str
    metric: str
    value: float
    unit: str
    spread: tuple[float, float]


def row(case: str, tool: str, metric: str, unit: str, values: Sequence[float]) -> Row:
    """The median of several rounds, with their spread."""
    return Row(case, tool, metric, statistics.median(values), unit, (min(values), max(values)))


def machine(*packages: str) -> dict[str, Any]:
    """The machine and the versions of `packages`; one that is not installed is null."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in packages},
    }


def publish(
    area: str, rows: Sequence[Row], *, packages: Sequence[str], is_wide: bool = False, **versions: str
) -> None:
    """Print the table and write the file; `versions` are of what is no Python package.

    A wide table has a line for each case and tool, with medians alone.
    """
    file = FOLDER / f"{area}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    described = machine(*packages)
    described["versions"] |= versions
    file.write_text(json.dumps([described, *map(asdict, rows)], indent=1) + "\n")
    if is_wide:
        for table in wide_tables([asdict(r) for r in rows]):
            print_aligned(table)
        print(f"written to {file}")
        return
    widths = [
        max(len(r.case) for r in rows),
        max(len(r.tool) for r in rows),
        max(len(r.metric) for r in rows),
    ]
    for r in rows:
        names = f"{r.case:<{widths[0]}}  {r.tool:<{widths[1]}}  {r.metric:<{widths[2]}}"
        print(f"{names}  {r.value:>10.4g} {r.unit}  ({r.spread[0]:.4g} to {r.spread[1]:.4g})")
    print(f"written to {file}")


def wide_tables(rows: Sequence[Mapping[str, Any]]) -> list[list[list[str]]]:
    """A table for each tool, in the order of their first rows: a head of metrics, a line for each case, medians."""
    tools: dict[str, dict[str, dict[str, str]]] = {}
    for r in rows:
        unit = f" {r['unit']}" if r["unit"] else ""
        tools.setdefault(r["tool"], {}).setdefault(r["case"], {})[r["metric"]] = f"{r['value']:.3g}{unit}"
    tables = []
    for tool, cases in tools.items():
        metrics = list(dict.fromkeys(metric for values in cases.values() for metric in values))
        lines = [[case, *(values.get(metric, "") for metric in metrics)] for case, values in cases.items()]
        tables.append([[tool, *metrics], *lines])
    return tables


def print_aligned(table: Sequence[Sequence[str]]) -> None:
    """A table with its columns below each other, and an empty line."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print()


def _cpu() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
