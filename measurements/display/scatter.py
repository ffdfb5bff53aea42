"""Two numbers of a model beside each other, a mark a model, with their intervals; a front, or a line with its band.

Names stand at their marks where they lie on no other name and, if they can, on no mark. Models of a front come first;
a name without room is left out, and is still what its mark says.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from measurements.display.drawing import LINE_REM, Curve, Drawing, Level, Mark, Name, Segment, upward_levels
from measurements.display.kinds import shape_of
from measurements.display.scales import LinearScale, LogScale, Scale, axis_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT_REM, TOP_REM, BOTTOM_REM = 20.0, 0.6, 2.0
LEFT, RIGHT = 0.03, 0.97
NAME_WIDTH = 0.5
"""Share of the width that a name may take."""
LEVEL_WIDTH = 0.1
"""Share of the width that labels of the upward axis take."""
MAX_NAMED = 12
"""Marks whose names are given a place: more would cover the plot, and each is compared with all marks."""
CLEAR_REM = 0.45
"""Between a mark's middle and the line of its name."""
BAND_POINTS = 24
"""Places at which the band is drawn: it is smooth."""
MAX_BEYOND = 4.0
"""A band that goes further beyond the points than this factor is cut: three points may have one of many decades."""
Interval = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A model: two numbers with their intervals where they are known, and whether it is on the front."""

    label: str
    text: str
    x: float
    y: float
    kind: str
    kind_title: str
    grade: str
    is_front: bool = False
    x_interval: Interval | None = None
    y_interval: Interval | None = None
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class FitLine:
    """The line and the ends of its band at places of the horizontal axis, in rising order."""

    xs: Sequence[float]
    values: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


def log_steps(low: float, high: float) -> list[float]:
    """`BAND_POINTS` places from one to another, in equal ratios."""
    return [low * (high / low) ** (step / (BAND_POINTS - 1)) for step in range(BAND_POINTS)]


def scatter(
    spots: Sequence[Spot],
    *,
    title: str,
    description: str,
    caption: str,
    is_upward_log: bool,
    higher_is_better: bool | None = None,
    fit: FitLine | None = None,
    extent: tuple[float, float] | None = None,
) -> Drawing | None:
    """Marks on a logarithmic axis across and a plain or logarithmic one upwards; None for less than two spots.

    With `higher_is_better` a stair joins the best of the spots on the front, from the least number across on. `extent`
    is what the axis across covers, where a page has several plots of it.
    """
    if len(spots) < 2:
        return None
    across = LogScale(extent or across_extent(spots))
    upward: Scale = (LogScale if is_upward_log else LinearScale)(_upward_extent(spots, fit))
    placed = [(spot, _x(across, spot.x), _y(upward, spot.y)) for spot in spots]
    levels = upward_levels(upward, top=TOP_REM, bottom=HEIGHT_REM - BOTTOM_REM)
    stair: list[tuple[float, float]] = []
    if higher_is_better is not None:
        stair = _best([(x, y) for spot, x, y in placed if spot.is_front], higher_is_better=higher_is_better)
    return Drawing(
        kind="scatter",
        title=title,
        description=description,
        caption=caption,
        height=HEIGHT_REM,
        left=LEFT,
        right=RIGHT,
        top=TOP_REM,
        bottom=HEIGHT_REM - BOTTOM_REM,
        tick_y=HEIGHT_REM - 0.7,
        columns=axis_ticks(across),
        levels=levels,
        front=_stair(stair),
        curves=[] if fit is None else _fit_curves(across, upward, fit),
        marks=_marks(placed, across, upward, levels),
    )


def across_extent(spots: Sequence[Spot]) -> tuple[float, float]:
    """The least and the most across, with intervals."""
    ends = [end for spot in spots for end in (spot.x, *(spot.x_interval or ())) if end > 0]
    return min(ends), max(ends)


def _upward_extent(spots: Sequence[Spot], fit: FitLine | None) -> tuple[float, float]:
    """Of spots, line and band, of which no more than a multiple of the spots is shown."""
    values = [spot.y for spot in spots]
    ends = [end for spot in spots for end in (spot.y, *(spot.y_interval or ()))]
    if fit is not None:
        ends.append(max(min(*fit.lows, *fit.values), min(values) / MAX_BEYOND))
        ends.append(min(max(*fit.highs, *fit.values), max(values) * MAX_BEYOND))
    return min(ends), max(ends)


def _x(scale: Scale, value: float) -> float:
    return LEFT + scale.share(value) * (RIGHT - LEFT)


def _y(scale: Scale, value: float) -> float:
    return HEIGHT_REM - BOTTOM_REM - scale.share(value) * (HEIGHT_REM - BOTTOM_REM - TOP_REM)


def _best(steps: Sequence[tuple[float, float]], *, higher_is_better: bool) -> list[tuple[float, float]]:
    """Those better than all with less energy: on the front are also such as chance may have put behind another."""
    sign = 1 if higher_is_better else -1
    best: list[tuple[float, float]] = []
    for x, y in sorted(steps, key=lambda step: (step[0], sign * step[1])):
        if not best or sign * y < sign * best[-1][1]:
            best.append((x, y))
    return best


def _stair(steps: Sequence[tuple[float, float]]) -> list[Segment]:
    """What is nobody's between two neighbours belongs to the one with less energy: first across, then up."""
    lines = []
    for (x1, y1), (x2, y2) in pairwise(steps):
        lines += [Segment(x1=x1, x2=x2, y1=y1, y2=y1), Segment(x1=x2, x2=x2, y1=y1, y2=y2)]
    return lines


def _fit_curves(across: Scale, upward: Scale, fit: FitLine) -> list[Curve]:
    def placed(values: Sequence[float]) -> list[tuple[float, float]]:
        return [
            (across.share(x), 1 - min(max(upward.share(value), 0.0), 1.0))
            for x, value in zip(fit.xs, values, strict=True)
        ]

    return [
        Curve(name="fit-band", runs=[[*placed(fit.highs), *placed(fit.lows)[::-1]]], is_closed=True),
        Curve(name="fit-line", runs=[placed(fit.values)]),
    ]


def _marks(
    placed: Sequence[tuple[Spot, float, float]], across: Scale, upward: Scale, levels: Sequence[Level]
) -> list[Mark]:
    names = _names(placed, [(0.0, LEVEL_WIDTH, level.y - LINE_REM, level.y) for level in levels])
    return [
        Mark(
            x=x,
            y=y,
            x_bar=_bar(spot.x_interval, spot.x, across),
            y_bar=(_y(upward, spot.y_interval[0]), _y(upward, spot.y_interval[1]))
            if spot.y_interval
            else None,
            shape=shape_of(spot.kind),
            grade=spot.grade,
            title=", ".join(filter(None, [f"{spot.label}: {spot.text}", spot.kind_title])),
            name=names.get(number),
            href=spot.href,
        )
        for number, (spot, x, y) in enumerate(placed)
    ]


def _bar(interval: Interval | None, value: float, scale: Scale) -> Interval | None:
    if interval is None or not interval[0] <= value <= interval[1]:
        return None
    return (_x(scale, interval[0]) if interval[0] > 0 else LEFT), _x(scale, interval[1])


def _names(placed: Sequence[tuple[Spot, float, float]], taken: list[Box]) -> dict[int, Name]:
    """The names that have room beside each other and off what is `taken`, by the number of their spot."""
    names = {}
    order = sorted(range(len(placed)), key=lambda number: (not placed[number][0].is_front, number))
    for number in order[:MAX_NAMED]:
        spot, x, y = placed[number]
        others = [(a, b) for other, (_, a, b) in enumerate(placed) if other != number]
        free = [box for box in _boxes(x, y) if not any(_overlap(box[0], other) for other in taken)]
        clear = [box for box in free if not any(_covers(box[0], *other) for other in others)]
        chosen = (clear or (free if spot.is_front else []))[:1]
        for (left, right, top, bottom), anchor in chosen:
            taken.append((left, right, top, bottom))
            names[number] = Name(label=spot.label, value="", left=left, right=right, y=top, anchor=anchor)
    return names


def _boxes(x: float, y: float) -> list[tuple[Box, str]]:
    """Where a name may be: above or below its mark, towards the wider side or the other one; all inside the area."""
    start = max(x, LEVEL_WIDTH)  # off the numbers of the upward axis
    right, left = (start, min(1.0, start + NAME_WIDTH), "start"), (max(0.0, x - NAME_WIDTH), x, "end")
    sides = [right, left] if x < 0.5 else [left, right]
    tops = (y - CLEAR_REM - LINE_REM, y + CLEAR_REM)
    return [
        ((side[0], side[1], top, top + LINE_REM), side[2])
        for side in sides
        for top in tops
        if side[1] - side[0] >= NAME_WIDTH / 2 and top >= 0 and top + LINE_REM <= HEIGHT_REM - BOTTOM_REM
    ]


def _overlap(box: Box, other: Box) -> bool:
    return box[0] < other[1] and other[0] < box[1] and box[2] < other[3] and other[2] < box[3]


def _covers(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[1] and box[2] - 0.2 <= y <= box[3] + 0.2
