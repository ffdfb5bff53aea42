"""A counter that cannot be probed is taken as slow as it is seen to be at rest."""

from __future__ import annotations

from random import Random

import pytest

from joulemark.meters.probe import resting_period_s
from joulemark.session.sensor_timing import UNPROBED, _unprobed
from tests.agent.stepped_counter import Counter, Machine


@pytest.mark.parametrize("period_s", [0.02, 0.1, 0.5, 1.0])
def test_its_period_is_seen_at_rest(period_s: float) -> None:
    machine = Machine(Counter(period_s=period_s, read_s=0.001), Random(1))  # noqa: S311
    seen_s = resting_period_s(machine, machine)
    assert seen_s == pytest.approx(period_s, abs=0.004)
    timing = _unprobed(seen_s)
    assert timing.period_us == pytest.approx(period_s * 1e6, abs=4000)
    assert timing.settle_us >= UNPROBED.settle_us
    assert timing.coverage == "unknown"


def test_a_counter_that_stands_still_is_taken_for_the_slowest_known() -> None:
    machine = Machine(Counter(period_s=1000.0), Random(1))  # noqa: S311
    assert resting_period_s(machine, machine) is None
    assert _unprobed(None) == UNPROBED
