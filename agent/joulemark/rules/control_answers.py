"""What a control kernel's product must hold at the places of its sample, computed anew from a few rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from joulemark.record.control import left_row, right_column, sample_places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from joulemark.record.control import ControlTime

LOWER_BITS, HALF = 15, 8


def elements(drawn: bytes) -> NDArray[np.int64]:
    """The whole numbers from -8 to 7 that drawn bytes stand for, one each."""
    return (np.frombuffer(drawn, dtype=np.uint8) & LOWER_BITS).astype(np.int64) - HALF


def product_sample(seed: int, when: ControlTime, *, products: int, side: int) -> tuple[int, ...]:
    """The sample of the product of the session with this seed, row by row; exact."""
    rows, columns = sample_places(seed, when, products=products, side=side)
    left, right = _drawn(left_row, seed, rows, side), _drawn(right_column, seed, columns, side)
    return tuple(int(element) for element in (left @ right.T).ravel())


def _drawn(line: Callable[..., bytes], seed: int, places: Sequence[int], side: int) -> NDArray[np.int64]:
    """These rows or columns, one below the other."""
    return np.stack([elements(line(seed, place, side=side)) for place in places])
