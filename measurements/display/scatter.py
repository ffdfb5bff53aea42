"""Energy beside something else of a model, a mark a model: positions that a template draws into an SVG.

As in `plot`, horizontal positions are percentages, vertical ones pixels, and every number arrives as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from measurements.display.kinds import shape_of
from measurements.display.numbers import significant
from measurements.display.scales import LinearScale, LogScale, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT_PX, TOP_PX, BOTTOM_PX = 260, 14, 32
LEFT_PERCENT, RIGHT_PERCENT = 9.0, 97.0
LABEL_PX = 18
"""Labels keep so far from each other."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A model: its energy, the other number with its interval if it has one, and whether it is on the front.

    Those on the front are named, and the line joins the best of them.
    """

    label: str
    text: str
    energy: float
    other: float
    on_line: bool
    kind: str
    kind_title: str
    grade: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class ScatterTick:
    """A line of an axis: `at` is its place, a percentage or pixels."""

    at: str
    label: str


@dataclass(frozen=True, kw_only=True)
class ScatterMark:
    """A spot, placed. `label` is empty where it would lie on another's; `anchor` keeps it inside the plot."""

    x: str
    y: int
    label: str
    label_y: int
    anchor: str
    title: str
    shape: str
    grade: str
    bar: tuple[int, int] | None


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Everything that the template draws. `line` are segments (x1, x2, y1, y2).

    Lines of the upward axis go from `left` to `right`, their labels at `tick_x`; the others from `top` to `bottom`.
    """

    title: str
    description: str
    axis: str
    height: int
    top: int
    bottom: int
    left: str
    right: str
    tick_x: str
    columns: list[ScatterTick]
    rows: list[ScatterTick]
    line: list[tuple[str, str, int, int]]
    marks: list[ScatterMark]


def scatter(
    spots: Sequence[Spot], *, title: str, description: str, axis: str, logarithmic: bool
) -> Scatter | None:
    """Energy from left to right on a logarithmic axis, the other number upwards; None for less than two spots.

    `logarithmic`: the upward axis too. The line goes through the spots on it as a stair, energy by energy.
    """
    if len(spots) < 2:
        return None
    across = LogScale(_extent([spot.energy for spot in spots]))
    kind = LogScale if logarithmic else LinearScale
    upward = kind(_extent([end for spot in spots for end in (spot.other, *(spot.interval or ()))]))
    placed = [
        (spot, percent(across.share(spot.energy), LEFT_PERCENT, RIGHT_PERCENT), _y(upward, spot.other))
        for spot in spots
    ]
    return Scatter(
        title=title,
        description=description,
        axis=axis,
        height=HEIGHT_PX,
        top=TOP_PX,
        bottom=HEIGHT_PX - BOTTOM_PX,
        left=f"{LEFT_PERCENT:g}%",
        right=f"{RIGHT_PERCENT:g}%",
        tick_x=f"{LEFT_PERCENT - 1:g}%",
        columns=[
            ScatterTick(
                at=percent(across.share(value), LEFT_PERCENT, RIGHT_PERCENT),
                label=significant(value, digits=1),
            )
            for value in across.ticks()
        ],
        rows=[
            ScatterTick(at=str(_y(upward, value)), label=significant(value, digits=1 if logarithmic else 3))
            for value in upward.ticks()
        ],
        line=_stair(_best(sorted((spot.energy, x, y) for spot, x, y in placed if spot.on_line))),
        marks=_marks(placed, across, upward),
    )


def _extent(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _y(scale: LogScale | LinearScale, value: float) -> int:
    return round(HEIGHT_PX - BOTTOM_PX - scale.share(value) * (HEIGHT_PX - BOTTOM_PX - TOP_PX))


def _best(steps: Sequence[tuple[float, str, int]]) -> list[tuple[float, str, int]]:
    """Those above all with less energy: on the front are also such as chance may have put below another."""
    front: list[tuple[float, str, int]] = []
    for step in steps:
        if not front or step[2] < front[-1][2]:
            front.append(step)
    return front


def _stair(steps: Sequence[tuple[float, str, int]]) -> list[tuple[str, str, int, int]]:
    """What is nobody's between two neighbours belongs to the one with less energy: first across, then up."""
    lines = []
    for (_, x1, y1), (_, x2, y2) in pairwise(steps):
        lines += [(x1, x2, y1, y1), (x2, x2, y1, y2)]
    return lines


def _marks(
    placed: Sequence[tuple[Spot, str, int]], across: LogScale, upward: LogScale | LinearScale
) -> list[ScatterMark]:
    taken: list[int] = []
    marks = []
    for spot, x, y in placed:
        label_y = y - 10 if y - 10 > TOP_PX else y + 20
        free = spot.on_line and all(abs(label_y - other) >= LABEL_PX for other in taken)
        if free:
            taken.append(label_y)
        marks.append(
            ScatterMark(
                x=x,
                y=y,
                label=spot.label if free else "",
                label_y=label_y,
                anchor="start" if across.share(spot.energy) < 0.5 else "end",
                title=f"{spot.label}: {spot.text}, {spot.kind_title}",
                shape=shape_of(spot.kind),
                grade=spot.grade,
                bar=(_y(upward, spot.interval[0]), _y(upward, spot.interval[1])) if spot.interval else None,
            )
        )
    return marks
