"""Whether a warm-up has reached its steady state."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PART_S = 10.0
PARTS = 3
SPREAD = 0.01
DRIFT_C = 0.5
"""Three parts of 10 s whose mean powers agree within 1 %, while the temperature moves less than 0.5 C in each."""


def is_steady(powers_w: Sequence[float], temperatures_c: Sequence[float]) -> bool:
    """Whether the last three parts are steady: mean power of each part, and temperature at the end of each.

    A device without a thermometer has no temperatures and is judged by its power alone.
    """
    last = powers_w[-PARTS:]
    if len(last) < PARTS or min(last) <= 0:
        return False
    if max(last) - min(last) > SPREAD * sum(last) / PARTS:
        return False
    warmth = temperatures_c[-PARTS:]
    return len(warmth) < PARTS or abs(warmth[-1] - warmth[0]) < DRIFT_C * (PARTS - 1)
