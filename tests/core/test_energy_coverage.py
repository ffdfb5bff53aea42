"""Whether a counter looks all the time, from the spread of trains."""

from __future__ import annotations

import pytest

from joulemark.energy.coverage import coverage, spread


def test_the_spread_is_highest_less_lowest_over_the_mean() -> None:
    assert spread([9.0, 10.0, 11.0]) == pytest.approx(0.2, rel=1e-12)
    assert spread([10.0] * 8) == 0.0


@pytest.mark.parametrize(
    ("energies_j", "says"),
    [
        ([10.0] * 8, "full"),
        ([9.95, 10.05, 10.0, 10.0], "full"),
        ([9.85, 10.15], "unknown"),
        ([9.05, 10.95], "unknown"),
        ([8.9, 11.1], "part-time"),
        ([0.0, 20.0], "part-time"),
    ],
)
def test_less_than_two_percent_is_full_and_more_than_twenty_part_time(
    energies_j: list[float], says: str
) -> None:
    assert coverage(energies_j) == says
