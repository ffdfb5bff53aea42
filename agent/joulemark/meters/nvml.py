"""NVML: the GPU's own cumulative energy counter, in millijoules since the driver was loaded."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, TypeVar

from joulemark.errors import MeterUnavailable
from joulemark.meters import nvml_errors
from joulemark.meters.device import DeviceFacts
from joulemark.meters.gpu import Gpu, first_visible
from joulemark.meters.meter import Now, StreamInfo, Tick, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName

T = TypeVar("T")


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


class NvmlMeter:
    """Board energy of the GPU that this process calls `cuda:0`."""

    name: MeterName = "nvml-counter"
    grade: Grade = "measured"
    scope: Scope = "gpu"
    period_s = 0.1
    knows_idle = True
    stated_watts: float | None = None
    stated_watts_source: str | None = None
    provenance = "nvmlDeviceGetTotalEnergyConsumption"
    streams = (StreamInfo(name="gpu-board", scope="gpu", unit="mJ", joules_per_unit=1e-3, wraps_at=None),)

    def __init__(self, *, nvml: ModuleType | None = None, environ: Mapping[str, str] = os.environ) -> None:
        """Open the driver, find the GPU and read its counter once. Raises MeterUnavailable."""
        self._nvml = nvml or driver()
        self._translated(self._nvml.nvmlInit)
        try:
            self._gpu = first_visible(self._list(), environ)
            self._refuse_slices()
            self._translated(self._energy_mj)
        except MeterUnavailable:
            self.close()
            raise

    def read(self, now: Now) -> tuple[Tick, ...]:
        """One tick, in millijoules."""
        try:
            return (timed(now, self._energy_mj),)
        except self._nvml.NVMLError as error:
            raise nvml_errors.failed(self._nvml, error) from error

    def close(self) -> None:
        """Let go of the driver; safe when it is already gone."""
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError as error:
            if error.value != self._nvml.NVML_ERROR_UNINITIALIZED:
                raise nvml_errors.failed(self._nvml, error) from error

    def device(self) -> DeviceFacts:
        """What NVML says about the GPU; what it does not say is None with a reason."""
        nvml, handle = self._nvml, self._gpu.handle
        values: dict[str, Any] = {
            "memory_bytes": self._optional(lambda: int(nvml.nvmlDeviceGetMemoryInfo(handle).total)),
            "power_limit_w": self._optional(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000),
            "power_limit_default_w": self._optional(
                lambda: nvml.nvmlDeviceGetPowerManagementDefaultLimit(handle) / 1000
            ),
            "driver": self._optional(lambda: _word(nvml.nvmlSystemGetDriverVersion())),
            "vbios": self._optional(lambda: _word(nvml.nvmlDeviceGetVbiosVersion(handle))),
            "ecc": self._optional(lambda: bool(nvml.nvmlDeviceGetEccMode(handle)[0])),
            "mig": self._optional(lambda: bool(nvml.nvmlDeviceGetMigMode(handle)[0])),
        }
        return DeviceFacts(
            identity=self._gpu.uuid,
            kind="gpu",
            name=self._gpu.name,
            absent={name: "not-offered-by-gpu" for name, value in values.items() if value is None},
            **values,
        )

    def _refuse_slices(self) -> None:
        if self._optional(lambda: self._nvml.nvmlDeviceGetMigMode(self._gpu.handle)[0]):
            raise MeterUnavailable(
                "mig-mode",
                "The GPU is cut into slices (MIG), whose energy cannot be told apart.",
                mend="Switch MIG off: sudo nvidia-smi -mig 0",
            )

    def _energy_mj(self) -> int:
        return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu.handle))

    def _list(self) -> list[Gpu]:
        return [self._describe(index) for index in range(self._translated(self._nvml.nvmlDeviceGetCount))]

    def _describe(self, index: int) -> Gpu:
        nvml = self._nvml
        handle = self._translated(lambda: nvml.nvmlDeviceGetHandleByIndex(index))
        return Gpu(
            handle=handle,
            uuid=_word(self._translated(lambda: nvml.nvmlDeviceGetUUID(handle))),
            pci_bus_id=_word(self._translated(lambda: nvml.nvmlDeviceGetPciInfo(handle).busId)),
            name=_word(self._translated(lambda: nvml.nvmlDeviceGetName(handle))),
        )

    def _translated(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except self._nvml.NVMLError as error:
            raise nvml_errors.unavailable(self._nvml, error) from error

    def _optional(self, call: Callable[[], T]) -> T | None:
        """The value, or None where this GPU does not offer it; other errors are errors."""
        try:
            return call()
        except self._nvml.NVMLError as error:
            if nvml_errors.is_unsupported(self._nvml, error):
                return None
            raise nvml_errors.unavailable(self._nvml, error) from error


def _word(value: str | bytes) -> str:
    """Older bindings return bytes."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
