"""One small product on the chosen device before anything is fetched: a torch that cannot use it spoils every job alike.

A driver that is too old for a build of torch, a build without kernels for a new GPU, a build for processors alone: each
is seen only when something runs, and then in every job, after gigabytes were downloaded for it.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulemark.errors import DeviceUnusable
from joulemark.workloads.registry import set_libraries_up

if TYPE_CHECKING:
    from types import ModuleType

SIDE = 4
EXPECTED = 900.0
"""The trace of 0..15 in rows of four times the same rows in reverse: whole numbers, exact in float32 and in TF32."""
GET_STARTED = "https://pytorch.org/get-started/locally/"
FAULTS = (
    ArithmeticError,
    AssertionError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What torch raises over a device that it cannot use."""
NO_KERNEL = "no kernel image"


@dataclass(frozen=True, kw_only=True)
class GpuIdentity:
    """The GPU whose energy is read, as its driver describes it. `cuda` is the latest CUDA that the driver knows."""

    uuid: str
    name: str
    driver: str | None = None
    cuda: tuple[int, int] | None = None


def run_first_kernel(device: str, gpu: GpuIdentity | None = None) -> str:
    """Multiply once on `device`, `cpu` or `cuda`, and say what did it. `gpu` is the one that `cuda` must be.

    Raises DeviceUnusable with what to do.
    """
    torch = _torch()
    if gpu is None:
        _multiply(torch, device, "the processor", mend="Install torch again.")
        return f"torch {torch.__version__} computes on the processor."
    _require_build(torch, gpu)
    _require_seen(torch, gpu)
    _require_same(torch, device, gpu)
    _multiply(torch, device, f"the GPU {gpu.name}", mend=_mend(torch, gpu), gpu=gpu)
    return f"torch {torch.__version__} (CUDA {torch.version.cuda}) computes on the GPU {gpu.name}."


def _torch() -> ModuleType:
    set_libraries_up()
    try:
        return import_module("torch")
    except ModuleNotFoundError as error:
        how = "`pip install torch`"
        if CLONE is not None:
            how = f"`make install-agent` in {CLONE}, with TORCH=gpu for a graphics card"
        raise DeviceUnusable(f"{error.name} is not installed. Run {how}.") from error
    except (ImportError, OSError) as error:
        raise DeviceUnusable(
            f"torch cannot be loaded ({_first_line(error)}). Install it again: `pip install --force-reinstall torch`."
        ) from error


def _require_build(torch: ModuleType, gpu: GpuIdentity) -> None:
    if torch.version.cuda is None:
        raise DeviceUnusable(
            f"This torch ({torch.__version__}) is built without CUDA and cannot use the GPU {gpu.name}. "
            f"{_install_gpu_build()} Or measure the processor: `--meter rapl` or `--meter estimate`."
        )


def _require_seen(torch: ModuleType, gpu: GpuIdentity) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        seen = torch.cuda.is_available() and torch.cuda.device_count() > 0
    if not seen:
        why = next((_first_line(warning.message) for warning in warned), "it does not say why")
        raise DeviceUnusable(f"torch cannot see the GPU {gpu.name} ({why}). {_mend(torch, gpu)}")


def _require_same(torch: ModuleType, device: str, gpu: GpuIdentity) -> None:
    """A torch that does not tell UUIDs is trusted: CUDA was shown one GPU."""
    try:
        uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    except FAULTS as error:
        raise DeviceUnusable(
            f"torch cannot open the GPU {gpu.name} ({_first_line(error)}). {_mend(torch, gpu)}"
        ) from error
    if uuid is not None and _bare(str(uuid)) != _bare(gpu.uuid):
        raise DeviceUnusable(
            f"torch would compute on another GPU than the one whose energy is read ({gpu.name}). Name one GPU by its "
            "UUID in CUDA_VISIBLE_DEVICES (`nvidia-smi -L` lists them), then run again."
        )


def _multiply(
    torch: ModuleType, device: str, what: str, *, mend: str, gpu: GpuIdentity | None = None
) -> None:
    try:
        left = torch.arange(float(SIDE * SIDE), device=device).reshape(SIDE, SIDE)
        found = float((left @ left.flip(0)).diagonal().sum())
        if gpu is not None:
            torch.cuda.synchronize(device)
    except FAULTS as error:
        reason = _first_line(error)
        if gpu is not None and NO_KERNEL in str(error):
            raise DeviceUnusable(_lacks_kernels(torch, device, gpu)) from error
        raise DeviceUnusable(f"torch cannot compute on {what} ({reason}). {mend}") from error
    if found != EXPECTED:
        raise DeviceUnusable(
            f"torch computes wrongly on {what}: {found:g} where {EXPECTED:g} is right. Do not trust this device."
        )


def _lacks_kernels(torch: ModuleType, device: str, gpu: GpuIdentity) -> str:
    major, minor = torch.cuda.get_device_capability(device)
    built = ", ".join(torch.cuda.get_arch_list()) or "none"
    return (
        f"This torch ({torch.__version__}) has no kernels for the GPU {gpu.name} (sm_{major}{minor}; it has {built}). "
        f"{_install_gpu_build()}"
    )


def _install_gpu_build() -> str:
    """How to get a build of torch for GPUs: by make in a clone, which has locked ones, by pip elsewhere."""
    if CLONE is not None:
        return f"Run `make install-agent TORCH=gpu` in {CLONE}, which installs a build for GPUs."
    return (
        "Install a build of torch for this GPU and its driver: `pip install --force-reinstall torch` on most machines; "
        f"{GET_STARTED} names the command for each CUDA."
    )


def _clone() -> Path | None:
    """The clone that this package is run from; None where pip has copied it."""
    folder = Path(__file__).resolve().parents[3]
    return folder if (folder / "requirements" / "install_torch.py").is_file() else None


CLONE = _clone()


def _mend(torch: ModuleType, gpu: GpuIdentity) -> str:
    """What to do; the driver is named where it is older than the CUDA that torch was built for."""
    built = _version(torch.version.cuda)
    if gpu.cuda is not None and built is not None and gpu.cuda[0] < built[0]:
        known = f"{gpu.cuda[0]}.{gpu.cuda[1]}"
        return (
            f"This torch is built for CUDA {torch.version.cuda} and the driver {gpu.driver or ''} knows CUDA up to "
            f"{known}: update the driver, or install torch built for CUDA {known} or older ({GET_STARTED})."
        )
    return (
        f"Look whether `nvidia-smi` works and whether this torch (CUDA {torch.version.cuda}) fits the driver "
        f"{gpu.driver or ''}; {GET_STARTED} names the builds."
    )


def _version(text: Any) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", str(text))
    return None if found is None else (int(found[1]), int(found[2]))


def _bare(uuid: str) -> str:
    return uuid.lower().removeprefix("gpu-")


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
