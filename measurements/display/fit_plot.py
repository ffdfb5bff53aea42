"""Energy against the number of parameters on two logarithmic axes, with a line and its band: positions for an SVG.

Marks have percentages across and pixels up, as in `scatter`; line and band lie in a frame of their own that is
stretched to the plot's width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.display.kinds import shape_of
from measurements.display.numbers import significant
from measurements.display.scales import LogScale, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT_PX, TOP_PX, BOTTOM_PX = 300, 14, 32
LEFT_PERCENT, RIGHT_PERCENT = 11.0, 97.0
FRAME_UNITS = 1000
BAND_POINTS = 24
"""Places at which the band is drawn: it is smooth."""
MAX_BEYOND = 4.0
"""A band that goes further beyond the points than this factor is cut: three points may have one of many decades."""


@dataclass(frozen=True, kw_only=True)
class FitPoint:
    """A model: its number of parameters in billions, its energy, and what is said of it in words."""

    text: str
    size: float
    energy: float
    kind: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class FitLine:
    """The line and the ends of its band at sizes in rising order."""

    sizes: Sequence[float]
    values: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class FitTick:
    """A line of an axis: `at` is its place, a percentage or pixels."""

    at: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, kw_only=True)
class FitMark:
    """A point, placed."""

    x: str
    y: int
    title: str
    shape: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class FitPlot:
    """Everything that the template draws. `line` and `band` are paths in units of the frame."""

    title: str
    description: str
    axis: str
    height: int
    top: int
    bottom: int
    inner_height: int
    left: str
    right: str
    width: str
    tick_x: str
    frame_width: int
    frame_height: int
    columns: list[FitTick]
    rows: list[FitTick]
    line: str
    band: str
    marks: list[FitMark]


def log_steps(low: float, high: float) -> list[float]:
    """`BAND_POINTS` sizes from one to another, in equal ratios."""
    return [low * (high / low) ** (step / (BAND_POINTS - 1)) for step in range(BAND_POINTS)]


def fit_plot(
    points: Sequence[FitPoint], line: FitLine | None, *, title: str, description: str, axis: str
) -> FitPlot | None:
    """The points with their line, or None for less than two points. A band beyond the plot is cut at its edge."""
    if len(points) < 2:
        return None
    across = LogScale(_extent([point.size for point in points]))
    upward = LogScale(_upward_extent([point.energy for point in points], line))
    return FitPlot(
        title=title,
        description=description,
        axis=axis,
        height=HEIGHT_PX,
        top=TOP_PX,
        bottom=HEIGHT_PX - BOTTOM_PX,
        inner_height=HEIGHT_PX - BOTTOM_PX - TOP_PX,
        left=f"{LEFT_PERCENT:g}%",
        right=f"{RIGHT_PERCENT:g}%",
        width=f"{RIGHT_PERCENT - LEFT_PERCENT:g}%",
        tick_x=f"{LEFT_PERCENT - 1:g}%",
        frame_width=FRAME_UNITS,
        frame_height=FRAME_UNITS,
        columns=[
            FitTick(
                at=percent(across.share(size), LEFT_PERCENT, RIGHT_PERCENT), label=significant(size, digits=1)
            )
            for size in across.ticks()
        ],
        rows=[
            FitTick(at=str(_y(upward, energy)), label=significant(energy, digits=1))
            for energy in upward.ticks()
        ],
        line="" if line is None else _path(_placed(across, upward, line.sizes, line.values)),
        band="" if line is None else _band(across, upward, line),
        marks=[
            FitMark(
                x=percent(across.share(point.size), LEFT_PERCENT, RIGHT_PERCENT),
                y=_y(upward, point.energy),
                title=point.text,
                shape=shape_of(point.kind),
                grade=point.grade,
            )
            for point in points
        ],
    )


def _extent(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _upward_extent(energies: Sequence[float], line: FitLine | None) -> tuple[float, float]:
    """Of points, line and band, of which no more than a multiple of the points is shown."""
    low, high = _extent(energies)
    if line is None:
        return low, high
    least = max(min(*line.lows, *line.values), low / MAX_BEYOND)
    most = min(max(*line.highs, *line.values), high * MAX_BEYOND)
    return min(low, least), max(high, most)


def _y(scale: LogScale, value: float) -> int:
    return round(HEIGHT_PX - BOTTOM_PX - scale.share(value) * (HEIGHT_PX - BOTTOM_PX - TOP_PX))


def _placed(
    across: LogScale, upward: LogScale, sizes: Sequence[float], values: Sequence[float]
) -> list[tuple[int, int]]:
    return [
        (
            round(FRAME_UNITS * across.share(size)),
            round(FRAME_UNITS * (1 - min(max(upward.share(value), 0.0), 1.0))),
        )
        for size, value in zip(sizes, values, strict=True)
    ]


def _path(places: Sequence[tuple[int, int]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places)


def _band(across: LogScale, upward: LogScale, line: FitLine) -> str:
    there = _placed(across, upward, line.sizes, line.highs)
    back = _placed(across, upward, line.sizes, line.lows)[::-1]
    return f"{_path([*there, *back])}Z"
