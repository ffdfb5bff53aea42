"""Which GPU a process uses: the one that CUDA_VISIBLE_DEVICES names, else the first that can be used.

CUDA's numbers are not NVML's: CUDA_VISIBLE_DEVICES renumbers, and CUDA_DEVICE_ORDER decides whether the fastest device
or the lowest PCI address comes first ("CUDA C++ Programming Guide", environment variables). So a run takes a GPU here
and then names it to CUDA by its UUID (`pin`): what is measured is what works.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulemark.errors import MeterUnavailable
from joulemark.meters.gpu import BrokenGpu
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

VISIBLE = "CUDA_VISIBLE_DEVICES"
HIDING = frozenset({"", "-1", "NoDevFiles"})
"""First entries of CUDA_VISIBLE_DEVICES by which users and schedulers (Slurm: NoDevFiles) hide every GPU."""
FORBIDDEN = "nvml-permission"
"""The reason of a GPU that this user may not open: CUDA does not number it."""
SYS = Path("/sys")
"""Where the kernel describes devices; tests put a folder of theirs here."""
PCI_DEVICES = Path("bus/pci/devices")
"""Below SYS."""
NVIDIA, DISPLAY = "0x10de", "0x03"
"""NVIDIA's number and the class of display controllers, 3D ones included (PCI ID repository)."""


@dataclass(frozen=True, kw_only=True)
class ListedGpu:
    """One GPU as NVML lists it."""

    handle: Any
    uuid: str
    pci_bus_id: str
    name: str


def candidates(gpus: Sequence[ListedGpu | BrokenGpu], environ: Mapping[str, str]) -> tuple[ListedGpu, ...]:
    """The GPUs that may be used, first the one to take: one where the environment names it, else all that are well.

    Raises MeterUnavailable when there is none, it cannot be told, or the one that is named is broken.
    """
    if not gpus:
        raise MeterUnavailable("no-gpu", _("The NVIDIA driver lists no GPU."))
    in_order = _in_pci_order(gpus)
    setting = environ.get(VISIBLE)
    if setting is None:
        return _all_well(in_order, environ)
    entry = setting.split(",")[0].strip()
    if hidden_from_cuda(environ):
        raise MeterUnavailable(
            "gpu-hidden",
            _("{variable}={setting} hides every GPU from this process.").format(
                variable=VISIBLE, setting=setting
            ),
            mend=_("Unset it, or name a GPU by its UUID."),
        )
    if entry.startswith("MIG-"):
        raise MeterUnavailable(
            "mig-slice",
            _("{variable} names a slice of a GPU (MIG), which has no energy counter of its own.").format(
                variable=VISIBLE
            ),
            mend=_("Use a whole GPU."),
        )
    if entry.startswith("GPU-"):
        return (_by_uuid(in_order, entry),)
    return (_by_number(in_order, entry, setting, environ),)


def pin(gpu: ListedGpu, environ: MutableMapping[str, str]) -> None:
    """Show CUDA this GPU alone, as its device 0. CUDA reads the variable once: before torch asks it for a device."""
    environ[VISIBLE] = gpu.uuid


def hidden_from_cuda(environ: Mapping[str, str]) -> bool:
    """Whether the environment hides every GPU from this process."""
    setting = environ.get(VISIBLE)
    return setting is not None and setting.split(",")[0].strip() in HIDING


def on_the_bus(sys: Path | None = None) -> str | None:
    """The kernel driver of the first GPU of NVIDIA on the PCI bus, whatever NVML says; None where there is none.

    "no driver" where nothing drives it; `nouveau` and `vfio-pci` are those that keep NVIDIA's own from it. `sys` is
    the folder of the kernel's descriptions.
    """
    for device in sorted(((sys or SYS) / PCI_DEVICES).glob("*")):
        try:
            vendor, kind = (
                (device / name).read_text(encoding="ascii").strip() for name in ("vendor", "class")
            )
        except (OSError, ValueError):
            continue
        if vendor == NVIDIA and kind.startswith(DISPLAY):
            driver = device / "driver"
            return driver.readlink().name if driver.is_symlink() else "no driver"
    return None


def _in_pci_order(gpus: Sequence[ListedGpu | BrokenGpu]) -> list[ListedGpu | BrokenGpu]:
    """NVML's own order, which is that of PCI addresses, where a broken GPU does not tell its address."""
    addresses = [gpu.pci_bus_id for gpu in gpus]
    if None in addresses:
        return list(gpus)
    return sorted(gpus, key=lambda gpu: str(gpu.pci_bus_id).lower())


def _all_well(in_order: Sequence[ListedGpu | BrokenGpu], environ: Mapping[str, str]) -> tuple[ListedGpu, ...]:
    well = tuple(gpu for gpu in in_order if isinstance(gpu, ListedGpu))
    if not well:
        raise next(gpu for gpu in in_order if isinstance(gpu, BrokenGpu)).error()
    _require_known_order(well, environ)
    return well


def _require_known_order(gpus: Sequence[ListedGpu], environ: Mapping[str, str]) -> None:
    """The order by speed is only known to equal the PCI order when all GPUs are of one model."""
    by_pci = environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    if not by_pci and len({gpu.name for gpu in gpus}) > 1:
        raise MeterUnavailable(
            "gpu-ambiguous",
            _("This machine has GPUs of several models, and CUDA numbers them by speed, not by address."),
            mend=_("Set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name a GPU by its UUID in {variable}.").format(
                variable=VISIBLE
            ),
        )


def _by_number(
    in_order: Sequence[ListedGpu | BrokenGpu], entry: str, setting: str, environ: Mapping[str, str]
) -> ListedGpu:
    """CUDA numbers the GPUs that this user may open; another broken one has a number."""
    numbered = [gpu for gpu in in_order if isinstance(gpu, ListedGpu) or gpu.reason != FORBIDDEN]
    if not (entry.isascii() and entry.isdecimal() and int(entry) < len(numbered)):
        forbidden = next((gpu for gpu in in_order if isinstance(gpu, BrokenGpu)), None)
        raise MeterUnavailable(
            "gpu-not-there",
            _("{variable}={setting} names no GPU of this machine that this user can open.").format(
                variable=VISIBLE, setting=setting
            )
            + ("" if forbidden is None else f" {forbidden.error().sentence}"),
            mend=_("Unset it, or name a GPU by its UUID."),
        )
    _require_known_order([gpu for gpu in numbered if isinstance(gpu, ListedGpu)], environ)
    return _well(numbered[int(entry)])


def _by_uuid(gpus: Sequence[ListedGpu | BrokenGpu], prefix: str) -> ListedGpu:
    fitting = [gpu for gpu in gpus if (gpu.uuid or "").lower().startswith(prefix.lower())]
    if len(fitting) == 1:
        return _well(fitting[0])
    unnamed = next((gpu for gpu in gpus if isinstance(gpu, BrokenGpu) and gpu.uuid is None), None)
    if not fitting and unnamed is not None:
        raise unnamed.error()
    what = _("no GPU") if not fitting else f"{len(fitting)} GPUs"
    raise MeterUnavailable(
        "gpu-not-there",
        _("{variable}={prefix} matches {what} of this machine.").format(
            variable=VISIBLE, prefix=prefix, what=what
        ),
        mend=_("Unset it, or name a GPU by its full UUID."),
    )


def _well(gpu: ListedGpu | BrokenGpu) -> ListedGpu:
    if isinstance(gpu, BrokenGpu):
        raise gpu.error()
    return gpu
