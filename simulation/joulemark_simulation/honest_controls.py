"""The control kernel of honest sessions: what cards of a design have in common, and how they scatter around it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from msgspec.structs import replace

from joulemark.energy.control_energy import control_energies
from joulemark.record.control import control_side
from joulemark.record.stated import stated
from joulemark.rules.control_figures import ControlFigures
from joulemark.session.control_runs import ControlRuns
from joulemark_simulation.honest_machines import OFFSET_W
from joulemark_simulation.nvml.control import SimulatedControl

if TYPE_CHECKING:
    from collections.abc import Callable

    from msgspec import UnsetType

    from joulemark.meters.device import DeviceFacts
    from joulemark.record.control import Control
    from joulemark.record.statement import Predicate, Sensor
    from joulemark.record.trace import Trace
    from joulemark.rules.hardware import Gpu

SECONDS = (2.0, 5.0, 10.0)
"""How long a session's share of jobs leaves for the kernel."""
CARD_SPREAD, GAIN_SPREAD = 0.02, 0.025
"""Relative, standard: speed and power of cards of one design, and the gain of their sensors."""
OF_PEAK_FLOPS, OF_PEAK_BYTES = 0.8, 0.85
PRODUCTS_SHARE, COPIES_SHARE = 0.8, 0.5
"""Of what the limit leaves above the power at rest."""


def honest_control(
    gpu: Gpu | None, device: DeviceFacts, work: Callable[[float, float], None], *, idle_w: float, seed: int
) -> ControlRuns | None:
    """The kernel on a card of this model, whose chances follow from the session's seed; None on a processor."""
    rng = Random(f"control of {seed}")  # noqa: S311 - chances, no secrets
    side, limit_w = control_side(device.memory_bytes), device.power_limit_w
    if gpu is None or limit_w is None:
        return None
    kernel = SimulatedControl(
        work,
        side=side,
        seed=seed,
        products_w=_above(idle_w, limit_w, PRODUCTS_SHARE) * rng.gauss(1.0, CARD_SPREAD),
        copies_w=_above(idle_w, limit_w, COPIES_SHARE) * rng.gauss(1.0, CARD_SPREAD),
        flop_s=_flop_s(gpu) * rng.gauss(1.0, CARD_SPREAD),
        byte_s=_byte_s(gpu) * rng.gauss(1.0, CARD_SPREAD),
    )
    return ControlRuns(kernel, side=side, seconds=rng.choice(SECONDS), reason=None)


def control_of_another(gpu: Gpu, *, limit_w: float, idle_w: float, rng: Random) -> ControlFigures:
    """What another card of the design states; its sensor's zero is off by a quarter of its power at rest at most."""
    offset_w = min(OFFSET_W, idle_w / 4)
    zero_w = max(-offset_w, min(rng.gauss(0.0, offset_w), offset_w))

    def times(value: float) -> float:
        return value * rng.gauss(1.0, CARD_SPREAD)

    flop_s, byte_s, gain = times(1 / _flop_s(gpu)), times(1 / _byte_s(gpu)), rng.gauss(1.0, GAIN_SPREAD)
    return ControlFigures(
        flop_j=flop_s * (gain * times(_above(idle_w, limit_w, PRODUCTS_SHARE)) + zero_w),
        flop_s=flop_s,
        byte_j=byte_s * (gain * times(_above(idle_w, limit_w, COPIES_SHARE)) + zero_w),
        byte_s=byte_s,
    )


def controls_of_others(gpu: Gpu | None, device: DeviceFacts, *, idle_w: float, seed: int) -> dict[str, Any]:
    """The fields of a case's context: in half of the cases other contributors' cards of the design are known."""
    rng = Random(f"controls beside {seed}")  # noqa: S311 - chances, no secrets
    count, limit_w = rng.choice((0, 0, 1, 3, 5, 12)), device.power_limit_w
    if gpu is None or limit_w is None:
        return {}
    others = [control_of_another(gpu, limit_w=limit_w, idle_w=idle_w, rng=rng) for _ in range(count)]
    return {"controls_by_others": tuple(others), "earlier_controls_by_others": count}


def figures_of(predicate: Predicate) -> ControlFigures:
    """Of a result that has a control kernel. Raises ValueError for another one."""
    control = stated(predicate.control, otherwise=None)
    if control is None:
        raise ValueError("the result has no control kernel")
    return ControlFigures.of(control)


def restated_control(
    control: Control | UnsetType | None, trace: Trace, sensor: Sensor
) -> Control | UnsetType | None:
    """What runs, with the seconds and joules that follow from another trace. Raises EnergyError."""
    if control is None or control is UNSET:
        return control
    energies = iter(control_energies(trace, sensor))
    runs = []
    for run in control.runs:
        products, copies = next(energies), next(energies)
        runs.append(
            replace(
                run,
                products_s=products.seconds,
                products_j=products.energy_j,
                products_u=products.u,
                copies_s=copies.seconds,
                copies_j=copies.energy_j,
                copies_u=copies.u,
            )
        )
    return replace(control, runs=tuple(runs))


def _above(idle_w: float, limit_w: float, share: float) -> float:
    return idle_w + share * max(limit_w - idle_w, 0.0)


def _flop_s(gpu: Gpu) -> float:
    return OF_PEAK_FLOPS * 1e12 * gpu.peak_tflops.get("float32", 10.0)


def _byte_s(gpu: Gpu) -> float:
    return OF_PEAK_BYTES * 1e9 * (gpu.bandwidth_gbs or 300.0)
