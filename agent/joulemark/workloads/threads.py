"""On how many threads torch runs its operators."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TorchThreads:
    """`intra_op` threads share one operator, `inter_op` run operators side by side; None where torch is not loaded."""

    intra_op: int | None
    inter_op: int | None


def torch_threads() -> TorchThreads:
    """Of this process; torch is not loaded for the question."""
    torch = sys.modules.get("torch")
    if torch is None:
        return TorchThreads(intra_op=None, inter_op=None)
    return TorchThreads(intra_op=int(torch.get_num_threads()), inter_op=int(torch.get_num_interop_threads()))
