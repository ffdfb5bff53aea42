"""Data on GPU models, from `data/gpus.toml`; a value that is missing there is None and is not checked."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Annotated

import msgspec
from msgspec import Meta

Range = Annotated[tuple[float, float], Meta(description="lowest and highest")]
_READING = Lock()  # msgspec describes a class to itself on first use, and two threads at once crash in that

BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "float8": 1.0, "int8": 1.0, "int4": 0.5}
"""Size of a parameter, by number format."""


class Gpu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A GPU model. `names` are regular expressions for the whole name that NVML returns.

    `memory_bytes`: NVML's total, with and without the reserves of driver and ECC. `default_w`: the default power limit,
    a range where board vendors differ; `most_w`: the highest that can be set. `idle_w`: power at rest with a model
    resident. `peak_tflops`: dense, by number format, on the fastest units for it. `bandwidth_gbs`: memory bandwidth,
    1e9 bytes a second. `cache_mib`: the last-level cache.
    """

    id: str
    names: tuple[str, ...]
    memory_bytes: Range | None = None
    default_w: Range | None = None
    most_w: float | None = None
    idle_w: Range | None = None
    peak_tflops: dict[str, float] = {}
    bandwidth_gbs: float | None = None
    cache_mib: float | None = None
    max_sm_mhz: float | None = None
    source: str

    def peak_flops(self, dtype: str) -> float | None:
        """Maximum operations per second in this number format; None if unknown.

        float32 may be computed as TF32. Formats of 8 and 4 bits are up to 2 and 4 times as fast as 16 bits on the
        tensor cores that have them (NVIDIA's data sheets).
        """
        faster = {"float8": 2.0, "int8": 2.0, "int4": 4.0}
        if dtype in faster:
            half = self.peak_tflops.get("float16")
            return None if half is None else half * faster[dtype] * 1e12
        peaks_tflops = [self.peak_tflops[name] for name in _WAYS.get(dtype, ()) if name in self.peak_tflops]
        return max(peaks_tflops) * 1e12 if peaks_tflops and dtype in self.peak_tflops else None


_WAYS = {"float32": ("float32", "tf32"), "float16": ("float16",), "bfloat16": ("bfloat16",)}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gpu: tuple[Gpu, ...]


@cache
def gpus() -> tuple[Gpu, ...]:
    """Every model in the file. Raises msgspec.ValidationError if it does not match the schema."""
    data = (files("joulemark.rules") / "data" / "gpus.toml").read_bytes()
    with _READING:
        return msgspec.toml.decode(data, type=_File).gpu


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Gpu], ...]:
    return tuple((re.compile(name), gpu) for gpu in gpus() for name in gpu.names)


def gpu_of(name: str) -> Gpu | None:
    """The model with this NVML name; None if the file does not have it."""
    return next((gpu for pattern, gpu in _patterns() if pattern.fullmatch(name)), None)
