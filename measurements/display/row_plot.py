"""Values on one logarithmic axis, a row each, with the name at the mark: dot plots, the ladder, models over each other.

Up to `MANY_ROWS` rows have two lines: the name above its mark. More rows, and rows under headings, have one: the name
stands beside the bar, on the side where there is more room, and is left out where there is less than `LEAST_ROOM`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.display.drawing import LINE_REM, Drawing, Head, Mark, Name
from measurements.display.kinds import shape_of
from measurements.display.numbers import PLAIN_FROM
from measurements.display.scales import LogScale, axis_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MANY_ROWS = 20
LEAST_ROOM = 0.3
"""Share of the width below which a name beside a bar would be cut to nothing on a phone."""
SIDE = 1 / 3
"""In the outer thirds a name reaches inwards from its mark; between them it stands in the middle above it."""
TOP_REM, BOTTOM_REM, TICK_REM = 1.5, 0.5, 1.0
ROW_REM, MARK_REM = 2.4, 1.8
"""A row of two lines, and where its mark is from its top."""
LEFT, RIGHT = 0.03, 0.97


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value to draw, in the axis' unit; `low` and `high` make a bar where they are known.

    `kind` is a model's, `RATIO` or `EVERYDAY`; `kind_title` its name for readers, empty for a ratio. A bar from 0
    begins at the area's left end: no logarithmic axis has a place for 0.
    """

    label: str
    text: str
    value: float
    low: float | None
    high: float | None
    kind: str
    kind_title: str
    grade: str
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """Rows under a heading: values that may be compared."""

    label: str
    points: Sequence[Point]


def dot_plot(
    points: Sequence[Point],
    *,
    title: str,
    description: str,
    caption: str,
    reference: float | None = None,
    extent: tuple[float, float] | None = None,
    plain_from: float = PLAIN_FROM,
) -> Drawing | None:
    """A row for each point in this order, or None when there is no point."""
    return grouped_plot(
        [RowGroup(label="", points=points)],
        title=title,
        description=description,
        caption=caption,
        reference=reference,
        extent=extent,
        plain_from=plain_from,
    )


def grouped_plot(
    groups: Sequence[RowGroup],
    *,
    title: str,
    description: str,
    caption: str,
    reference: float | None = None,
    extent: tuple[float, float] | None = None,
    plain_from: float = PLAIN_FROM,
) -> Drawing | None:
    """Groups from top to bottom under their headings; None when none has a point.

    `extent` is what the axis covers: of all plots of a page that are to be compared.
    """
    groups = [group for group in groups if group.points]
    if not groups:
        return None
    every = [point for group in groups for point in group.points]
    scale = LogScale(extent or extent_of(every, reference))
    is_dense = len(every) > MANY_ROWS or any(group.label for group in groups)
    y, heads, marks = TOP_REM, [], []
    for group in groups:
        if group.label:
            heads.append(Head(y=y, label=group.label))
            y += LINE_REM
        for point in group.points:
            marks.append(_mark(scale, point, y, is_dense=is_dense))
            y += LINE_REM if is_dense else ROW_REM
    return Drawing(
        kind="rows",
        title=title,
        description=description,
        caption=caption,
        height=y + BOTTOM_REM,
        left=LEFT,
        right=RIGHT,
        top=TOP_REM - 0.2,
        bottom=y + BOTTOM_REM / 2,
        tick_y=TICK_REM,
        columns=axis_ticks(scale, plain_from=plain_from),
        heads=heads,
        reference=None if reference is None else _across(scale, reference),
        marks=marks,
    )


def extent_of(points: Iterable[Point], reference: float | None = None) -> tuple[float, float]:
    """The least and the most of what is drawn. Raises ValueError where nothing is positive."""
    values = [
        end for point in points for end in (point.value, point.low, point.high) if end is not None and end > 0
    ]
    if reference is not None:
        values.append(reference)
    return min(values), max(values)


def _across(scale: LogScale, value: float) -> float:
    return LEFT + scale.share(value) * (RIGHT - LEFT)


def _mark(scale: LogScale, point: Point, top: float, *, is_dense: bool) -> Mark:
    x, bar = _across(scale, point.value), None
    if point.low is not None and point.high and point.low < point.high:
        bar = (_across(scale, point.low) if point.low > 0 else LEFT, _across(scale, point.high))
    place = _name_beside(bar or (x, x)) if is_dense else _name_above(x)
    return Mark(
        x=x,
        y=top + (LINE_REM / 2 if is_dense else MARK_REM),
        x_bar=bar,
        y_bar=None,
        shape=shape_of(point.kind),
        grade=point.grade,
        title=", ".join(filter(None, [f"{point.label}: {point.text}", point.kind_title])),
        name=place
        and Name(label=point.label, value=point.text, left=place[0], right=place[1], y=top, anchor=place[2]),
        href=point.href,
    )


def _name_above(x: float) -> tuple[float, float, str]:
    if x < SIDE:
        return x, 1.0, "start"
    if x > 1 - SIDE:
        return 0.0, x, "end"
    half = min(x, 1 - x)
    return x - half, x + half, "middle"


def _name_beside(bar: tuple[float, float]) -> tuple[float, float, str] | None:
    """Right or left of a bar; None where neither side has room."""
    before, behind = bar[0], 1 - bar[1]
    if max(before, behind) < LEAST_ROOM:
        return None
    return (bar[1], 1.0, "start") if behind >= before else (0.0, bar[0], "end")
