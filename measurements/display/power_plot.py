"""Power over the time of a run: curves over shaded stretches, from zero watts and from the run's beginning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.display.drawing import Curve, Drawing, ShadedBand, upward_levels
from measurements.display.scales import LinearScale, axis_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT_REM, TOP_REM, BOTTOM_REM = 18.0, 0.8, 2.0
LEFT, RIGHT = 0.02, 0.98


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of the run to be shaded, in seconds; `kind` is a class of the style sheet, `text` says what it is."""

    kind: str
    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, kw_only=True)
class StepCurve:
    """Watts of each step, None where there are none; `name` is a class of the style sheet."""

    name: str
    watts: Sequence[float | None]


class _RunTime(LinearScale):
    """Seconds of a run: the axis ends with it."""

    def __init__(self, length_s: float) -> None:
        super().__init__((0.0, length_s), at_low=True)
        self.high = length_s


def power_plot(
    curves: Sequence[StepCurve],
    stretches: Sequence[Stretch],
    *,
    length_s: float,
    title: str,
    description: str,
    caption: str,
) -> Drawing | None:
    """Curves of equally many steps over `length_s` seconds from 0 on; None where no step of any has a value.

    The upward axis begins at zero. Times of stretches are seconds from the beginning too.
    """
    powers_w = [watts for curve in curves for watts in curve.watts if watts is not None]
    if not powers_w:
        return None
    upward = LinearScale((0.0, max(*powers_w, 0.0) or 1.0), at_low=True)
    across = _RunTime(length_s)
    return Drawing(
        kind="power",
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
        levels=upward_levels(upward, top=TOP_REM, bottom=HEIGHT_REM - BOTTOM_REM),
        bands=[_band(stretch, length_s) for stretch in stretches],
        curves=[Curve(name=f"curve {curve.name}", runs=_runs(curve, upward)) for curve in curves],
    )


def _band(stretch: Stretch, length_s: float) -> ShadedBand:
    left, right = (min(max(at / length_s, 0.0), 1.0) for at in (stretch.start_s, stretch.end_s))
    return ShadedBand(kind=stretch.kind, left=left, right=right, title=stretch.text)


def _runs(curve: StepCurve, upward: LinearScale) -> list[list[tuple[float, float]]]:
    """Steps from left to right; a run ends where there is no value."""
    width = 1 / len(curve.watts)
    runs: list[list[tuple[float, float]]] = []
    is_drawn = False
    for step, watts in enumerate(curve.watts):
        if watts is None:
            is_drawn = False
            continue
        if not is_drawn:
            runs.append([])
            is_drawn = True
        y = 1 - upward.share(watts)
        runs[-1] += [(step * width, y), ((step + 1) * width, y)]
    return runs
