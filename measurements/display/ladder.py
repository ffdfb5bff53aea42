"""A ladder: single amounts on one logarithmic axis, least at the top, each with its name at its mark.

As in `plot`, horizontal positions are percentages. Vertical ones are rem, so that a ladder grows with the reader's
text; every number arrives in the template as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.display.kinds import shape_of
from measurements.display.numbers import significant
from measurements.display.scales import LogScale, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.display.plot import Point

ROW_REM, TOP_REM, BOTTOM_REM = 3.6, 1.8, 0.6
TICK_REM, GRID_TOP_REM = 1.0, 1.4
NAME_REM, VALUE_REM, MARK_REM = 1.0, 2.1, 2.9
"""Where name, value and mark of a row are, from its top."""
LEFT_PERCENT, RIGHT_PERCENT = 3.0, 97.0
SIDE = 1 / 3
"""In the outer thirds a name reaches inwards from its mark; between them it stands in the middle above it."""


@dataclass(frozen=True, kw_only=True)
class LadderTick:
    """A line of the axis."""

    x: str
    label: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class LadderMark:
    """An amount, placed; `anchor` keeps its name and value inside the plot."""

    label: str
    text: str
    title: str
    x: str
    bar: tuple[str, str] | None
    name_y: str
    value_y: str
    y: str
    anchor: str
    shape: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class LadderPlot:
    """Everything that the template draws; lines of the axis go from `top` to `bottom`, their labels are at `tick_y`."""

    title: str
    description: str
    axis: str
    height: str
    top: str
    bottom: str
    tick_y: str
    ticks: list[LadderTick]
    marks: list[LadderMark]


def ladder_plot(points: Sequence[Point], *, title: str, description: str, axis: str) -> LadderPlot | None:
    """The points from the least to the most, a row each; None when there is no point."""
    if not points:
        return None
    scale = LogScale(_extent(points))
    ordered = sorted(points, key=lambda point: point.value)
    height = TOP_REM + ROW_REM * len(ordered) + BOTTOM_REM
    return LadderPlot(
        title=title,
        description=description,
        axis=axis,
        height=_rem(height),
        top=_rem(GRID_TOP_REM),
        bottom=_rem(height - BOTTOM_REM),
        tick_y=_rem(TICK_REM),
        ticks=[_tick(scale, value) for value in scale.ticks()],
        marks=[_mark(scale, point, row) for row, point in enumerate(ordered)],
    )


def _extent(points: Sequence[Point]) -> tuple[float, float]:
    ends = [
        end for point in points for end in (point.value, point.low, point.high) if end is not None and end > 0
    ]
    return min(ends), max(ends)


def _rem(length: float) -> str:
    return f"{length:.2f}rem"


def _place(scale: LogScale, value: float) -> str:
    return percent(scale.share(value), LEFT_PERCENT, RIGHT_PERCENT)


def _tick(scale: LogScale, value: float) -> LadderTick:
    x = _place(scale, value)
    anchor = {f"{LEFT_PERCENT:.2f}%": "start", f"{RIGHT_PERCENT:.2f}%": "end"}.get(x, "middle")
    return LadderTick(x=x, label=significant(value, digits=1, plain_from=1e-4), anchor=anchor)


def _mark(scale: LogScale, point: Point, row: int) -> LadderMark:
    share = scale.share(point.value)
    bar = None
    if point.low is not None and point.high is not None and 0 < point.low < point.high:
        bar = (_place(scale, point.low), _place(scale, point.high))
    top = TOP_REM + ROW_REM * row
    return LadderMark(
        label=point.label,
        text=point.text,
        title=", ".join(filter(None, [f"{point.label}: {point.text}", point.kind_title])),
        x=_place(scale, point.value),
        bar=bar,
        name_y=_rem(top + NAME_REM),
        value_y=_rem(top + VALUE_REM),
        y=_rem(top + MARK_REM),
        anchor="start" if share < SIDE else "end" if share > 1 - SIDE else "middle",
        shape=shape_of(point.kind),
        grade=point.grade,
    )
