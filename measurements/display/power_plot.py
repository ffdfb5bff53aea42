"""Power over the time of a run: two curves over shaded stretches, as positions that a template draws into an SVG.

The curves are drawn in a frame of their own, one unit wide for each step and stretched to the plot's width, so a plot
has two paths of some kilobytes and no mark for each step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.display.numbers import significant
from measurements.display.scales import LinearScale, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT_PX, TOP_PX, BOTTOM_PX = 280, 12, 28
LEFT_PERCENT, RIGHT_PERCENT = 9.0, 99.0
FRAME_UNITS = 1000
"""Height of the curves' frame in its own units."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of the run to be shaded, in seconds; `kind` is a class of the style sheet, `text` says what it is."""

    kind: str
    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Watts of each step, None where there are none; `name` is a class of the style sheet."""

    name: str
    watts: Sequence[float | None]


@dataclass(frozen=True, kw_only=True)
class PowerTick:
    """A line of an axis: `at` is its place, a percentage or pixels."""

    at: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, kw_only=True)
class ShadedBand:
    """A stretch, placed."""

    kind: str
    x: str
    width: str
    text: str


@dataclass(frozen=True, kw_only=True)
class CurvePath:
    """A curve as the path of an SVG, in units of the frame."""

    name: str
    d: str


@dataclass(frozen=True, kw_only=True)
class PowerPlot:
    """Everything that the template draws. Curves lie in a frame of `frame_width` by `frame_height` units."""

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
    columns: list[PowerTick]
    rows: list[PowerTick]
    bands: list[ShadedBand]
    paths: list[CurvePath]


def power_plot(
    curves: Sequence[Curve],
    stretches: Sequence[Stretch],
    *,
    length_s: float,
    title: str,
    description: str,
    axis: str,
) -> PowerPlot | None:
    """Curves of equally many steps over `length_s` seconds from 0 on; None where no step of any has a value.

    The upward axis begins at zero. Times of stretches are seconds from the beginning too.
    """
    powers_w = [watts for curve in curves for watts in curve.watts if watts is not None]
    if not powers_w:
        return None
    upward = LinearScale((0.0, max(*powers_w, 0.0) or 1.0))
    across = LinearScale((0.0, length_s))
    return PowerPlot(
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
        frame_width=max(len(curve.watts) for curve in curves),
        frame_height=FRAME_UNITS,
        columns=[_column(seconds, length_s) for seconds in across.ticks() if seconds <= length_s],
        rows=[
            PowerTick(at=str(_y(upward, watts)), label=significant(watts, digits=3))
            for watts in upward.ticks()
        ],
        bands=[_band(stretch, length_s) for stretch in stretches],
        paths=[CurvePath(name=curve.name, d=_path(curve, upward)) for curve in curves],
    )


def _y(scale: LinearScale, watts: float) -> int:
    return round(HEIGHT_PX - BOTTOM_PX - scale.share(watts) * (HEIGHT_PX - BOTTOM_PX - TOP_PX))


def _column(seconds: float, length_s: float) -> PowerTick:
    share = seconds / length_s
    return PowerTick(
        at=percent(share, LEFT_PERCENT, RIGHT_PERCENT),
        label=significant(seconds, digits=3),
        anchor="end" if share > 0.97 else "middle",
    )


def _band(stretch: Stretch, length_s: float) -> ShadedBand:
    left, right = (min(max(at / length_s, 0.0), 1.0) for at in (stretch.start_s, stretch.end_s))
    return ShadedBand(
        kind=stretch.kind,
        x=percent(left, LEFT_PERCENT, RIGHT_PERCENT),
        width=f"{(right - left) * (RIGHT_PERCENT - LEFT_PERCENT):.2f}%",
        text=stretch.text,
    )


def _path(curve: Curve, upward: LinearScale) -> str:
    """Steps from left to right; the line stops where there is no value."""
    parts: list[str] = []
    is_drawn = False
    for step, watts in enumerate(curve.watts):
        if watts is None:
            is_drawn = False
            continue
        y = round(FRAME_UNITS * (1 - upward.share(watts)))
        parts.append(f"V{y}H{step + 1}" if is_drawn else f"M{step} {y}H{step + 1}")
        is_drawn = True
    return "".join(parts)
