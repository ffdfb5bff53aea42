"""What `joulemark doctor` and `joulemark run` look at on a GPU at rest, before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.meters.nvml import checks as gpu_checks
from joulemark.meters.nvml import sensor_checks
from joulemark.meters.nvml.processes import OurProcesses
from joulemark.meters.rapl.meter import RaplMeter

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.meters.check import Check
    from joulemark.meters.meter import Meter
    from joulemark.meters.nvml.card import Card
    from joulemark.meters.timer import Timer


def preflight(
    card: Card,
    timer: Timer,
    *,
    open_rapl: Callable[[], Meter] = RaplMeter,
    ours: OurProcesses | None = None,
    on_gpu: bool = False,
) -> tuple[Check, ...]:
    """Every check, in order; takes a little more than 3 s.

    `on_gpu` says that this process has opened the GPU by now, so that NVML lists it. What cannot be told is a check
    that is not available. Raises MeterUnavailable or MeterFailed only when the GPU is gone.
    """
    return (
        *gpu_checks.checks(card, ours or OurProcesses(), on_gpu=on_gpu),
        *sensor_checks.checks(card, timer),
        sensor_checks.rapl(open_rapl),
    )
