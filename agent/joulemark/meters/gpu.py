"""Which GPU a process uses: CUDA's device 0 under CUDA_VISIBLE_DEVICES, found in NVML by PCI order or UUID.

CUDA's numbers are not NVML's: CUDA_VISIBLE_DEVICES renumbers, and CUDA_DEVICE_ORDER decides whether the
fastest device or the lowest PCI address comes first ("CUDA C++ Programming Guide", environment variables).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.errors import MeterUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One GPU as NVML lists it."""

    handle: Any
    uuid: str
    pci_bus_id: str
    name: str


def first_visible(gpus: Sequence[Gpu], environ: Mapping[str, str]) -> Gpu:
    """The GPU that a process calls `cuda:0`.

    Raises MeterUnavailable when there is none or it cannot be told.
    """
    if not gpus:
        raise MeterUnavailable("no-gpu", "The NVIDIA driver lists no GPU.")
    in_pci_order = sorted(gpus, key=lambda gpu: gpu.pci_bus_id.lower())
    setting = environ.get("CUDA_VISIBLE_DEVICES")
    if setting is None:
        return _by_number(in_pci_order, 0, environ)
    entry = setting.split(",")[0].strip()
    if entry.startswith("MIG-"):
        raise MeterUnavailable(
            "mig-slice",
            "CUDA_VISIBLE_DEVICES names a slice of a GPU (MIG), whose energy has no counter of its own.",
            mend="Use a whole GPU.",
        )
    if entry.startswith("GPU-"):
        return _by_uuid(in_pci_order, entry)
    if entry.isdecimal() and int(entry) < len(in_pci_order):
        return _by_number(in_pci_order, int(entry), environ)
    raise MeterUnavailable(
        "gpu-hidden",
        f"CUDA_VISIBLE_DEVICES={setting} hides every GPU from this process.",
        mend="Unset it, or name a GPU by its UUID.",
    )


def _by_number(in_pci_order: Sequence[Gpu], number: int, environ: Mapping[str, str]) -> Gpu:
    """The order by speed is only known to equal the PCI order when all GPUs are of one model."""
    by_pci = environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    if not by_pci and len({gpu.name for gpu in in_pci_order}) > 1:
        raise MeterUnavailable(
            "gpu-ambiguous",
            "This machine has GPUs of several models, and CUDA numbers them by speed, not by address.",
            mend="Set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name one by its UUID in CUDA_VISIBLE_DEVICES.",
        )
    return in_pci_order[number]


def _by_uuid(gpus: Sequence[Gpu], prefix: str) -> Gpu:
    fitting = [gpu for gpu in gpus if gpu.uuid.lower().startswith(prefix.lower())]
    if len(fitting) != 1:
        what = "no GPU" if not fitting else f"{len(fitting)} GPUs"
        raise MeterUnavailable("gpu-hidden", f"CUDA_VISIBLE_DEVICES={prefix} fits {what} of this machine.")
    return fitting[0]
