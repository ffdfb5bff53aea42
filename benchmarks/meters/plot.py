"""Draws docs/images/meters.svg out of build/bench/meters.json: `python -m benchmarks.meters.plot`.

One panel for each mode of the counter, mean absolute error on a logarithmic axis, the mean over the cards. "n. m."
stands where ours says that it cannot measure.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from html import escape
from math import log10
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks.meters import ROOT, figures
from benchmarks.meters.tools import OURS, OURS_QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE = ROOT / "docs" / "images" / "meters.svg"

WIDTH, LEFT, RIGHT = 640, 78, 6
LEGEND_TOP, LEGEND_LINE, LEGEND_COLUMNS = 40, 26, 2
PANEL, PLOT_TOP, PLOT = 318, 42, 190  # a panel's height; its axes begin so far below its top and are so high
DECADES = (-2, 3)  # the axis goes from 0.01 % to 1000 %; what lies outside is drawn at its end
MODES = {
    "full": "Full counter",
    "part-time": "Part-time counter: 25 ms of every 100 ms",
    "lag 130 ms": "Counter that lags 130 ms",
    "blur 1 s": "Counter blurred over 1 s",
}
TOOLS = {
    OURS: ("circle", "ours", "Joulemark"),
    OURS_QUERIES: ("open circle", "ours", "Joulemark, queries of a train"),
    "zeus": ("square", "counter", "Zeus"),
    "zeus approx": ("open square", "counter", "Zeus, approx_instant_energy"),
    "codecarbon": ("triangle", "counter", "CodeCarbon"),
    "poll 1 s": ("diamond", "power", "polling at 1 s, as CarbonTracker"),
    "poll 100 ms": ("plus", "power", "polling at 100 ms"),
    "poll 10 ms": ("cross", "power", "polling at 10 ms"),
    "poll 1 ms": ("bar", "power", "polling at 1 ms"),
}
KINDS = {"burst": "burst", "LLM-like": "LLM", "square": "square", "steady": "steady"}
SHAPES = {
    "circle": '<circle r="7"/>',
    "open circle": '<circle class="line" r="6"/>',
    "square": '<rect x="-5" y="-5" width="10" height="10"/>',
    "open square": '<rect class="line" x="-4" y="-4" width="8" height="8"/>',
    "triangle": '<path d="M0-7 6 5h-12z"/>',
    "diamond": '<path d="M0-7 6 0 0 7-6 0z"/>',
    "plus": '<path class="line" d="M0-6V6M-6 0H6"/>',
    "cross": '<path class="line" d="M-5-5 5 5M-5 5 5-5"/>',
    "bar": '<path class="line" d="M-6 0H6"/>',
}
STYLE = """
svg { --paper: #fff; --ink: #1b1f24; --faint: #5b6470; --rule: #d5dae0; --ours: #0a6b4f; --counter: #1f4fa8;
  --power: #a3400c; font-family: system-ui, "DejaVu Sans", Arial, sans-serif; font-size: 17px }
@media screen and (prefers-color-scheme: dark) { svg { --paper: #14181d; --ink: #e8ebef; --faint: #a5afba;
  --rule: #39424d; --ours: #55d6a8; --counter: #8cb8ff; --power: #ffa870 } }
.paper { fill: var(--paper) } text { fill: var(--ink) } .faint { fill: var(--faint) } .head { font-weight: 600 }
.rule { stroke: var(--rule); stroke-width: 1.5 } .middle { text-anchor: middle } .end { text-anchor: end }
.line { fill: none; stroke-width: 2.5 } .small { font-size: 13px } .ours { fill: var(--ours); stroke: var(--ours) }
.counter { fill: var(--counter); stroke: var(--counter) } .power { fill: var(--power); stroke: var(--power) }
"""

ROLE = 'role="img" aria-labelledby="title description"'

Averages = dict[tuple[str, str, str], float]  # by mode, workload and tool
Unmeasured = set[tuple[str, str]]  # mode and workload


def averages(rows: Iterable[figures.Figure]) -> Averages:
    """Mean absolute errors in percent, averaged over the cards that could be measured."""
    sizes: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        if row.metric == figures.MEAN_ABSOLUTE and row.value is not None:
            sizes[row.mode, row.workload, row.tool].append(row.value)
    return {key: fmean(values) for key, values in sizes.items()}


def unmeasured(rows: Iterable[figures.Figure]) -> Unmeasured:
    """Where ours could not measure, on one card at least."""
    return {
        (row.mode, row.workload)
        for row in rows
        if row.tool == OURS and row.metric == figures.MEAN_ABSOLUTE and row.value is None
    }


def drawing(rows: list[figures.Figure]) -> str:
    """The whole SVG."""
    found, missing = averages(rows), unmeasured(rows)
    workloads = list(dict.fromkeys(row.workload for row in rows))
    tools = [tool for tool in TOOLS if any(row.tool == tool for row in rows)]
    top = LEGEND_TOP + LEGEND_LINE * -(-len(tools) // LEGEND_COLUMNS)
    height = top + PANEL * len(MODES)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {ROLE}>',
        '<title id="title">How far energy meters are off on simulated graphics cards</title>',
        f'<desc id="description">{escape(" ".join(_description(found, workloads, tools)))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        _text(12, 26, "Mean absolute error in % of the true energy, mean of the cards", "head"),
        *_legend(tools),
    ]
    for number, (mode, title) in enumerate(MODES.items()):
        parts += [f'<g transform="translate(0 {top + number * PANEL})">', _text(12, 26, title, "head")]
        parts += [*_axes(workloads), *_marks(found, mode, workloads, tools)]
        parts += [*_missing(missing, mode, workloads), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _description(found: Averages, workloads: list[str], tools: list[str]) -> Iterator[str]:
    """Every number of the drawing, for those who do not see it."""
    yield "Mean absolute error in percent of the true energy, averaged over the simulated cards."
    for mode, title in MODES.items():
        for workload in workloads:
            values = [
                (TOOLS[tool][2], found.get((mode, workload, tool)))
                for tool in tools
                if tool != OURS_QUERIES or (mode, workload, tool) in found
            ]
            told = ", ".join(
                f"{name} {'not measurable' if one is None else f'{one:.2g}'}" for name, one in values
            )
            yield f"{title}, {workload}: {told}."


def _legend(tools: list[str]) -> Iterator[str]:
    for number, tool in enumerate(tools):
        line, column = divmod(number, LEGEND_COLUMNS)
        x, y = 20 + column * (WIDTH - 12) // LEGEND_COLUMNS, LEGEND_TOP + line * LEGEND_LINE + 12
        yield _mark(tool, x, y) + _text(x + 16, y + 7, TOOLS[tool][2])


def _axes(workloads: list[str]) -> Iterator[str]:
    for decade in range(DECADES[0], DECADES[1] + 1):
        y = _y(10.0**decade)
        yield f'<path class="rule" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield _text(LEFT - 8, y + 6, f"{10.0**decade:g} %", "faint end")
    slot = _slot(workloads)
    for number, workload in enumerate(workloads):
        x = LEFT + slot * number
        if number:
            yield f'<path class="rule" d="M{x:.1f} {PLOT_TOP}v{PLOT}"/>'
        for line, words in enumerate(_lines(workload)):
            yield _text(x + slot / 2, PLOT_TOP + PLOT + 20 + 19 * line, words, "faint middle")


def _marks(found: Averages, mode: str, workloads: list[str], tools: list[str]) -> Iterator[str]:
    """The tools of a workload stand side by side; ours is drawn last, over its neighbours."""
    slot = _slot(workloads)
    step = (slot - 12) / len(tools)
    for number, workload in enumerate(workloads):
        for place, tool in reversed(list(enumerate(tools))):
            value = found.get((mode, workload, tool))
            if value is not None:
                yield _mark(tool, LEFT + slot * number + 6 + step * (place + 0.5), _y(value))


def _missing(missing: Unmeasured, mode: str, workloads: list[str]) -> Iterator[str]:
    """At the foot of a panel, where ours would stand."""
    for number, workload in enumerate(workloads):
        if (mode, workload) in missing:
            yield _text(LEFT + _slot(workloads) * number + 4, PLOT_TOP + PLOT - 8, "n. m.", "faint small")


def _slot(workloads: list[str]) -> float:
    return (WIDTH - LEFT - RIGHT) / len(workloads)


def _lines(workload: str) -> tuple[str, str, str]:
    """A workload's name in three short lines: of which kind it is, how long, and how often it is repeated."""
    what, _, times = workload.rpartition(" x")
    kind = next(one for one in KINDS if one in what)
    how_long = what.replace(kind, "").strip()
    short = how_long.removesuffix(" ms") if "/" in how_long else how_long
    return KINDS[kind], short, f"x {times}"


def _y(percent: float) -> float:
    low, high = DECADES
    share = (min(max(log10(percent), low), high) - low) / (high - low) if percent > 0 else 0.0
    return PLOT_TOP + PLOT * (1 - share)


def _mark(tool: str, x: float, y: float) -> str:
    shape, colour, _ = TOOLS[tool]
    return f'<g class="{colour}" transform="translate({x:.1f} {y:.1f})">{SHAPES[shape]}</g>'


def _text(x: float, y: float, words: str, style: str = "") -> str:
    styled = f' class="{style}"' if style else ""
    return f'<text{styled} x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def main() -> int:
    """Write the file; without figures, say how to get some."""
    try:
        rows = figures.read()
    except FileNotFoundError:
        print("No results yet: run make bench-meters.", file=sys.stderr)
        return 1
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(drawing(rows), encoding="utf-8")
    print(f"written to {FILE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
