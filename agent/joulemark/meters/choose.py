"""Which meter a run uses: a counter where one answers, else the estimate; and why others were passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.errors import MeterUnavailable, UsageError
from joulemark.meters.compose import GpuBesideHost
from joulemark.meters.estimate import EstimateMeter
from joulemark.meters.nvml import NvmlMeter
from joulemark.meters.rapl import RaplMeter

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.meters.meter import Meter

Wanted = Literal["auto", "nvml", "rapl", "estimate"]


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """A meter that was tried and not taken."""

    meter: str
    reason: str
    sentence: str
    mend: str | None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The meter of a run, open, and the ones that were passed over."""

    meter: Meter
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, kw_only=True)
class Openers:
    """How each meter is opened; tests put theirs here."""

    nvml: Callable[[], NvmlMeter] = NvmlMeter
    rapl: Callable[[], Meter] = RaplMeter


def choose(
    wanted: Wanted, *, on_gpu: bool, cpu_watts: float | None = None, openers: Openers | None = None
) -> Choice:
    """Open the meter for a workload on the GPU or on the CPU.

    auto: NVML for a GPU, with RAPL beside it where that can be read; RAPL for a CPU, else the estimate. The
    estimate counts CPU time and so is refused for a GPU. Raises MeterUnavailable when the meter asked for, or every
    one, cannot be used, and UsageError for a senseless pair.
    """
    openers = openers or Openers()
    if wanted == "estimate" and on_gpu:
        raise UsageError("The estimate counts CPU time only; for a GPU use `--meter nvml` or `--meter auto`.")
    if wanted == "nvml" or (wanted == "auto" and on_gpu):
        return Choice(meter=GpuBesideHost(openers.nvml(), openers.rapl), rejections=())
    if wanted == "rapl":
        return Choice(meter=openers.rapl(), rejections=())
    rejections: list[Rejection] = []
    if wanted == "auto":
        try:
            return Choice(meter=openers.rapl(), rejections=())
        except MeterUnavailable as error:
            rejections.append(rejection("rapl", error))
    return Choice(meter=EstimateMeter(watts=cpu_watts), rejections=tuple(rejections))


def rejection(meter: str, error: MeterUnavailable) -> Rejection:
    """The record of a failed attempt."""
    return Rejection(meter=meter, reason=error.reason, sentence=error.sentence, mend=error.mend)
