"""Whether torch can compute on what the meter reads, asked once before anything is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark import workloads

if TYPE_CHECKING:
    from joulemark.meters.gpu import GpuMeter


def require_device(device: str, gpu: GpuMeter | None) -> str:
    """One kernel on torch's `device`, which is `gpu` where there is one; a sentence of what ran.

    Raises DeviceUnusable.
    """
    return workloads.run_first_kernel(device, None if gpu is None else identity_of(gpu))


def identity_of(gpu: GpuMeter) -> workloads.GpuIdentity:
    """The GPU as torch must know it."""
    runtime = gpu.runtime()
    return workloads.GpuIdentity(
        uuid=runtime.uuid, name=runtime.name, driver=runtime.driver, cuda=runtime.newest
    )
