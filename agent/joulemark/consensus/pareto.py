"""Which models nobody beats: less energy and better answers at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model as a choice: joules per query (or any one unit of energy), and one metric of its answers."""

    energy: float
    quality: float


def pareto_front(choices: Sequence[Choice], *, higher_is_better: bool = True) -> list[int]:
    """Places of the choices that no other one dominates, from the least energy on; equal ones keep their order.

    One dominates another where it is as good in both and better in at least one; of two equal choices neither does,
    so both are on the front. Raises ValueError for a number that is not finite.
    """
    if not all(isfinite(choice.energy) and isfinite(choice.quality) for choice in choices):
        raise ValueError("Energy and quality must be finite to be compared.")
    sign = 1.0 if higher_is_better else -1.0
    ordered = sorted(
        range(len(choices)), key=lambda place: (choices[place].energy, -sign * choices[place].quality)
    )
    front: list[int] = []
    for place in ordered:
        choice = choices[place]
        last = choices[front[-1]] if front else None
        if last is None or sign * choice.quality > sign * last.quality or choice == last:
            front.append(place)
    return front
