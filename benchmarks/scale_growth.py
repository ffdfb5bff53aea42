"""How costs grow between two sizes of benchmarks/scale.py, which one run has measured or two runs.

Ten million results take an hour to fill, so that a machine may measure one size in a run: the figures of the other are
read out of the file that the earlier run wrote.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import report
from benchmarks.scale_figures import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OURS, GROWTH = "joulemark", "growth"
"""Tools: the platform at a size is `OURS`, a comma and the size."""
UNUSABLE = (
    "{file} is no scale.json of an earlier run: {why}. Name a file that `make bench-scale` has written."
)


class FormerRunUnusable(Exception):
    """The file of an earlier run cannot be compared with this one; `str(error)` says what to do next."""


@dataclass(frozen=True, kw_only=True)
class FormerRun:
    """The smallest size that an earlier run has measured beside that of now: its figures, and all rows about it."""

    total: int
    figures: list[Figures]
    rows: list[report.Row]


def read_former_run(file: Path, *, total: int, versions: dict[str, Any]) -> FormerRun:
    """The earlier run to which this one, with `total` results, is compared.

    Raises FormerRunUnusable for what is no such file, has no other size, or was measured with other versions.
    """
    try:
        machine, *entries = json.loads(file.read_text(encoding="utf-8"))
        used = {name: machine["versions"].get(name) for name in versions}
        rows = [report.Row(**{**entry, "spread": tuple(entry["spread"])}) for entry in entries]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormerRunUnusable(UNUSABLE.format(file=file, why=error)) from error
    if used != versions:
        raise FormerRunUnusable(
            f"{file} was measured with {used}, and now there are {versions}: measure both sizes with the same ones."
        )
    sizes = {size for row in rows if (size := _size_of(row.tool)) is not None}
    if not sizes - {total}:
        raise FormerRunUnusable(
            f"{file} has no other size than {total:,} results: measure another one first, or set BENCH_RESULTS."
        )
    chosen = min(sizes - {total})
    return FormerRun(
        total=chosen,
        figures=_figures(row for row in rows if _size_of(row.tool) == chosen),
        rows=[row for row in rows if row.tool.endswith(f", {chosen:,}")],
    )


def growth_between(former: FormerRun, total: int, figures: Sequence[Figures]) -> Iterator[report.Row]:
    """How the costs at `total` results compare with the earlier run's, of the addresses that both have measured."""
    by_title = {each.title: each for each in former.figures}
    for each in figures:
        other = by_title.get(each.title)
        if other is not None:
            yield from growth_of(*((other, each) if former.total < total else (each, other)))


def growth_of(small: Figures, large: Figures) -> Iterator[report.Row]:
    """The larger size over the smaller one: CPU of both processes, bytes and memory of an address."""
    if small.cold_ms:
        yield report.row(large.title, GROWTH, "cold CPU", "x", [large.cold_ms / small.cold_ms])
    for metric in ("raw", "peak memory"):
        pair = large.middle(metric), small.middle(metric)
        yield report.row(large.title, GROWTH, metric, "x", [(pair[0] or 1) / (pair[1] or 1)])


def _size_of(tool: str) -> int | None:
    """The number of results that a tool's name says of the platform; None of any other tool."""
    name, _, number = tool.partition(", ")
    digits = number.replace(",", "")
    return int(digits) if name == OURS and digits.isdecimal() else None


def _figures(rows: Iterator[report.Row]) -> list[Figures]:
    by_title: dict[str, Figures] = {}
    for row in rows:
        by_title.setdefault(row.case, Figures(row.case)).note(row.metric, row.unit, row.value)
    return list(by_title.values())
