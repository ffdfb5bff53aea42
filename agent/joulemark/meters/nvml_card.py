"""One GPU behind an open driver: what this process calls `cuda:0`, and how its driver is asked."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from joulemark.errors import MeterUnavailable
from joulemark.meters import nvml_errors
from joulemark.meters.device import DeviceFacts
from joulemark.meters.gpu import Gpu, first_visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType, TracebackType


def driver() -> ModuleType:
    """The NVML binding: module pynvml of package nvidia-ml-py. Raises MeterUnavailable when the package is missing."""
    try:
        return importlib.import_module("pynvml")
    except ModuleNotFoundError as error:
        raise MeterUnavailable(
            "no-pynvml",
            "The module pynvml is not there: the package nvidia-ml-py is not installed.",
            mend="pip install nvidia-ml-py",
        ) from error


UNDECODABLE = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError)
"""What the binding raises over an answer that it cannot take apart."""


@dataclass(frozen=True, kw_only=True)
class Absent:
    """Something that is not offered, with its reason code."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """A GPU of an open driver. Close it; each opening needs a closing of its own."""

    nvml: ModuleType
    gpu: Gpu

    def call(self, function: str, *arguments: Any) -> Any:
        """Ask NVML's `function` about this GPU. Raises NVML's own error."""
        return _call(self.nvml, function, self.gpu.handle, *arguments)

    def during_a_run(self, function: str, *arguments: Any) -> Any:
        """The same. Raises ReadingMissing when the next call may succeed, else MeterFailed."""
        try:
            return self.call(function, *arguments)
        except self.nvml.NVMLError as error:
            raise nvml_errors.failed(self.nvml, error) from error

    def if_offered(self, function: str, *arguments: Any) -> Any | Absent:
        """The same while opening: Absent where this GPU or driver does not have it. Raises MeterUnavailable."""
        try:
            return self.call(function, *arguments)
        except self.nvml.NVMLError as error:
            if nvml_errors.is_lacking(self.nvml, error):
                return Absent(reason=nvml_errors.reason(self.nvml, error))
            raise nvml_errors.unavailable(self.nvml, error) from error

    def why_not(self, function: str, *arguments: Any) -> str | None:
        """Why this GPU, driver or user does not have `function`; None where it has, even if it fails for now.

        Raises MeterUnavailable when the GPU is gone.
        """
        try:
            self.call(function, *arguments)
        except self.nvml.NVMLError as error:
            if nvml_errors.is_lacking(self.nvml, error) or nvml_errors.is_forbidden(self.nvml, error):
                return nvml_errors.reason(self.nvml, error)
            if not nvml_errors.may_pass(self.nvml, error):
                raise nvml_errors.unavailable(self.nvml, error) from error
        return None

    def device(self) -> DeviceFacts:
        """What NVML says about the GPU; what it does not say is None with a reason. Raises MeterUnavailable."""
        values: dict[str, Any] = {}
        absent: dict[str, str] = {}
        for name, (function, form) in _FACTS.items():
            answer = self.if_offered(function)
            if isinstance(answer, Absent):
                values[name], absent[name] = None, answer.reason
            else:
                values[name] = form(answer)
        version = self.driver_version()
        if isinstance(version, Absent):
            absent["driver"] = version.reason
        return DeviceFacts(
            identity=self.gpu.uuid,
            kind="gpu",
            name=self.gpu.name,
            driver=None if isinstance(version, Absent) else version,
            absent=absent,
            **values,
        )

    def driver_version(self) -> str | Absent:
        """The NVIDIA driver's version. Raises MeterUnavailable."""
        try:
            return word(_call(self.nvml, "nvmlSystemGetDriverVersion"))
        except self.nvml.NVMLError as error:
            if nvml_errors.is_lacking(self.nvml, error):
                return Absent(reason=nvml_errors.reason(self.nvml, error))
            raise nvml_errors.unavailable(self.nvml, error) from error

    def close(self) -> None:
        """Let go of the driver; a driver that does not answer any more has let go by itself."""
        with suppress(self.nvml.NVMLError):
            self.nvml.nvmlShutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def word(value: str | bytes) -> str:
    """Text of NVML: older bindings return bytes."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value


_FACTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "memory_bytes": ("nvmlDeviceGetMemoryInfo", lambda memory: int(memory.total)),
    "power_limit_w": ("nvmlDeviceGetEnforcedPowerLimit", lambda limit_mw: limit_mw / 1000),
    "power_limit_default_w": ("nvmlDeviceGetPowerManagementDefaultLimit", lambda limit_mw: limit_mw / 1000),
    "vbios": ("nvmlDeviceGetVbiosVersion", word),
    "ecc": ("nvmlDeviceGetEccMode", lambda modes: bool(modes[0])),
    "mig": ("nvmlDeviceGetMigMode", lambda modes: bool(modes[0])),
}


def open_card(*, nvml: ModuleType | None = None, environ: Mapping[str, str] = os.environ) -> Card:
    """Open the driver and find the GPU that this process calls `cuda:0`. Raises MeterUnavailable."""
    nvml = nvml or driver()
    _opening(nvml, "nvmlInit")
    try:
        count = _opening(nvml, "nvmlDeviceGetCount")
        return Card(nvml=nvml, gpu=first_visible([_describe(nvml, index) for index in range(count)], environ))
    except MeterUnavailable:
        with suppress(nvml.NVMLError):  # what went wrong first is what the user needs to know
            nvml.nvmlShutdown()
        raise


def _describe(nvml: ModuleType, index: int) -> Gpu:
    handle = _opening(nvml, "nvmlDeviceGetHandleByIndex", index)
    return Gpu(
        handle=handle,
        uuid=word(_opening(nvml, "nvmlDeviceGetUUID", handle)),
        pci_bus_id=word(_opening(nvml, "nvmlDeviceGetPciInfo", handle).busId),
        name=word(_opening(nvml, "nvmlDeviceGetName", handle)),
    )


def _opening(nvml: ModuleType, function: str, *arguments: Any) -> Any:
    try:
        return _call(nvml, function, *arguments)
    except nvml.NVMLError as error:
        raise nvml_errors.unavailable(nvml, error) from error


def _call(nvml: ModuleType, function: str, *arguments: Any) -> Any:
    """Raises NVML's own error. A function that an older binding has no name for is not found, and the error says so.

    An answer that the binding itself cannot decode, such as a text that is none, is an unknown error of the driver.
    """
    asked = getattr(nvml, function, None)
    if asked is None:
        raise nvml_errors.lacking_in_binding(nvml)
    try:
        return asked(*arguments)
    except nvml.NVMLError:
        raise
    except UNDECODABLE as error:
        raise nvml.NVMLError(nvml.NVML_ERROR_UNKNOWN) from error
