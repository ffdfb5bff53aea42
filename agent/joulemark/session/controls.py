"""What a GPU is told to do with power and clocks, made fit for the record: read before a job and again behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.record.statement import PowerControls
from joulemark.session.facts import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.meters.meter import Meter

CHANGED = "power-controls-changed"
"""The flag of a job in which somebody set another profile, smoothing, EDPp, limit or clock."""


@dataclass(frozen=True, kw_only=True)
class Controls:
    """As a statement names them, and why each null is one, by its path."""

    stated: PowerControls
    absent: Mapping[str, str]


def read_controls(meter: Meter) -> Controls | None:
    """Of a GPU; None of a processor, which has none. Raises nothing."""
    if meter.gpu is None:
        return None
    controls = meter.gpu.power_controls()
    stated, absent = fitted(PowerControls, controls.values, controls.absent, of="power_controls")
    return Controls(stated=stated, absent=absent)


def changed_flags(before: Controls | None, after: Controls | None) -> tuple[str, ...]:
    """The flag where two readings of one job differ."""
    return (CHANGED,) if before is not None and after is not None and before.stated != after.stated else ()
