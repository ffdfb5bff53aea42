"""A power reading taken as a counter."""

from __future__ import annotations

import pytest

from joulemark.energy.accumulate import accumulate, readings
from joulemark.energy.errors import TraceIncomplete, TraceInconsistent
from joulemark.record.trace import Gauge
from tests.core.analytic import gauge

POWER = gauge("gpu-power-instant", "mW", [(1.0, 60_000), (1.5, 80_000), (3.5, 100_000)])


def test_each_reading_tells_of_the_time_since_the_one_before() -> None:
    steps = accumulate(POWER)
    assert steps.energy_j.tolist() == [0.0, 40.0, 240.0]
    assert steps.low_s.tolist() == steps.high_s.tolist() == [1.0, 1.5, 3.5]


def test_readings_are_in_seconds_and_the_gauges_unit() -> None:
    t_s, values = readings(POWER)
    assert (t_s.tolist(), values.tolist()) == ([1.0, 1.5, 3.5], [60_000.0, 80_000.0, 100_000.0])


@pytest.mark.parametrize(
    ("t_us", "value", "error", "says"),
    [
        ((), (), TraceIncomplete, 'Gauge "x" has no reading'),
        ((1, 2), (5,), TraceInconsistent, 'Gauge "x" has 2 times, 1 values'),
        ((5, -1), (5, 5), TraceInconsistent, 'gauge "x" run backwards'),
        ((2**53, 2**53), (5, 5), TraceInconsistent, "too large"),
        ((1, 2), (2**53, 2**53), TraceInconsistent, "too large"),
    ],
)
def test_a_broken_gauge_is_refused(
    t_us: tuple[int, ...], value: tuple[int, ...], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        readings(Gauge(name="x", unit="mW", t_us=t_us, value=value))
