"""Which meter a run uses: a counter where one answers, else the estimate; and why others were passed over."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.errors import MeterUnavailable, UsageError
from joulemark.meters.estimate import EstimateMeter
from joulemark.meters.gpu_beside_host import GpuBesideHost
from joulemark.meters.nvml.choice import hidden_from_cuda, on_the_bus
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.rapl.meter import RaplMeter
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from joulemark.meters.gpu import BrokenGpu
    from joulemark.meters.meter import GpuMeter, Meter

NO_GPU = frozenset({"no-gpu", "gpu-hidden"})
"""Reasons by which there is no GPU for this process: none listed, or hidden by the user."""
NO_LIBRARY = "no-nvidia-driver"
"""No library of NVIDIA's driver: most machines have no such GPU, some have one that nouveau drives."""
NO_DRIVER = frozenset({NO_LIBRARY, "nvidia-driver-not-loaded", "no-pynvml"})
"""Reasons that leave open whether there is one: a library without a driver is in many images for machines without."""

CPU = "cpu"
"""Torch's name of the processor."""
MeterOption = Literal["auto", "nvml", "rapl", "estimate"]


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """A meter that was tried and not taken."""

    meter: str
    reason: str
    sentence: str
    mend: str | None


@dataclass(frozen=True, kw_only=True)
class MeterChoice:
    """The meter of a run, open, and the ones that were passed over."""

    meter: Meter
    rejections: tuple[Rejection, ...]

    @property
    def torch_device(self) -> str:
        """What computes under this meter, as torch names it."""
        return CPU if self.meter.gpu is None else self.meter.gpu.torch_device


@dataclass(frozen=True, kw_only=True)
class Openers:
    """How each meter is opened; tests put theirs here."""

    nvml: Callable[[], GpuMeter] = NvmlMeter
    rapl: Callable[[], Meter] = RaplMeter


def choose(
    option: MeterOption, *, on_gpu: bool, cpu_watts: float | None = None, openers: Openers | None = None
) -> MeterChoice:
    """Open the meter for a workload on the GPU or on the CPU.

    auto: NVML for a GPU, with RAPL beside it where that can be read; RAPL for a CPU, else the estimate. The
    estimate counts CPU time and so is refused for a GPU. GPUs that were passed over are rejections. Raises
    MeterUnavailable when the meter asked for, or every one, cannot be used, and UsageError for a senseless pair.
    """
    openers = openers or Openers()
    if option == "estimate" and on_gpu:
        raise UsageError(
            _("The estimate covers CPU time only; for a GPU use `--meter nvml` or `--meter auto`.")
        )
    if option == "nvml" or (option == "auto" and on_gpu):
        gpu = openers.nvml()
        return MeterChoice(
            meter=GpuBesideHost(gpu, openers.rapl), rejections=tuple(map(_of_gpu, gpu.skipped))
        )
    if option == "rapl":
        return MeterChoice(meter=openers.rapl(), rejections=())
    rejections: list[Rejection] = []
    if option == "auto":
        try:
            return MeterChoice(meter=openers.rapl(), rejections=())
        except MeterUnavailable as error:
            rejections.append(rejection("rapl", error))
    return MeterChoice(meter=EstimateMeter(watts=cpu_watts), rejections=tuple(rejections))


def hides_a_gpu(
    reason: str,
    *,
    bus: Callable[[], str | None] = on_the_bus,
    environ: Mapping[str, str] = os.environ,
) -> bool:
    """Whether a machine whose NVML cannot be used, for `reason`, has a GPU all the same that the user may mean.

    A run then does not measure the processor instead, unless it is told to.
    """
    if reason in NO_GPU:
        return False
    return reason not in NO_DRIVER or (bus() is not None and not hidden_from_cuda(environ))


def told_to(error: MeterUnavailable, *, bus: Callable[[], str | None] = on_the_bus) -> MeterUnavailable:
    """The error of a GPU that cannot be used, with how to measure the processor instead."""
    instead = _("To measure the processor instead, request it: `--meter rapl` or `--meter estimate`.")
    sentence, mend = error.sentence, error.mend
    if error.reason == NO_LIBRARY:
        sentence = _(
            "There is an NVIDIA GPU on the PCI bus ({driver}), but it cannot be measured. {sentence}"
        ).format(driver=bus(), sentence=sentence)
        mend = _(
            "Install NVIDIA's driver in place of nouveau, which reports no energy; in a container, "
            "install it on the host and start the container with its GPUs (`--gpus all`)."
        )
    return MeterUnavailable(error.reason, sentence, mend=f"{mend} {instead}" if mend else instead)


def _of_gpu(gpu: BrokenGpu) -> Rejection:
    error = gpu.error()
    return Rejection(meter=f"GPU {gpu.index}", reason=gpu.reason, sentence=error.sentence, mend=gpu.mend)


def rejection(meter: str, error: MeterUnavailable) -> Rejection:
    """The record of a failed attempt."""
    return Rejection(meter=meter, reason=error.reason, sentence=error.sentence, mend=error.mend)
