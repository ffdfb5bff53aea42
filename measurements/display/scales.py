"""Axes: from values to shares of a length, round values to mark, and which of their labels have room.

An axis ends tightly: a little beyond its extent, not at the next round value. Widths are rem, as text is, so labels
keep apart whatever size a reader gives them, on every area from `NARROW_REM` on.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Protocol

from measurements.display.numbers import PLAIN_FROM, significant

if TYPE_CHECKING:
    from collections.abc import Sequence

MANY_DECADES = 2.0
ROUND = (1, 2, 5)
ENOUGH_TICKS = 3
TINY = 1e-9
PAD = 0.04
"""An axis reaches beyond both ends of its extent by this share of it."""
LEAST_DECADES = 0.12
"""The least that a logarithmic axis spans, around a single value too."""
NARROW_REM, WIDE_REM = 9.0, 20.0
"""Areas of plots: on a phone with text of twice the size, and on one with text of usual size."""
CHARACTER_REM, GAP_REM = 0.45, 0.5
"""Width of a label's character, and what is free between two labels."""


class Scale(Protocol):
    """An axis."""

    def share(self, value: float) -> float:
        """Where `value` is: 0 at the low end, 1 at the high one."""

    def ticks(self) -> list[float]:
        """Round values on the axis in rising order: two at least."""

    def digits(self, value: float) -> int:
        """Significant digits that tell the label of a tick from its neighbours'."""


@dataclass(frozen=True, kw_only=True)
class AxisTick:
    """A line of an axis at a share of it; `label` is empty where nothing has room.

    `is_fine`: its label has room on an area of `WIDE_REM`, but not on one of `NARROW_REM`. `anchor` keeps it inside.
    """

    at: float
    label: str
    anchor: str
    is_fine: bool

    def box(self, area_rem: float) -> tuple[float, float]:
        """From where to where its label goes on an area of this width, in rem from the area's left end."""
        width = len(self.label) * CHARACTER_REM
        left = self.at * area_rem - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, left + width


class LogScale:
    """A logarithmic axis around a positive extent."""

    def __init__(self, extent: tuple[float, float]) -> None:
        low, high = (log10(bound) for bound in extent)
        pad = max(PAD * (high - low), (LEAST_DECADES - (high - low)) / 2)
        self.low, self.high = low - pad, high + pad
        self._step = 0.0
        self._ticks = self._round_values()

    def share(self, value: float) -> float:
        """Where `value` is: 0 at the low end, 1 at the high one."""
        return (log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Decades where there are many, else 1, 2 and 5 of each, else round steps between the ends."""
        return self._ticks

    def digits(self, value: float) -> int:
        """One for 1, 2 and 5 of a decade; else as many as the steps have."""
        return 1 if self._step == 0 else _digits(value, self._step)

    def _round_values(self) -> list[float]:
        factors = ROUND[:1] if self.high - self.low > MANY_DECADES else ROUND
        decades = range(floor(self.low) - 1, ceil(self.high) + 1)
        every = [factor * 10.0**decade for decade in decades for factor in factors]
        inside = [value for value in every if self.low <= log10(value) <= self.high]
        if len(inside) >= ENOUGH_TICKS or self.high - self.low > MANY_DECADES:
            return inside
        self._step = _round_down((10**self.high - 10**self.low) / ENOUGH_TICKS)
        return _multiples(self._step, 10**self.low, 10**self.high)


class LinearScale:
    """A plain axis around an extent; one that begins `at_low` begins at the extent's low end, as from zero."""

    def __init__(self, extent: tuple[float, float], *, at_low: bool = False) -> None:
        low, high = extent
        pad = PAD * (high - low) or 0.1 * abs(high) or 0.5
        self.low, self.high = (low if at_low else low - pad), high + pad
        self.step = _round_down((self.high - self.low) / ENOUGH_TICKS)

    def share(self, value: float) -> float:
        """Where `value` is: 0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """The multiples of a round step between the ends."""
        return _multiples(self.step, self.low, self.high)

    def digits(self, value: float) -> int:
        """As many as the step has."""
        return _digits(value, self.step)


def axis_ticks(scale: Scale, *, plain_from: float = PLAIN_FROM) -> list[AxisTick]:
    """The round values of an axis from left to right, labelled where there is room."""
    written = [
        (scale.share(value), significant(value, digits=scale.digits(value), plain_from=plain_from))
        for value in scale.ticks()
    ]
    every = [AxisTick(at=at, label=label, anchor=_anchor(at, label), is_fine=False) for at, label in written]
    on_wide = _fitting(every, range(len(every)), WIDE_REM)
    on_narrow = _fitting(every, on_wide, NARROW_REM)
    return [
        AxisTick(
            at=tick.at,
            label=tick.label if place in on_wide else "",
            anchor=tick.anchor,
            is_fine=place in on_wide and place not in on_narrow,
        )
        for place, tick in enumerate(every)
    ]


def _anchor(at: float, label: str) -> str:
    """The first way to stand at a line that keeps a label inside a narrow area."""
    for anchor in ("middle", "start", "end"):
        if _is_inside(AxisTick(at=at, label=label, anchor=anchor, is_fine=False), NARROW_REM):
            return anchor
    return "start" if at < 0.5 else "end"


def _is_inside(tick: AxisTick, area_rem: float) -> bool:
    left, right = tick.box(area_rem)
    return left >= -TINY and right <= area_rem + TINY


def _fitting(ticks: Sequence[AxisTick], places: Sequence[int], area_rem: float) -> list[int]:
    """Places of ticks whose labels are inside an area and keep apart: all, or every second, third … from the first."""
    inside = [place for place in places if _is_inside(ticks[place], area_rem)]
    for stride in range(1, len(inside) + 1):
        chosen = inside[::stride]
        boxes = [ticks[place].box(area_rem) for place in chosen]
        if all(boxes[n + 1][0] - boxes[n][1] >= GAP_REM for n in range(len(boxes) - 1)):
            return chosen
    return []


def _round_down(width: float) -> float:
    """The last of 1, 2 and 5 of a decade that is not above a width."""
    decade = floor(log10(width) + TINY)
    return float(
        max(factor * 10.0**decade for factor in ROUND if factor * 10.0**decade <= width * (1 + TINY))
    )


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = ceil(low / step - TINY), floor(high / step + TINY)
    return [number * step for number in range(first, last + 1)]


def _digits(value: float, step: float) -> int:
    """Significant digits with which a multiple of a step is written as exactly as the step."""
    if value == 0:
        return 1
    return max(1, floor(log10(abs(value)) + TINY) - floor(log10(step) + TINY) + 1)
