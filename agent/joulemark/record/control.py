"""The control kernel of a session on a GPU: what ran, what came out, and the numbers that its inputs are made of.

A fixed workload runs first and last in a session, under the meter that measures the queries: products of two square
matrices, then copies of a block of device memory. Its energy and time per operation are alike on all cards of a design,
so a trace that was scaled, a card with locked clocks and another card show in it.

The matrices hold whole numbers from -8 to 7, which follow from the session's seed, and so does the place of the sample
of their product that the record carries. In 32-bit floats every sum is exact (at most 64 x side < 2**24), in whatever
order and format a card multiplies: a platform computes the sample again from few rows and columns.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, get_args

from msgspec import Meta

from joulemark.record.codec import Record

Amount = Annotated[float, Meta(ge=0, le=1e15)]
Positive = Annotated[float, Meta(gt=0, le=1e15)]
Repeats = Annotated[int, Meta(ge=1, le=10**12)]
Element = Annotated[int, Meta(gt=-(2**24), lt=2**24)]

ControlTime = Literal["first", "last"]
"""When in the session the kernel runs."""
ControlWork = Literal["products", "copies"]
"""Its two kinds of work, in the order in which they run."""

SAMPLE_SIDE = 8
"""The sample of a product has so many rows and columns."""
SAMPLE_SIZE = SAMPLE_SIDE**2
ControlSide = Literal[4096, 2048]
"""Rows and columns of the matrices: of large cards and of small ones."""
LARGE_MEMORY_BYTES = 8 * 10**9
"""Cards with so much memory or more multiply large matrices."""
MATRICES_COPIED = 4
"""A copy moves as many bytes as so many matrices have: more than the caches of cards hold, little beside their memory.
"""
ELEMENT_BYTES = 4
"""The matrices hold 32-bit floats."""


class ControlRun(Record, frozen=True, kw_only=True):
    """The kernel once: how many products and copies ran, how long each kind took, and the energy of each, in joules.

    Seconds and joules are those of the two `control` spans of the trace. `products_u` and `copies_u` are relative
    standard uncertainties (k = 1) of the energies, without the sensor's own. `sample`: 8 x 8 elements of the product,
    row by row, at the places that `sample_places` draws.
    """

    when: ControlTime
    products: Repeats
    products_s: Positive
    products_j: Positive
    products_u: Amount
    copies: Repeats
    copies_s: Positive
    copies_j: Positive
    copies_u: Amount
    sample: Annotated[tuple[Element, ...], Meta(min_length=SAMPLE_SIZE, max_length=SAMPLE_SIZE)]


class Control(Record, frozen=True, kw_only=True):
    """The control kernel of a session, version 1: matrices of `side` x `side`, copies of `copy_bytes` bytes.

    A product has 2 x side**3 floating-point operations; a copy reads and writes `copy_bytes` once each.
    """

    version: Literal[1]
    side: ControlSide
    copy_bytes: Annotated[int, Meta(ge=1, le=2**40)]
    runs: Annotated[tuple[ControlRun, ...], Meta(min_length=2, max_length=2)]

    def __post_init__(self) -> None:
        """The runs are there, in their order. Raises ValueError, which decoding reports as a schema fault."""
        if tuple(run.when for run in self.runs) != get_args(ControlTime):
            raise ValueError(f"`runs` must be those of {', '.join(get_args(ControlTime))}, in this order")


def control_side(memory_bytes: int | None) -> ControlSide:
    """The side of the matrices on a card with so much memory; the small one where it is not known."""
    return 4096 if (memory_bytes or 0) >= LARGE_MEMORY_BYTES else 2048


def copy_bytes(side: int) -> int:
    """How many bytes a copy reads, and writes, beside matrices of this side."""
    return MATRICES_COPIED * ELEMENT_BYTES * side**2


def flop_of(control: Control) -> int:
    """Floating-point operations of one product: a multiplication and an addition each."""
    return 2 * control.side**3


def moved_bytes_of(control: Control) -> int:
    """Bytes of one copy, those that are read and those that are written."""
    return 2 * control.copy_bytes


def left_row(seed: int, row: int, *, side: int) -> bytes:
    """A row of the left matrix, a byte an element: its lower four bits less 8 are the element."""
    return _drawn("left", seed, row, size=side)


def right_column(seed: int, column: int, *, side: int) -> bytes:
    """A column of the right matrix, as `left_row` gives a row of the left one."""
    return _drawn("right", seed, column, size=side)


def sample_places(
    seed: int, when: ControlTime, *, products: int, side: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(rows, columns) of the sample, 8 each, drawn anew for each run and each number of products."""
    drawn = _drawn(f"places|{when}|{products}", seed, side, size=4 * SAMPLE_SIDE)
    places = [int.from_bytes(drawn[at : at + 2], "big") % side for at in range(0, len(drawn), 2)]
    return tuple(places[:SAMPLE_SIDE]), tuple(places[SAMPLE_SIDE:])


def _drawn(what: str, seed: int, number: int, *, size: int) -> bytes:
    """Bytes of SHAKE-256 over a text of version, name, seed and number: the same in every language and library."""
    return hashlib.shake_256(f"joulemark control 1|{what}|{seed}|{number}".encode()).digest(size)
