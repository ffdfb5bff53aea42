"""Rules about the device: its properties fit its name, and it is no faster than its model can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET

from joulemark.energy.flags import POWER_CAP
from joulemark.rules.finding import Broken, Severity
from joulemark.rules.hardware import BYTES
from joulemark.rules.rule import broken, quoted, rule

if TYPE_CHECKING:
    from joulemark.rules.case import Case
    from joulemark.rules.hardware import Gpu

LIMIT_WITHIN_W = 1.0
"""Limits are set in whole watts and read in milliwatts."""

LEAST_LOOKS = 10
CAPPED_BELOW = 0.7
"""A card that is throttled by its limit all the time works near that limit; regulation and the sensor's own error do
not explain a difference of three tenths."""

LEAST_SHARE = {"decoder-only": 0.5, None: 0.25}
"""Minimum share of a model's parameters that each pass must read and multiply, by architecture. The embedding table is
only looked up (four tenths of a small decoder, more of a small encoder), and in an encoder-decoder a token passes only
the decoder, more than half of the remainder. Known sparse models use a quarter or more."""

CLOCKED_ABOVE = 1.15
"""Manufacturers and owners may clock memory and cores above the data sheet, by less than this factor."""

WEIGHTS_WITHIN = 0.95
"""Share of parameters times bytes that must be resident: buffers that are counted but not resident are below 5 %."""


@rule(
    "JM-DEVICE-UNKNOWN",
    Severity.FLAG,
    "The GPU's model is known",
    condition="The rules have the memory, limits and peak rates of the GPU's model; for other models only the rules "
    "for every GPU apply",
    mend="Nothing; a data sheet for `rules/data/gpus.toml` is welcome",
    version="4",
)
def device_is_known(case: Case) -> Broken | None:
    """The GPU's model is in `data/gpus.toml`."""
    if case.predicate.device.kind != "gpu" or case.gpu is not None:
        return None
    return broken("The rules have no data for this GPU model.", name=case.predicate.device.name)


@rule(
    "JM-DEVICE",
    Severity.QUARANTINE,
    "The GPU is the one stated",
    condition="A GPU is whole (no MIG slice), has the memory and the power limits of its model, and ran under the "
    "stated power limit: a lowered limit is stated as such",
    mend="Measure on a whole GPU; leave its name and limits as NVML reports them",
    version="4",
)
def device_is_what_it_says(case: Case) -> Broken | None:
    """Name, memory, limits and MIG are consistent with each other and with the gauges."""
    if case.predicate.device.kind != "gpu":
        return None
    return _sliced(case) or (_unlike(case, case.gpu) if case.gpu else None) or _other_limit(case)


def _sliced(case: Case) -> Broken | None:
    device = case.predicate.device
    if not device.mig and " MIG " not in device.name:
        return None
    return broken(
        "The device is a slice of a GPU (MIG), whose energy cannot be measured separately.", mig=True
    )


def _unlike(case: Case, gpu: Gpu) -> Broken | None:
    device = case.predicate.device
    for name, stated, bounds in (
        ("memory_bytes", device.memory_bytes, gpu.memory_bytes),
        ("power_limit_default_w", device.power_limit_default_w, gpu.default_w),
    ):
        if stated is not None and bounds is not None and not _within(float(stated), bounds):
            return broken(
                f"{quoted(device.name)} has {name} from {bounds[0]:.6g} to {bounds[1]:.6g}; this one states "
                f"{stated:.6g}.",
                name=name,
                stated=stated,
                least=bounds[0],
                most=bounds[1],
            )
    limit_w = device.power_limit_w
    if limit_w is not None and gpu.most_w is not None and limit_w > gpu.most_w + LIMIT_WITHIN_W:
        return broken(
            f"{quoted(device.name)} can be set to {gpu.most_w:.0f} W at most; this one states a limit of "
            f"{limit_w:.0f} W.",
            limit_w=limit_w,
            most_w=gpu.most_w,
        )
    return None


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] - LIMIT_WITHIN_W <= value <= bounds[1] + LIMIT_WITHIN_W


def _other_limit(case: Case) -> Broken | None:
    """The run had the stated power limit, as far as gauges show."""
    analysis, limit_w = case.read, case.predicate.device.power_limit_w
    if analysis is None or limit_w is None:
        return None
    read = analysis.gauges.named("gpu-power-limit")
    if read is not None and abs(read[1][0] / 1e3 - limit_w) > LIMIT_WITHIN_W:
        seen_w = float(read[1][0]) / 1e3
        return broken(
            f"The run had a power limit of {seen_w:.0f} W; {limit_w:.0f} W is stated.",
            limit_w=limit_w,
            seen_w=seen_w,
        )
    capped, instant = analysis.gauges.named("gpu-throttle"), analysis.gauges.named("gpu-power-instant")
    if capped is None or instant is None:
        return None
    masks, powers_w = case.in_windows(capped), case.in_windows(instant) / 1e3
    if len(masks) < LEAST_LOOKS or len(powers_w) < LEAST_LOOKS:
        return None
    highest_w = float(powers_w.max())
    if (masks.astype(np.int64) & POWER_CAP).all() and highest_w < CAPPED_BELOW * limit_w:
        return broken(
            f"The power limit throttled the card all the time, at {highest_w:.0f} W at most; {limit_w:.0f} W is stated "
            "as the limit.",
            limit_w=limit_w,
            highest_w=highest_w,
        )
    return None


@rule(
    "JM-IDLE-RANGE",
    Severity.QUARANTINE,
    "Power at rest is typical of the GPU",
    condition="The GPU's power at rest lies within the wide range of its model",
    mend="Stop what else uses the GPU; measure again",
    version="4",
)
def idle_is_of_its_kind(case: Case) -> Broken | None:
    """A scaled trace, or one of another card, has a power at rest that no card of this model has."""
    idle, bounds_w = case.predicate.idle, case.gpu.idle_w if case.gpu else None
    if idle is None or bounds_w is None:
        return None
    for name, power_w in (("before", idle.before_w), ("after", idle.after_w)):
        if not bounds_w[0] <= power_w <= bounds_w[1]:
            return broken(
                f"At rest {name} the windows the GPU drew {power_w:.1f} W; {quoted(case.predicate.device.name)} draws "
                f"{bounds_w[0]:.0f} to {bounds_w[1]:.0f} W.",
                idle_w=power_w,
                least_w=bounds_w[0],
                most_w=bounds_w[1],
            )
    return None


@rule(
    "JM-MEMORY",
    Severity.QUARANTINE,
    "The model was in memory",
    condition="Peak GPU memory is at least the size of the model's parameters in their number format, and no more "
    "than the GPU has",
    mend="Run the suite's model as it is, whole on one GPU",
    version="4",
)
def model_was_in_memory(case: Case) -> Broken | None:
    """The stated model's weights were resident on the stated GPU."""
    predicate, peak = case.predicate, case.predicate.peak_memory_bytes
    if (
        predicate.device.kind != "gpu"
        or peak is UNSET
        or peak is None
        or predicate.workload.dtype not in BYTES
    ):
        return None
    weights = predicate.workload.parameters * BYTES[predicate.workload.dtype]
    if peak < WEIGHTS_WITHIN * weights:
        return broken(
            f"Peak memory is {peak} bytes; the model's parameters alone need {weights:.0f}.",
            peak_memory_bytes=peak,
            weights_bytes=weights,
        )
    if predicate.device.memory_bytes is not None and peak > predicate.device.memory_bytes:
        return broken(
            f"Peak memory is {peak} bytes; the GPU has {predicate.device.memory_bytes}.",
            peak_memory_bytes=peak,
            memory_bytes=predicate.device.memory_bytes,
        )
    return None


@rule(
    "JM-ROOFLINE",
    Severity.REJECT,
    "Not faster than the hardware allows",
    condition="In each window the queries take at least as long as the GPU needs to read a quarter of the model's "
    "parameters (half for a decoder) once per generated token or step, or to multiply them with each input token, "
    "at 15 % above the peak rates of its data sheet",
    mend="Run the suite's model as it is; name the GPU as NVML does",
    version="4",
)
def no_faster_than_the_hardware(case: Case) -> Broken | None:
    """The roofline model (Williams, Waterman, Patterson 2009, doi:10.1145/1498765.1498785), as a minimum time."""
    gpu, work = case.gpu, case.predicate.workload
    if gpu is None or work.dtype not in BYTES:
        return None
    read_s, token_s = _least_times_s(case, gpu)
    for number, (window, queries) in enumerate(
        zip(case.predicate.windows, case.trace.queries, strict=False), start=1
    ):
        passes = _passes(case, window.queries, window.output_tokens)
        tokens = window.input_tokens if isinstance(window.input_tokens, int) else 0
        least_s = max(passes * read_s, max(tokens, passes) * token_s)
        busy_s = sum(queries.duration_us) / 1e6
        if busy_s < least_s:
            return broken(
                f"The queries of window {number} took {busy_s:.3g} s; {quoted(case.predicate.device.name)} cannot run "
                f"{work.parameters} parameters for {max(tokens, passes)} tokens in less than {least_s:.3g} s.",
                window=number,
                busy_s=busy_s,
                least_s=least_s,
                parameters=work.parameters,
                passes=passes,
                input_tokens=tokens,
                peak_flops=gpu.peak_flops(work.dtype),
                bandwidth_gbs=gpu.bandwidth_gbs,
            )
    return None


def _least_times_s(case: Case, gpu: Gpu) -> tuple[float, float]:
    """Seconds to read the weights that exceed the cache once, and to multiply the weights with one token."""
    work, suite = case.predicate.workload, case.context.suite
    model = next((m for m in suite.models if m.id == work.model), None) if suite else None
    share = LEAST_SHARE.get(model.architecture if model else None, LEAST_SHARE[None])
    parameters = share * work.parameters
    read_s = token_s = 0.0
    if gpu.bandwidth_gbs is not None and gpu.cache_mib is not None:
        beyond = max(parameters * BYTES[work.dtype] - gpu.cache_mib * 2**20, 0.0)
        read_s = beyond / (gpu.bandwidth_gbs * 1e9 * CLOCKED_ABOVE)
    peak = gpu.peak_flops(work.dtype)
    if peak is not None:
        token_s = 2 * parameters / (peak * CLOCKED_ABOVE)
    return read_s, token_s


def _passes(case: Case, queries: int, tokens: int | None) -> int:
    """Minimum number of passes of the model: one per generated token, per step of an image, or per query."""
    job = case.job
    if job is not None and job.steps is not None:
        return queries * job.steps
    if job is not None and job.generates_text and tokens is not None:
        return max(tokens, queries)
    return queries


RULES = (
    device_is_known,
    device_is_what_it_says,
    idle_is_of_its_kind,
    model_was_in_memory,
    no_faster_than_the_hardware,
)
"""In the order of evaluation."""
