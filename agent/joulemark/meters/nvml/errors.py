"""NVML's errors, translated once: the reason, what happened, the mend where there is one, and whether it may pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from joulemark.errors import MeterFailed, MeterUnavailable, ReadingMissing
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from types import ModuleType


class _Row(NamedTuple):
    """`cause` is a clause without capital and full stop; after one that `passes` the next call may succeed."""

    reason: str
    cause: str
    mend: str | None = None
    passes: bool = False


_TABLE: dict[str, _Row] = {
    "NVML_ERROR_LIBRARY_NOT_FOUND": _Row(
        "no-nvidia-driver", marked("no NVIDIA driver is installed (libnvidia-ml.so.1 is missing)")
    ),
    "NVML_ERROR_DRIVER_NOT_LOADED": _Row(
        "nvidia-driver-not-loaded",
        marked("the NVIDIA driver is installed but not loaded"),
        marked("Load it: sudo modprobe nvidia"),
    ),
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": _Row(
        "nvidia-driver-mismatch",
        marked("the NVIDIA library and the loaded driver have different versions"),
        marked("Restart the machine."),
    ),
    "NVML_ERROR_UNINITIALIZED": _Row("nvidia-driver-gone", marked("the NVIDIA driver is no longer open")),
    "NVML_ERROR_NO_PERMISSION": _Row(
        "nvml-permission",
        marked("this user may not read the GPU"),
        marked("Give it access to /dev/nvidia* (often: the group `video` or `render`)."),
    ),
    "NVML_ERROR_GPU_IS_LOST": _Row(
        "gpu-lost",
        marked("the GPU fell off the bus"),
        marked("Restart the machine and check its power and cooling."),
    ),
    "NVML_ERROR_RESET_REQUIRED": _Row(
        "gpu-needs-reset", marked("the GPU needs a reset"), marked("Reset it: sudo nvidia-smi --gpu-reset")
    ),
    "NVML_ERROR_NOT_FOUND": _Row("gpu-not-found", marked("the chosen GPU does not exist")),
    "NVML_ERROR_GPU_NOT_FOUND": _Row("gpu-not-found", marked("the chosen GPU does not exist")),
    "NVML_ERROR_NOT_SUPPORTED": _Row(
        "not-offered-by-gpu", marked("this GPU does not support the request"), passes=True
    ),
    "NVML_ERROR_FUNCTION_NOT_FOUND": _Row(
        "not-offered-by-driver", marked("this driver does not support the request"), passes=True
    ),
    "NVML_ERROR_INVALID_ARGUMENT": _Row(
        "not-offered-by-driver", marked("this driver does not know the request"), passes=True
    ),
    "NVML_ERROR_ARGUMENT_VERSION_MISMATCH": _Row(
        "not-offered-by-driver", marked("this driver does not know this version of the request"), passes=True
    ),
    "NVML_ERROR_TIMEOUT": _Row("nvml-timeout", marked("the driver did not answer in time"), passes=True),
}
DOCTOR = marked("`joulemark doctor` shows whether it answers.")
"""What to do where nothing is known of the cause."""
OLD_BINDING = _Row(
    "nvml-binding-old",
    marked("the installed Python package for NVML is too old for the request"),
    marked("Update it: pip install --upgrade nvidia-ml-py"),
    passes=True,
)
"""Nothing of the GPU or its driver: another version of the package would have the function."""
_NOT_OFFERED = frozenset({"not-offered-by-gpu", "not-offered-by-driver", OLD_BINDING.reason})


def lacking_in_binding(nvml: ModuleType) -> Exception:
    """NVML's error for a function that the binding has no name for, marked as the binding's own fault."""
    error: Exception = nvml.NVMLError(nvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    error.of_binding = True  # type: ignore[attr-defined]  # the error is the binding's class
    return error


def unavailable(nvml: ModuleType, error: Exception) -> MeterUnavailable:
    """The agent's error for an NVML error while a meter is being opened."""
    row = _row(nvml, error)
    cause = _(row.cause)
    mend = None if row.mend is None else _(row.mend)
    return MeterUnavailable(row.reason, f"{cause[0].upper()}{cause[1:]}.", mend=mend)


def failed(nvml: ModuleType, error: Exception) -> MeterFailed:
    """The agent's error for an NVML error during a run: ReadingMissing when the next call may succeed."""
    row = _row(nvml, error)
    if row.passes:
        return ReadingMissing(_("The GPU returned no reading: {cause}.").format(cause=_(row.cause)))
    return MeterFailed(
        _("The GPU stopped answering: {cause}. {advice}").format(
            cause=_(row.cause), advice=_(row.mend or DOCTOR)
        )
    )


def reason(nvml: ModuleType, error: Exception) -> str:
    """The error's reason code."""
    return _row(nvml, error).reason


def is_lacking(nvml: ModuleType, error: Exception) -> bool:
    """Whether the GPU or its driver merely does not offer what was asked."""
    return reason(nvml, error) in _NOT_OFFERED


def is_forbidden(nvml: ModuleType, error: Exception) -> bool:
    """Whether NVML denies this user the permission."""
    return reason(nvml, error) == "nvml-permission"


def may_pass(nvml: ModuleType, error: Exception) -> bool:
    """Whether the next call may succeed."""
    return _row(nvml, error).passes


def _row(nvml: ModuleType, error: Any) -> _Row:
    """What the table does not know may pass: a run that goes on is flagged for each reading that it lacks."""
    if getattr(error, "of_binding", False):
        return OLD_BINDING
    for name, row in _TABLE.items():
        if getattr(nvml, name, None) == error.value:
            return row
    return _Row(
        "nvml-error", _("NVML reports {text!r}").format(text=str(error).rstrip(".").lower()), passes=True
    )
