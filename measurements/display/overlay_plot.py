"""Several models over each other on one axis, group by group: positions that a template draws into an SVG.

Each model has a letter and a lane of its own in every group, so that no mark lies on another and the letters name them
where colours do not. Horizontal positions are percentages, vertical ones pixels, as in `plot`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.display.kinds import shape_of
from measurements.display.numbers import significant
from measurements.display.scales import LogScale, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD_PX, LANE_PX, GAP_PX = 22, 18, 8
TOP_PX, BOTTOM_PX, TICK_PX = 24, 8, 14
LEFT_PERCENT, RIGHT_PERCENT = 4.0, 94.0
LETTERS = "ABCDEF"


@dataclass(frozen=True, kw_only=True)
class OverlayPoint:
    """One model's value in a group, with its interval where it is known; `text` says it in words."""

    letter: str
    text: str
    value: float
    low: float | None
    high: float | None
    kind: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class OverlayGroup:
    """Values that may be compared, under a heading."""

    label: str
    points: Sequence[OverlayPoint]


@dataclass(frozen=True, kw_only=True)
class OverlayTick:
    """A line of the axis."""

    x: str
    label: str


@dataclass(frozen=True, kw_only=True)
class OverlayHead:
    """A group's heading, placed."""

    y: int
    text_y: int
    label: str


@dataclass(frozen=True, kw_only=True)
class OverlayMark:
    """A point, placed; its letter stands at `letter_x`, right of what is drawn."""

    letter: str
    letter_x: str
    letter_y: int
    x: str
    y: int
    bar: tuple[str, str] | None
    title: str
    shape: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class OverlayPlot:
    """Everything that the template draws."""

    title: str
    description: str
    axis: str
    height: int
    top: int
    bottom: int
    tick_y: int
    ticks: list[OverlayTick]
    heads: list[OverlayHead]
    marks: list[OverlayMark]


def overlay_plot(
    groups: Sequence[OverlayGroup], *, title: str, description: str, axis: str
) -> OverlayPlot | None:
    """The groups from top to bottom, or None when no group has a point."""
    groups = [group for group in groups if group.points]
    if not groups:
        return None
    points = [point for group in groups for point in group.points]
    ends = [end for point in points for end in (point.value, point.low, point.high) if end]
    scale = LogScale((min(ends), max(ends)))
    y, heads, marks = TOP_PX, [], []
    for group in groups:
        heads.append(OverlayHead(y=y, text_y=y + 15, label=group.label))
        y += HEAD_PX
        for point in group.points:
            marks.append(_mark(scale, point, y + LANE_PX // 2))
            y += LANE_PX
        y += GAP_PX
    return OverlayPlot(
        title=title,
        description=description,
        axis=axis,
        height=y + BOTTOM_PX,
        top=TOP_PX,
        bottom=y,
        tick_y=TICK_PX,
        ticks=[
            OverlayTick(x=_place(scale, value), label=significant(value, digits=1)) for value in scale.ticks()
        ],
        heads=heads,
        marks=marks,
    )


def _place(scale: LogScale, value: float) -> str:
    return percent(scale.share(value), LEFT_PERCENT, RIGHT_PERCENT)


def _mark(scale: LogScale, point: OverlayPoint, y: int) -> OverlayMark:
    bar = None
    if point.low and point.high and point.low < point.high:
        bar = (_place(scale, point.low), _place(scale, point.high))
    return OverlayMark(
        letter=point.letter,
        letter_x=bar[1] if bar else _place(scale, point.value),
        letter_y=y + 4,
        x=_place(scale, point.value),
        y=y,
        bar=bar,
        title=point.text,
        shape=shape_of(point.kind),
        grade=point.grade,
    )
