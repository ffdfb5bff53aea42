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
from joulemark.translation import gettext as _
from joulemark.workloads.libraries import set_libraries_up

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
        _multiply(torch, device, _("the processor"), mend=_("Reinstall torch."))
        return _("torch {version} computes on the processor.").format(version=torch.__version__)
    _require_build(torch, gpu)
    _require_seen(torch, gpu)
    _require_same(torch, device, gpu)
    _multiply(torch, device, _("the GPU {name}").format(name=gpu.name), mend=_mend(torch, gpu), gpu=gpu)
    return _("torch {version} (CUDA {cuda}) computes on the GPU {name}.").format(
        version=torch.__version__, cuda=torch.version.cuda, name=gpu.name
    )


def _torch() -> ModuleType:
    set_libraries_up()
    try:
        return import_module("torch")
    except ModuleNotFoundError as error:
        how = _("`pip install torch`")
        if CLONE is not None:
            how = _("`make install-agent` in {clone}, with TORCH=gpu for a graphics card").format(clone=CLONE)
        raise DeviceUnusable(
            _("{name} is not installed. Run {how}.").format(name=error.name, how=how)
        ) from error
    except (ImportError, OSError) as error:
        raise DeviceUnusable(
            _(
                "torch cannot be loaded ({error}). Reinstall it: `pip install --force-reinstall torch`."
            ).format(error=_first_line(error))
        ) from error


def _require_build(torch: ModuleType, gpu: GpuIdentity) -> None:
    if torch.version.cuda is None:
        raise DeviceUnusable(
            _(
                "This torch ({version}) is built without CUDA and cannot use the GPU {name}. "
                "{install_gpu_build} Or measure the processor: `--meter rapl` or `--meter estimate`."
            ).format(version=torch.__version__, name=gpu.name, install_gpu_build=_install_gpu_build())
        )


def _require_seen(torch: ModuleType, gpu: GpuIdentity) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        seen = torch.cuda.is_available() and torch.cuda.device_count() > 0
    if not seen:
        why = next((_first_line(warning.message) for warning in warned), _("it gives no reason"))
        raise DeviceUnusable(
            _("torch cannot see the GPU {name} ({why}). {mend}").format(
                name=gpu.name, why=why, mend=_mend(torch, gpu)
            )
        )


def _require_same(torch: ModuleType, device: str, gpu: GpuIdentity) -> None:
    """A torch that does not tell UUIDs is trusted: CUDA was shown one GPU."""
    try:
        uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    except FAULTS as error:
        raise DeviceUnusable(
            _("torch cannot open the GPU {name} ({error}). {mend}").format(
                name=gpu.name, error=_first_line(error), mend=_mend(torch, gpu)
            )
        ) from error
    if uuid is not None and _bare(str(uuid)) != _bare(gpu.uuid):
        raise DeviceUnusable(
            _(
                "torch would use another GPU than the one whose energy is read ({name}). Name one "
                "GPU by its UUID in CUDA_VISIBLE_DEVICES (`nvidia-smi -L` lists them), then run the "
                "command again."
            ).format(name=gpu.name)
        )


def _multiply(
    torch: ModuleType, device: str, what: str, *, mend: str, gpu: GpuIdentity | None = None
) -> None:
    try:
        left = torch.arange(float(SIDE * SIDE), device=device).reshape(SIDE, SIDE)
        product_trace = float((left @ left.flip(0)).diagonal().sum())
        if gpu is not None:
            torch.cuda.synchronize(device)
    except FAULTS as error:
        reason = _first_line(error)
        if gpu is not None and NO_KERNEL in str(error):
            raise DeviceUnusable(_lacks_kernels(torch, device, gpu)) from error
        raise DeviceUnusable(
            _("torch cannot compute on {what} ({reason}). {mend}").format(what=what, reason=reason, mend=mend)
        ) from error
    if product_trace != EXPECTED:
        raise DeviceUnusable(
            _(
                "torch computes wrong results on {what}: {found:g} instead of {expected:g}. Do not "
                "trust this device."
            ).format(what=what, found=product_trace, expected=EXPECTED)
        )


def _lacks_kernels(torch: ModuleType, device: str, gpu: GpuIdentity) -> str:
    major, minor = torch.cuda.get_device_capability(device)
    built = ", ".join(torch.cuda.get_arch_list()) or "none"
    return _(
        "This torch ({version}) has no kernels for the GPU {name} (sm_{major}{minor}; it has "
        "{built}). {install_gpu_build}"
    ).format(
        version=torch.__version__,
        name=gpu.name,
        major=major,
        minor=minor,
        built=built,
        install_gpu_build=_install_gpu_build(),
    )


def _install_gpu_build() -> str:
    """How to get a build of torch for GPUs: by make in a clone, which has locked ones, by pip elsewhere."""
    if CLONE is not None:
        return _("Run `make install-agent TORCH=gpu` in {clone}, which installs a build for GPUs.").format(
            clone=CLONE
        )
    return _(
        "Install a build of torch for this GPU and its driver: `pip install --force-reinstall torch` "
        "on most machines; {get_started} lists the command for each CUDA version."
    ).format(get_started=GET_STARTED)


def _clone() -> Path | None:
    """The clone that this package is run from; None where pip has copied it."""
    folder = Path(__file__).resolve().parents[3]
    return folder if (folder / "requirements" / "install_torch.py").is_file() else None


CLONE = _clone()


def _mend(torch: ModuleType, gpu: GpuIdentity) -> str:
    """What to do; the driver is named where it is older than the CUDA that torch was built for."""
    built = _version(torch.version.cuda)
    if gpu.cuda is not None and built is not None and gpu.cuda[0] < built[0]:
        highest_cuda = f"{gpu.cuda[0]}.{gpu.cuda[1]}"
        return _(
            "This torch is built for CUDA {cuda}, but the driver {driver} supports CUDA only up to "
            "{known}: update the driver, or install torch built for CUDA {known} or older "
            "({get_started})."
        ).format(
            cuda=torch.version.cuda, driver=gpu.driver or "", known=highest_cuda, get_started=GET_STARTED
        )
    return _(
        "Check whether `nvidia-smi` works and whether this torch (CUDA {cuda}) fits the driver "
        "{driver}; {get_started} lists the builds."
    ).format(cuda=torch.version.cuda, driver=gpu.driver or "", get_started=GET_STARTED)


def _version(text: Any) -> tuple[int, int] | None:
    match = re.match(r"(\d+)\.(\d+)", str(text))
    return None if match is None else (int(match[1]), int(match[2]))


def _bare(uuid: str) -> str:
    return uuid.lower().removeprefix("gpu-")


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
