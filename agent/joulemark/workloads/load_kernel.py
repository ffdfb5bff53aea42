"""Keeps a GPU busy for a given time: what the probe of a meter runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError

if TYPE_CHECKING:
    from types import ModuleType

SIDE = 2048
"""Matrices of this size take a fraction of a millisecond, and use the whole of any GPU."""


class BusyKernel:
    """Products of two matrices on `device`, one after the other."""

    def __init__(self, device: str, torch: ModuleType) -> None:
        self._device, self._torch = device, torch
        dtype = torch.float16 if device.startswith("cuda") else torch.float32
        self._left = torch.ones(SIDE, SIDE, dtype=dtype, device=device)
        self._out = torch.empty_like(self._left)
        self.run(0.05)  # the first product loads the library's kernels

    def run(self, seconds: float) -> None:
        """Multiply until `seconds` have passed, and return when the device has finished."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._torch.matmul(self._left, self._left, out=self._out)
            self._synchronise()

    def _synchronise(self) -> None:
        if self._device.startswith("cuda"):
            self._torch.cuda.synchronize(self._device)


def busy_kernel(device: str) -> BusyKernel:
    """A kernel on `device`. Raises WorkloadError where torch cannot use it."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise WorkloadError(_("The probe needs torch. Install it: pip install torch")) from error
    try:
        return BusyKernel(device, torch)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WorkloadError(
            _("torch cannot use {device} ({reason}). Install a build of torch for this driver.").format(
                device=device, reason=reason
            )
        ) from error
