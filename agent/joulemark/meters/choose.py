"""Which meter a run uses: a counter where one answers, else the estimate; and why others were passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.errors import MeterUnavailable, UsageError
from joulemark.meters.compose import GpuBesideHost
from joulemark.meters.estimate import EstimateMeter
from joulemark.meters.gpu import on_the_bus
from joulemark.meters.nvml import NvmlMeter
from joulemark.meters.rapl import RaplMeter
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.meters.gpu import BrokenGpu
    from joulemark.meters.meter import Meter

NO_GPU = frozenset({"no-nvidia-driver", "no-gpu", "gpu-hidden"})
"""Reasons by which there is no GPU for this process: no library of a driver, none listed, or hidden by the user."""
NO_DRIVER = frozenset({"nvidia-driver-not-loaded", "no-pynvml"})
"""Reasons that leave open whether there is one: a library without a driver is in many images for machines without."""

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
    estimate counts CPU time and so is refused for a GPU. GPUs that were passed over are rejections. Raises
    MeterUnavailable when the meter asked for, or every one, cannot be used, and UsageError for a senseless pair.
    """
    openers = openers or Openers()
    if wanted == "estimate" and on_gpu:
        raise UsageError(
            _("The estimate counts CPU time only; for a GPU use `--meter nvml` or `--meter auto`.")
        )
    if wanted == "nvml" or (wanted == "auto" and on_gpu):
        gpu = openers.nvml()
        return Choice(meter=GpuBesideHost(gpu, openers.rapl), rejections=tuple(map(_of_gpu, gpu.skipped)))
    if wanted == "rapl":
        return Choice(meter=openers.rapl(), rejections=())
    rejections: list[Rejection] = []
    if wanted == "auto":
        try:
            return Choice(meter=openers.rapl(), rejections=())
        except MeterUnavailable as error:
            rejections.append(rejection("rapl", error))
    return Choice(meter=EstimateMeter(watts=cpu_watts), rejections=tuple(rejections))


def hides_a_gpu(reason: str, *, bus: Callable[[], bool] = on_the_bus) -> bool:
    """Whether a machine whose NVML cannot be used, for `reason`, has a GPU all the same that the user may mean.

    A run then does not measure the processor instead, unless it is told to.
    """
    if reason in NO_GPU:
        return False
    return bus() if reason in NO_DRIVER else True


def told_to(error: MeterUnavailable) -> MeterUnavailable:
    """The error of a GPU that cannot be used, with how to measure the processor instead."""
    instead = _("To measure the processor instead, say so: `--meter rapl` or `--meter estimate`.")
    return MeterUnavailable(
        error.reason, error.sentence, mend=f"{error.mend} {instead}" if error.mend else instead
    )


def _of_gpu(gpu: BrokenGpu) -> Rejection:
    error = gpu.error()
    return Rejection(meter=f"GPU {gpu.index}", reason=gpu.reason, sentence=error.sentence, mend=gpu.mend)


def rejection(meter: str, error: MeterUnavailable) -> Rejection:
    """The record of a failed attempt."""
    return Rejection(meter=meter, reason=error.reason, sentence=error.sentence, mend=error.mend)
