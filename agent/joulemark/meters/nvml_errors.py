"""NVML's errors, translated once: the reason, a sentence and, where there is one, the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.errors import MeterFailed, MeterUnavailable

if TYPE_CHECKING:
    from types import ModuleType

_TABLE: dict[str, tuple[str, str, str | None]] = {
    "NVML_ERROR_LIBRARY_NOT_FOUND": (
        "no-nvidia-driver",
        "No NVIDIA driver is installed (libnvidia-ml.so.1 is not found).",
        None,
    ),
    "NVML_ERROR_DRIVER_NOT_LOADED": (
        "nvidia-driver-not-loaded",
        "The NVIDIA driver is installed but not loaded.",
        "Load it: sudo modprobe nvidia",
    ),
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": (
        "nvidia-driver-mismatch",
        "The NVIDIA library and the loaded driver are of different versions.",
        "Restart the machine.",
    ),
    "NVML_ERROR_NO_PERMISSION": (
        "nvml-permission",
        "This user may not read the GPU.",
        "Give it access to /dev/nvidia* (often: the group `video` or `render`).",
    ),
    "NVML_ERROR_NOT_SUPPORTED": (
        "no-energy-counter",
        "This GPU has no energy counter (NVML has one from the Volta generation on).",
        None,
    ),
    "NVML_ERROR_NOT_FOUND": ("gpu-not-found", "The chosen GPU is not there.", None),
    "NVML_ERROR_GPU_IS_LOST": (
        "gpu-lost",
        "The GPU fell off the bus.",
        "Restart the machine and look at its power and cooling.",
    ),
    "NVML_ERROR_TIMEOUT": ("nvml-timeout", "The driver did not answer in time.", None),
}


def unavailable(nvml: ModuleType, error: Exception) -> MeterUnavailable:
    """The agent's error for an NVML error while a meter is being opened."""
    reason, sentence, mend = _row(nvml, error)
    return MeterUnavailable(reason, sentence, mend=mend)


def failed(nvml: ModuleType, error: Exception) -> MeterFailed:
    """The agent's error for an NVML error during a run."""
    _, sentence, mend = _row(nvml, error)
    return MeterFailed(" ".join(["The GPU's counter stopped answering.", sentence, mend or "Run again."]))


def is_unsupported(nvml: ModuleType, error: Any) -> bool:
    """Whether the GPU merely does not offer what was asked."""
    return bool(error.value == nvml.NVML_ERROR_NOT_SUPPORTED)


def _row(nvml: ModuleType, error: Any) -> tuple[str, str, str | None]:
    for name, row in _TABLE.items():
        if getattr(nvml, name, None) == error.value:
            return row
    return "nvml-error", f"NVML reports: {error}.", None
