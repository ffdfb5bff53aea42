"""Axes: from values to shares of a length, and round values to mark."""

from __future__ import annotations

from math import ceil, floor, log10

MANY_DECADES = 2.0
STEPS = (0.0, log10(2), log10(5))
TINY = 1e-9
MOST_TICKS = 5


class LogScale:
    """A logarithmic axis from one round value (1, 2 or 5 of a decade) to another, around an extent."""

    def __init__(self, extent: tuple[float, float]) -> None:
        low, high = (log10(bound) for bound in extent)
        rounds = [decade + step for decade in range(floor(low), ceil(high) + 2) for step in STEPS]
        self.low = max(value for value in rounds if value <= low + TINY)
        self.high = min(value for value in rounds if value >= high - TINY and value > self.low)

    def share(self, value: float) -> float:
        """Where `value` is: 0 at the low end, 1 at the high one."""
        return (log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values between the bounds: 1, 2 and 5 of a decade, or decades alone where there are many."""
        steps = (0.0,) if self.high - self.low > MANY_DECADES else STEPS
        decades = range(floor(self.low), ceil(self.high) + 1)
        every = [decade + step for decade in decades for step in steps]
        return [10**value for value in every if self.low - TINY <= value <= self.high + TINY]


class LinearScale:
    """A plain axis from one round value to another, around an extent."""

    def __init__(self, extent: tuple[float, float]) -> None:
        low, high = extent
        width = (high - low) or abs(high) or 1.0
        self.step = _round_up(width / (MOST_TICKS - 1))
        self._first = floor(low / self.step + TINY)
        self._last = max(ceil(high / self.step - TINY), self._first + 1)

    def share(self, value: float) -> float:
        """Where `value` is: 0 at the low end, 1 at the high one."""
        return (value / self.step - self._first) / (self._last - self._first)

    def ticks(self) -> list[float]:
        """Both ends and the steps between them."""
        return [number * self.step for number in range(self._first, self._last + 1)]


def _round_up(width: float) -> float:
    """The next of 1, 2 and 5 of a decade."""
    decade = floor(log10(width) + TINY)
    return float(
        min(10 ** (decade + step) for step in (*STEPS, 1.0) if 10 ** (decade + step) >= width * (1 - TINY))
    )


def percent(share: float, left: float, right: float) -> str:
    """A share of an axis that lies between two percentages of a plot's width, as a template writes it."""
    return f"{left + share * (right - left):.2f}%"
