"""What torch says about devices: are they there, have they finished, what did they need, can they repeat it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils import deterministic

from joulemark.translation import gettext as _
from joulemark.workloads.base import OutOfMemory, WorkloadError

CPU_REFUSALS = ("can't allocate memory", "not enough memory")
"""How torch words it when the operating system gives no more memory; it has no class for that on a CPU."""

CUBLAS_SETTING = "CUBLAS_WORKSPACE_CONFIG"
"""Without a fixed workspace cuBLAS may add in another order from call to call (CUDA's cuBLAS manual, section 2.1.4)."""


def require(device: str) -> None:
    """Raise WorkloadError unless torch can use `device`."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise WorkloadError(
            _(
                "This installation of torch finds no CUDA device. Run on the CPU, or install a CUDA "
                "build of torch and check CUDA_VISIBLE_DEVICES."
            )
        )


def synchronise(device: str) -> None:
    """Return when `device` has finished all of its work; on a CPU it has when a call returns."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def peak_memory_bytes(device: str) -> int | None:
    """The most memory that tensors took since `forget_peak`, in bytes; None on a CPU, which does not count it."""
    return int(torch.cuda.max_memory_allocated(device)) if device.startswith("cuda") else None


def forget_peak(device: str) -> None:
    """Let the count of `peak_memory_bytes` begin here."""
    if device.startswith("cuda"):
        torch.cuda.init()  # before it there is nothing to reset, which is an error
        torch.cuda.reset_peak_memory_stats(device)


def give_memory_back(device: str) -> None:
    """Return what torch keeps in reserve to the device."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def make_repeatable() -> None:
    """Choose algorithms that give the same answer each time, wherever torch has one; it warns where it has none.

    New memory is not filled for that: nothing here reads what it has not written, and filling would cost energy.
    Products of float32 matrices are computed in float32, convolutions and recurrent layers of cuDNN in TF32 where the
    GPU has it: both as torch has it by default since 1.12, and so in the 2024 study. Libraries and the environment
    (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE) may have switched them otherwise.
    """
    os.environ.setdefault(CUBLAS_SETTING, ":4096:8")
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    deterministic.fill_uninitialized_memory = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = True


def seed_of(query_id: str) -> int:
    """The query's own seed, below 2**63: its answer does not depend on what was asked before."""
    return int.from_bytes(hashlib.sha256(query_id.encode()).digest()[:8], "big") >> 1


@contextmanager
def memory_watched(what: str) -> Iterator[None]:
    """Within it, a lack of memory is OutOfMemory; `what` is the model or query that was too large, to be named."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_large(what) from error
    except RuntimeError as error:
        if not any(words in str(error) for words in CPU_REFUSALS):
            raise
        raise _too_large(what) from error


def _too_large(what: str) -> OutOfMemory:
    return OutOfMemory(
        _("Memory ran out on {what}. Use a device with more memory, or leave this model out.").format(
            what=what
        )
    )
