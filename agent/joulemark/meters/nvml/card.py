"""One GPU behind an open driver: what this process calls `cuda:0`, and how its driver is asked."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from joulemark.errors import MeterUnavailable
from joulemark.meters.device import DeviceFacts
from joulemark.meters.gpu import BrokenGpu
from joulemark.meters.nvml import errors as nvml_errors
from joulemark.meters.nvml.choice import ListedGpu, candidates
from joulemark.record.text import hidden_characters
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType, TracebackType


def driver() -> ModuleType:
    """The NVML binding: module pynvml of package nvidia-ml-py. Raises MeterUnavailable when the package is missing."""
    try:
        return importlib.import_module("pynvml")
    except ModuleNotFoundError as error:
        raise MeterUnavailable(
            "no-pynvml",
            _("The module pynvml is missing: the package nvidia-ml-py is not installed."),
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
    """A GPU of an open driver, and those that were passed over because they are broken.

    Close it; each opening needs a closing of its own.
    """

    nvml: ModuleType
    gpu: ListedGpu
    skipped: tuple[BrokenGpu, ...] = ()

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
        """The facts that NVML reports about the GPU; one that it does not report is None with a reason.

        A fact that cannot be had costs no measurement: a GPU that is gone is found by its counter.
        """
        values: dict[str, Any] = {}
        absent: dict[str, str] = {}
        for name, (function, form) in _FACTS.items():
            try:
                values[name] = form(self.call(function))
            except ImpossibleAnswer:
                values[name], absent[name] = None, "out-of-range"
            except self.nvml.NVMLError as error:
                values[name], absent[name] = None, nvml_errors.reason(self.nvml, error)
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
        """The NVIDIA driver's version, or why it does not tell it."""
        try:
            return word(_call(self.nvml, "nvmlSystemGetDriverVersion"))
        except self.nvml.NVMLError as error:
            return Absent(reason=nvml_errors.reason(self.nvml, error))

    def cuda_version(self) -> tuple[int, int] | None:
        """The latest CUDA that the driver knows, or None where it does not tell."""
        try:
            number = int(_call(self.nvml, "nvmlSystemGetCudaDriverVersion"))
        except self.nvml.NVMLError:
            return None
        return number // 1000, number % 1000 // 10

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


MOST_BYTES, MOST_LIMIT_MW = 2**50, 100_000_000
"""More than any GPU will have for a long time: a pebibyte, 100 kW."""


class ImpossibleAnswer(Exception):
    """The driver states what no GPU has; the reason of what is absent then is `out-of-range`."""


def _possible(value: int, *, most: int) -> int:
    """The value, if it is from 1 to `most`. Raises ImpossibleAnswer."""
    if not 0 < value <= most:
        raise ImpossibleAnswer
    return value


def _limit_w(limit_mw: int) -> float:
    return _possible(limit_mw, most=MOST_LIMIT_MW) / 1000


_FACTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "memory_bytes": ("nvmlDeviceGetMemoryInfo", lambda memory: _possible(int(memory.total), most=MOST_BYTES)),
    "power_limit_w": ("nvmlDeviceGetEnforcedPowerLimit", _limit_w),
    "power_limit_default_w": ("nvmlDeviceGetPowerManagementDefaultLimit", _limit_w),
    "vbios": ("nvmlDeviceGetVbiosVersion", word),
    "ecc": ("nvmlDeviceGetEccMode", lambda modes: bool(modes[0])),
    "mig": ("nvmlDeviceGetMigMode", lambda modes: bool(modes[0])),
}


MOST_GPUS = 256
"""A driver that lists more does not tell how many there are."""


def open_card(
    *,
    nvml: ModuleType | None = None,
    environ: Mapping[str, str] = os.environ,
    accept: Callable[[Card], None] = lambda _: None,
) -> Card:
    """Open the driver and take the GPU that the environment names, else the first that `accept` takes.

    `accept` raises MeterUnavailable for a GPU that cannot be used. A GPU that cannot be used is skipped and is in
    `Card.skipped`, unless it is the one that is named or there is no other. Raises MeterUnavailable.
    """
    nvml = nvml or driver()
    _opening(nvml, "nvmlInit")
    try:
        return _taken(nvml, [_describe(nvml, index) for index in range(_count(nvml))], environ, accept)
    except MeterUnavailable:
        with suppress(nvml.NVMLError):  # what went wrong first is what the user needs to know
            nvml.nvmlShutdown()
        raise


def _taken(
    nvml: ModuleType,
    gpus: Sequence[ListedGpu | BrokenGpu],
    environ: Mapping[str, str],
    accept: Callable[[Card], None],
) -> Card:
    skipped = [gpu for gpu in gpus if isinstance(gpu, BrokenGpu)]
    first: MeterUnavailable | None = None
    for gpu in candidates(gpus, environ):
        card = Card(nvml=nvml, gpu=gpu, skipped=tuple(skipped))
        try:
            accept(card)
        except MeterUnavailable as error:
            first = first or error
            skipped.append(
                BrokenGpu(
                    index=gpus.index(gpu),
                    reason=error.reason,
                    sentence=error.sentence,
                    mend=error.mend,
                    uuid=gpu.uuid,
                    pci_bus_id=gpu.pci_bus_id,
                )
            )
        else:
            return card
    raise first or AssertionError("there is at least one candidate")


def _count(nvml: ModuleType) -> int:
    count = int(_opening(nvml, "nvmlDeviceGetCount"))
    if count > MOST_GPUS:
        raise MeterUnavailable(
            "nvml-nonsense",
            _("The NVIDIA driver lists {count} GPUs.").format(count=count),
            mend=_("Reload it, or restart the machine."),
        )
    return count


def _describe(nvml: ModuleType, index: int) -> ListedGpu | BrokenGpu:
    """One GPU of the list. One that does not say who it is cannot be told from others, so it is broken."""
    facts: dict[str, str] = {}
    try:
        handle = _opening(nvml, "nvmlDeviceGetHandleByIndex", index)
        for name, function, form in _WHO:
            text = form(_opening(nvml, function, handle))
            if (reason := unfit_text(text)) is not None:
                raise MeterUnavailable("nvml-nonsense", f"Its {name} {reason}.")  # noqa: TRY301 - as what NVML raises
            facts[name] = text
    except MeterUnavailable as error:
        return BrokenGpu(
            index=index,
            reason=error.reason,
            sentence=error.sentence,
            mend=error.mend,
            uuid=facts.get("uuid"),
            pci_bus_id=facts.get("pci_bus_id"),
        )
    return ListedGpu(handle=handle, **facts)


_WHO: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("uuid", "nvmlDeviceGetUUID", word),
    ("pci_bus_id", "nvmlDeviceGetPciInfo", lambda info: word(info.busId)),
    ("name", "nvmlDeviceGetName", word),
)


def unfit_text(text: str) -> str | None:
    """Why a word of the driver is none, as the rest of a sentence; None where it is one."""
    if not text.strip():
        return _("is empty")
    return _("has invisible characters") if hidden_characters(text) or "\ufffd" in text else None


def _opening(nvml: ModuleType, function: str, *arguments: Any) -> Any:
    try:
        return _call(nvml, function, *arguments)
    except nvml.NVMLError as error:
        raise nvml_errors.unavailable(nvml, error) from error


def _call(nvml: ModuleType, function: str, *arguments: Any) -> Any:
    """Raises NVML's own error. A function that an older binding has no name for is not found, and the error says so.

    An answer that the binding itself cannot decode, such as a text that is none, is an unknown error of the driver.
    """
    bound = getattr(nvml, function, None)
    if bound is None:
        raise nvml_errors.lacking_in_binding(nvml)
    try:
        return bound(*arguments)
    except nvml.NVMLError:
        raise
    except UNDECODABLE as error:
        raise nvml.NVMLError(nvml.NVML_ERROR_UNKNOWN) from error
