"""Dot plots on a logarithmic axis, as positions that a template draws into an SVG.

Horizontal positions are percentages, so that a plot fills any width while its text keeps its size; vertical
ones are pixels. All numbers arrive in the template as text, because a localised template would write a comma
into an attribute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.display.kinds import shape_of
from measurements.display.numbers import significant
from measurements.display.scales import LogScale, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROW_PX = 38
TOP_PX = 34
GRID_TOP_PX = 22
TICK_PX = 14
BOTTOM_PX = 12
LEFT_PERCENT, RIGHT_PERCENT = 2.0, 98.0


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value to draw, in the axis' unit; `low` and `high` make a bar where they are known.

    `kind` is a model's or `RATIO`; `kind_title` its name for readers, empty for a ratio.
    A bar from 0 begins at the axis' low end: no logarithmic axis has a place for 0.
    """

    label: str
    text: str
    value: float
    low: float | None
    high: float | None
    kind: str
    kind_title: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A line of the axis."""

    x: str
    label: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point, placed. `shape` is the kind of the model; `grade` decides between solid, ring and hollow."""

    label: str
    text: str
    title: str
    x: str
    bar: tuple[str, str] | None
    y: int
    label_y: int
    value_y: int
    shape: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Everything that the template draws. `reference` is the place of a vertical line, if it has one.

    Lines of the axis go from `top` to `bottom`, with their labels at `tick_y`.
    """

    title: str
    description: str
    axis: str
    height: int
    top: int
    bottom: int
    tick_y: int
    ticks: list[Tick]
    marks: list[Mark]
    reference: str | None


def dot_plot(
    points: Sequence[Point], *, title: str, description: str, axis: str, reference: float | None = None
) -> Plot | None:
    """A plot with one row a point, or None when there is no point."""
    if not points:
        return None
    scale = LogScale(_extent(points, reference))
    height = TOP_PX + ROW_PX * len(points) + BOTTOM_PX
    return Plot(
        title=title,
        description=description,
        axis=axis,
        height=height,
        top=GRID_TOP_PX,
        bottom=height - BOTTOM_PX,
        tick_y=TICK_PX,
        ticks=[_tick(scale, value) for value in scale.ticks()],
        marks=[_mark(scale, point, row) for row, point in enumerate(points)],
        reference=None if reference is None else _place(scale, reference),
    )


def _extent(points: Iterable[Point], reference: float | None) -> tuple[float, float]:
    values = [v for p in points for v in (p.value, p.low, p.high) if v is not None and v > 0]
    if reference is not None:
        values.append(reference)
    return min(values), max(values)


def _place(scale: LogScale, value: float) -> str:
    return percent(scale.share(value), LEFT_PERCENT, RIGHT_PERCENT)


def _tick(scale: LogScale, value: float) -> Tick:
    x = _place(scale, value)
    anchor = {f"{LEFT_PERCENT:.2f}%": "start", f"{RIGHT_PERCENT:.2f}%": "end"}.get(x, "middle")
    return Tick(x=x, label=significant(value, digits=1), anchor=anchor)


def _mark(scale: LogScale, point: Point, row: int) -> Mark:
    y = TOP_PX + ROW_PX * row + 28
    bar = None
    if point.low is not None and point.high and point.low < point.high:
        bar = (_place(scale, point.low or 10**scale.low), _place(scale, point.high))
    return Mark(
        label=point.label,
        text=point.text,
        title=", ".join(filter(None, [f"{point.label}: {point.text}", point.kind_title])),
        x=_place(scale, point.value),
        bar=bar,
        y=y,
        label_y=y - 26,
        value_y=y - 13,
        shape=shape_of(point.kind),
        grade=point.grade,
    )
