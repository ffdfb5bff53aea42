"""What pages say of the power sensor of a board of which nothing is known."""

from __future__ import annotations

from dataclasses import dataclass

from joulemark.energy.sensors import COVERAGE_FACTOR, sensor_error

LIGHT_W, FULL_W = 60.0, 300.0
"""Mean powers for which the pages say what a sensor may be off by: a board that is hardly busy, and one at work."""


@dataclass(frozen=True, kw_only=True)
class SensorFacts:
    """Of a board of which nothing is known, k = 2: relative, in watts, and together at two loads, relative."""

    gain: float
    offset_w: float
    light: float
    full: float


def unknown_sensor() -> SensorFacts:
    """What is said of a board of a design that nobody has measured. Raises LookupError if the table has no offset."""
    error = sensor_error("nvml-counter")
    if error is None or error.offset_u_w is None:
        raise LookupError("The table of boards says nothing of the zero of their sensors.")
    return SensorFacts(
        gain=COVERAGE_FACTOR * error.gain_u,
        offset_w=COVERAGE_FACTOR * error.offset_u_w,
        light=COVERAGE_FACTOR * error.relative_u(LIGHT_W),
        full=COVERAGE_FACTOR * error.relative_u(FULL_W),
    )
