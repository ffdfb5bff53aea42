"""Columns of a trace as arrays. Numbers up to 2**53 are exact as floats, and so is every sum here."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.errors import TraceInconsistent
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_EXACT = 2**53
"""The largest integer up to which doubles hold all integers exactly."""


def int64(column: Sequence[int], *, of: str) -> NDArray[np.int64]:
    """The numbers as they are, read-only, `of` being whose they are. Raises TraceInconsistent for one beyond 64 bits.

    Packed by `struct`, which takes less than half of the time that numpy needs to look at each number.
    """
    try:
        return np.frombuffer(struct.pack(f"{len(column)}q", *column), dtype=np.int64)
    except struct.error as error:
        raise TraceInconsistent(_("{of} holds a number beyond 64 bits.").format(of=of)) from error


def all_sums_fit(deltas: NDArray[np.int64]) -> bool:
    """Whether no running sum can leave -MOST to MOST, whatever the order: a quick look that spares the exact ones."""
    return bool(len(deltas)) and len(deltas) * max(int(deltas.max()), -int(deltas.min())) <= MAX_EXACT
