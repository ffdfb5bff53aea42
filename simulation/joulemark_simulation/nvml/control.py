"""The control kernel on a simulated card: it draws power for as long as its work takes, and its products are right."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from joulemark.record.control import copy_bytes
from joulemark.rules.control_answers import product_sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.record.control import ControlTime, ControlWork

LOADING_S = 0.3
WATTS = {"products": 280.0, "copies": 240.0}
"""Within the limit of every card that is measured on a real clock, as a driver would keep it."""
FLOP_S, BYTE_S = 7e12, 0.28e12
"""Floating-point operations and bytes a second that the least of the simulated cards can do, too."""


class SimulatedControl:
    """`work(watts, seconds)` draws power. The rates are those of products and of copies."""

    def __init__(
        self,
        work: Callable[[float, float], None],
        *,
        side: int,
        seed: int,
        products_w: float = WATTS["products"],
        copies_w: float = WATTS["copies"],
        flop_s: float = FLOP_S,
        byte_s: float = BYTE_S,
    ) -> None:
        self._work, self._side, self._seed = work, side, seed
        self._watts = {"products": products_w, "copies": copies_w}
        self._each_s = {"products": 2 * side**3 / flop_s, "copies": 2 * copy_bytes(side) / byte_s}

    def load(self) -> None:
        """A short load."""
        self._work(self._watts["copies"], LOADING_S)

    def run(self, work: ControlWork, seconds: float) -> int:
        """So many as fill the time."""
        count = ceil(seconds / self._each_s[work])
        self._work(self._watts[work], count * self._each_s[work])
        return count

    def sample(self, when: ControlTime, products: int) -> tuple[int, ...]:
        """As a card that multiplied would have it."""
        return product_sample(self._seed, when, products=products, side=self._side)

    def release(self) -> None:
        """Nothing is held."""

    def peak_beside(self, peak_bytes: int | None) -> int | None:
        """It takes no memory."""
        return peak_bytes
