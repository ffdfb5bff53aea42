"""Whether torch can compute on what the meter reads, asked once before anything is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark import workloads
from joulemark.meters.choose import CPU

if TYPE_CHECKING:
    from joulemark.meters.meter import GpuMeter


def require_device(gpu: GpuMeter | None) -> str:
    """One kernel on the GPU, without one on the processor; a sentence of what ran. Raises DeviceUnusable."""
    if gpu is None:
        return workloads.run_first_kernel(CPU)
    return workloads.run_first_kernel(gpu.torch_device, identity_of(gpu))


def identity_of(gpu: GpuMeter) -> workloads.GpuIdentity:
    """The GPU as torch must know it."""
    runtime = gpu.runtime()
    return workloads.GpuIdentity(
        uuid=runtime.uuid, name=runtime.name, driver=runtime.driver, cuda=runtime.newest
    )
