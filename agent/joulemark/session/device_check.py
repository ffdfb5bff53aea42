"""Whether torch can compute on what the meter reads, asked once before anything is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark import workloads
from joulemark.meters.nvml.card import Absent

if TYPE_CHECKING:
    from joulemark.meters.nvml.card import Card


def require_device(device: str, card: Card | None) -> str:
    """One kernel on torch's `device`, which is the GPU `card` where there is one; a sentence of what ran.

    Raises DeviceUnusable.
    """
    return workloads.run_first_kernel(device, None if card is None else identity_of(card))


def identity_of(card: Card) -> workloads.GpuIdentity:
    """The GPU as torch must know it."""
    version = card.driver_version()
    return workloads.GpuIdentity(
        uuid=card.gpu.uuid,
        name=card.gpu.name,
        driver=None if isinstance(version, Absent) else version,
        cuda=card.cuda_version(),
    )
