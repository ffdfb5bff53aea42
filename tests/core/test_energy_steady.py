"""When a warm-up has reached its steady state."""

from __future__ import annotations

import pytest

from joulemark.energy.steady import is_steady


@pytest.mark.parametrize(
    ("powers_w", "temperatures_c", "steady"),
    [
        ([], [], False),
        ([100.0, 100.0], [50.0, 50.0], False),
        ([100.0, 100.0, 100.0], [50.0, 50.0, 50.0], True),
        ([50.0, 80.0, 100.0, 100.5, 100.9], [30.0, 40.0, 50.0, 50.0, 50.0], True),
        ([100.0, 101.1, 100.0], [50.0, 50.0, 50.0], False),
        ([100.0, 100.0, 100.0], [50.0, 50.0, 51.0], False),
        ([100.0, 100.0, 100.0], [50.0, 50.0, 50.9], True),
        ([100.0, 100.0, 100.0], [51.0, 50.0, 50.0], False),
        ([100.0, 100.0, 100.0], [], True),
        ([100.0, 100.0, 100.0], [50.0], True),
        ([0.0, 0.0, 0.0], [], False),
        ([-1.0, -1.0, -1.0], [], False),
    ],
)
def test_three_equal_parts_without_drift_are_steady(
    powers_w: list[float], temperatures_c: list[float], *, steady: bool
) -> None:
    assert is_steady(powers_w, temperatures_c) is steady
