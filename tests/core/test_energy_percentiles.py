"""Percentiles and medians are numpy's, bit by bit: what an older agent has stated is recomputed as it was."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from joulemark.energy.percentiles import median, percentiles

COLUMNS = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e12, 1e12, allow_subnormal=False))


@given(COLUMNS)
def test_percentiles_are_those_of_numpy(values: np.ndarray) -> None:
    assert percentiles(values, 0.5, 0.95) == tuple(np.percentile(values, [50, 95]).tolist())


@given(COLUMNS)
def test_the_median_is_that_of_numpy(values: np.ndarray) -> None:
    assert median(values) == np.median(values)


def test_the_column_stays_in_its_order() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert (percentiles(values, 0.5), median(values), values.tolist()) == ((2.0,), 2.0, [3.0, 1.0, 2.0])
