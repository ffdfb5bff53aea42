"""What the contributors of a cell have in common and cannot see: the error of their boards' sensors.

Boards of one design err alike, so their error stays however many contributors agree; boards of different designs err
independently and average out. What one design may be off by is a share of the value (`energy.sensors`): it is added in
squares to the interval between contributors, on the plain scale, because an offset adds to an energy.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, NamedTuple

from joulemark.consensus.voices import mean_of_two, plain_median
from joulemark.energy.sensors import COVERAGE_FACTOR

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from joulemark.consensus.centre import Floats


class Sensed(NamedTuple):
    """One result's sensor: on which device of which board design, and its relative standard uncertainty, if known."""

    design: Hashable
    device: Hashable
    sensor_u: float | None


def shared_u(shares: Floats, voices: Sequence[Sequence[Sensed]]) -> float | None:
    """Relative standard uncertainty that the sensors leave in a mean of voices with these shares, which sum to 1.

    A voice's share is divided among its designs by their devices. Within a design the errors are one error and add,
    between designs they add in squares. None where the sensor of any result is not known.
    """
    by_design: dict[Hashable, float] = {}
    for share, sensed in zip(shares, voices, strict=True):
        n_devices = len({(sensor.design, sensor.device) for sensor in sensed})
        for design in {sensor.design: None for sensor in sensed}:
            of_design = [sensor for sensor in sensed if sensor.design == design]
            known_u = [sensor.sensor_u for sensor in of_design if sensor.sensor_u is not None]
            if len(known_u) < len(of_design):
                return None
            part = len({sensor.device for sensor in of_design}) / n_devices
            by_design[design] = by_design.get(design, 0.0) + float(share) * part * plain_median(
                known_u, between=mean_of_two
            )
    return hypot(*sorted(by_design.values()))


def widened(value: float, low: float, high: float, sensor_u: float) -> tuple[float, float]:
    """The interval from `low` to `high` around `value` with the sensors' shared error; never below 0.

    0 says that the sensors' zero may be all of what was read: the load was too light to tell.
    """
    shared = COVERAGE_FACTOR * sensor_u * value
    return max(value - hypot(value - low, shared), 0.0), value + hypot(high - value, shared)
