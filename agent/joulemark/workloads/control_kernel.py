"""The control kernel of a session on a GPU: products of matrices and copies of memory, with numbers drawn by a seed.

Everyone on a card of one design runs the same (`joulemark.record.control`). It is loaded, run and given up again before
the queries, and once more behind them, so that it takes no memory from the model.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from joulemark.record.control import copy_bytes, left_row, right_column, sample_places
from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from joulemark.record.control import ControlTime, ControlWork

AT_ONCE = 4
"""So many products or copies are queued before the device is waited for: the host's turns cost it no time between them.
"""
LOWER_BITS, HALF = 15, 8


class ControlKernel(Protocol):
    """What a session runs first and last."""

    def load(self) -> None:
        """Put the numbers on the device and run each kind of work once."""

    def run(self, work: ControlWork, seconds: float) -> int:
        """Work until `seconds` have passed and the device has finished; returns how many products or copies ran."""

    def sample(self, when: ControlTime, products: int) -> tuple[int, ...]:
        """The sample of the product, row by row."""

    def release(self) -> None:
        """Give all memory back."""

    def peak_beside(self, peak_bytes: int | None) -> int | None:
        """The most memory that tensors took beside the kernel: `peak_bytes` since it ended, or more before it."""


class TorchControl:
    """The kernel by torch on `device`. Its methods raise what torch raises."""

    def __init__(self, device: str, *, side: int, seed: int, torch: ModuleType) -> None:
        self._device, self._side, self._seed, self._torch = device, side, seed, torch
        self._tensors: dict[str, Any] = {}
        self._peaks: list[int] = []

    def load(self) -> None:
        """As `ControlKernel.load`; products are computed in 32-bit floats, as those of the models are."""
        from joulemark.workloads import devices

        peak = devices.peak_memory_bytes(self._device)
        self._peaks += [] if peak is None else [peak]
        self._torch.backends.cuda.matmul.allow_tf32 = False
        left = self._matrix(left_row)
        right = self._matrix(right_column).T.contiguous()
        size = copy_bytes(self._side) // 4
        block = self._torch.zeros(size, dtype=self._torch.float32, device=self._device)
        self._tensors = {
            "left": left,
            "right": right,
            "product": self._torch.empty_like(left),
            "block": block,
            "copy": self._torch.empty_like(block),
        }
        for step in (self._multiply, self._copy):  # the first of each loads the library's kernels
            step()
        self._synchronise()

    def run(self, work: ControlWork, seconds: float) -> int:
        """As `ControlKernel.run`."""
        step = self._multiply if work == "products" else self._copy
        count, end_s = 0, time.monotonic() + seconds
        while True:
            for _number in range(AT_ONCE):
                step()
            self._synchronise()
            count += AT_ONCE
            if time.monotonic() >= end_s:
                return count

    def sample(self, when: ControlTime, products: int) -> tuple[int, ...]:
        """As `ControlKernel.sample`."""
        rows, columns = sample_places(self._seed, when, products=products, side=self._side)
        picked = self._tensors["product"][list(rows)][:, list(columns)]
        return tuple(round(element) for element in picked.flatten().tolist())

    def release(self) -> None:
        """As `ControlKernel.release`."""
        from joulemark.workloads import devices

        self._tensors = {}  # torch keeps the memory for the model, whose windows then do not wait for it
        devices.forget_peak(self._device)

    def peak_beside(self, peak_bytes: int | None) -> int | None:
        """As `ControlKernel.peak_beside`."""
        return None if peak_bytes is None else max([peak_bytes, *self._peaks])

    def _matrix(self, line: Callable[..., bytes]) -> Any:
        drawn = bytearray().join(line(self._seed, number, side=self._side) for number in range(self._side))
        numbers = self._torch.frombuffer(drawn, dtype=self._torch.uint8).reshape(self._side, self._side)
        return (numbers.to(self._device) & LOWER_BITS).to(self._torch.float32) - HALF

    def _multiply(self) -> None:
        tensors = self._tensors
        self._torch.matmul(tensors["left"], tensors["right"], out=tensors["product"])

    def _copy(self) -> None:
        self._tensors["copy"].copy_(self._tensors["block"])

    def _synchronise(self) -> None:
        if self._device.startswith("cuda"):
            self._torch.cuda.synchronize(self._device)


def control_kernel(device: str, *, side: int, seed: int) -> ControlKernel:
    """The kernel with matrices of `side` x `side`; nothing is on the device yet. Raises WorkloadError without torch."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise WorkloadError(_("The control kernel needs torch. Install it: pip install torch")) from error
    return TorchControl(device, side=side, seed=seed, torch=torch)
