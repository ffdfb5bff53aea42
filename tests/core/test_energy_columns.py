"""Columns of a trace as arrays: the numbers as they are, or none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.energy.columns import int64
from joulemark.energy.errors import TraceInconsistent
from joulemark.energy.gaps import has_gap
from joulemark.record.trace import Queries, Span, Stream, Trace

NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=300)


@pytest.mark.laws
@given(NUMBERS)
def test_each_number_is_the_one_of_the_column(column: list[int]) -> None:
    array = int64(tuple(column), of="a column")
    assert array.dtype == np.int64
    assert array.tolist() == column


@pytest.mark.parametrize("beyond", [2**63, -(2**63) - 1, 2**80])
def test_a_number_beyond_64_bits_is_refused_by_whose_it_is(beyond: int) -> None:
    with pytest.raises(TraceInconsistent, match="Stream a holds a number beyond 64 bits"):
        int64((1, beyond), of="Stream a")


def test_a_decoded_column_cannot_be_edited() -> None:
    with pytest.raises(ValueError, match="read-only"):
        int64((1, 2), of="a column")[0] = 3


@pytest.mark.parametrize(("silent_us", "expected"), [(900_000, False), (1_600_000, True)])
def test_a_gap_is_seen_where_times_are_beyond_32_bits(silent_us: int, expected: bool) -> None:  # noqa: FBT001 - a case
    begin_us = 2**40
    stream = Stream(
        name="gpu-board", scope="gpu", unit="mJ", joules_per_unit=1e-3, wraps_at=None,
        t_us=(begin_us, 500_000, silent_us), value=(0, 1, 1),
    )  # fmt: skip
    trace = Trace(
        version=1,
        streams=(stream,),
        spans=(Span(kind="window", start_us=begin_us, end_us=begin_us + 500_000 + silent_us),),
        queries=(Queries(duration_us=(1,), gap_us=(0,)),),
    )
    assert has_gap(trace, stream) is expected
